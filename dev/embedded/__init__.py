"""PostgreSQL and Valkey from Python wheels, for a machine without them.

Every process that uses the servers of a data directory holds a shared lock on its `users.lock`. The last process to
release it stops the servers. The kernel releases the lock of a dead process, so a crash or `kill -9` never leaves a
wrong count; at worst the servers run until the next process releases them. `start.lock` serialises starts and stops.
"""

import atexit
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from database.roles import create_roles
from dev.embedded.postgres import Postgres
from dev.embedded.valkey import Valkey

DATABASE = "nrghax"


@dataclass(frozen=True)
class Urls:
    superuser: str
    owner: str
    web: str
    worker: str
    backup: str
    test: str
    redis: str


class Embedded:
    """The two servers of a data directory, shared by all processes that acquire them."""

    def __init__(self, data_dir: Path, postgres_settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.postgres = Postgres(self.data_dir / "postgres", postgres_settings)
        self.valkey = Valkey(self.data_dir / "valkey")
        self._lock: int | None = None

    def acquire(self, *, postgres: bool = True, valkey: bool = True) -> Urls:
        """Start the servers that are not running, and keep them running until `release` or the end of this process."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._start_lock():
            if self._lock is None:
                self._lock = os.open(self.data_dir / "users.lock", os.O_RDWR | os.O_CREAT, 0o644)
                fcntl.flock(self._lock, fcntl.LOCK_SH)
            if valkey:
                self.valkey.start()
            if postgres:
                self.postgres.start()
                # Even if the server was running: the process that started it may have died before this line.
                with psycopg.connect(self.postgres.url(), autocommit=True) as admin:
                    create_roles(admin, database=DATABASE, for_tests=True)
        return self.urls()

    def release(self) -> None:
        """Stop both servers unless another process uses them."""
        if self._lock is None:
            return
        with self._start_lock():
            # A forked child may hold the lock through the old descriptor, so test it with a new one.
            os.close(self._lock)
            self._lock = None
            lock = os.open(self.data_dir / "users.lock", os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
            except BlockingIOError:
                pass
            finally:
                os.close(lock)

    def stop(self) -> None:
        """Stop both servers, even if other processes use them."""
        self.valkey.stop()
        self.postgres.stop()

    def urls(self) -> Urls:
        logins = ("owner", "web", "worker", "backup", "test")
        return Urls(
            superuser=self.postgres.url("postgres", DATABASE),
            redis=self.valkey.url,
            **{login: self.postgres.url(f"nrghax_{login}", DATABASE) for login in logins},
        )

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        with (self.data_dir / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


_in_use: dict[Path, Callable[[], Urls]] = {}


def ensure_servers(data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Urls:
    """Keep the servers of `data_dir` running for as long as this process runs. Return their URLs."""
    data_dir = data_dir.resolve()
    if data_dir not in _in_use:
        embedded = Embedded(data_dir)
        atexit.register(embedded.release)
        _in_use[data_dir] = partial(embedded.acquire, postgres=postgres, valkey=valkey)
    return _in_use[data_dir]()


def revive_servers() -> None:
    """Restart this process's servers that have crashed, at the same address."""
    for acquire in _in_use.values():
        acquire()
