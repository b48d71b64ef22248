"""PostgreSQL and Valkey out of their wheels, for a machine that has neither.

Every process that uses the servers of a data directory holds a shared lock on its `users.lock`; the last process to
leave stops them. The kernel drops a dead process's lock, so a crash or `kill -9` never leaves a wrong count behind: at
worst the servers run on until the next user leaves. `start.lock` makes starts and stops take turns.
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
    """Both servers of one data directory, shared by every process that acquires them."""

    def __init__(self, data_dir: Path, postgres_settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.postgres = Postgres(self.data_dir / "postgres", postgres_settings)
        self.valkey = Valkey(self.data_dir / "valkey")
        self._use: int | None = None

    def acquire(self, *, postgres: bool = True, valkey: bool = True) -> Urls:
        """Start what is wanted and does not run, and keep it up until `release` or the end of the process."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._turn():
            if self._use is None:
                self._use = os.open(self.data_dir / "users.lock", os.O_RDWR | os.O_CREAT, 0o644)
                fcntl.flock(self._use, fcntl.LOCK_SH)
            if valkey:
                self.valkey.start()
            if postgres:
                self.postgres.start()
                # Also where it ran already: whoever started it may have been killed at this very line.
                with psycopg.connect(self.postgres.url(), autocommit=True) as admin:
                    create_roles(admin, database=DATABASE, for_tests=True)
        return self.urls()

    def release(self) -> None:
        """Stop both servers unless somebody else uses them."""
        if self._use is None:
            return
        with self._turn():
            # Closed and opened anew: a forked child still holds the lock through the old descriptor.
            os.close(self._use)
            self._use = None
            use = os.open(self.data_dir / "users.lock", os.O_RDWR)
            try:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
            except BlockingIOError:
                pass
            finally:
                os.close(use)

    def stop(self) -> None:
        """Stop both servers, whoever uses them."""
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
    def _turn(self) -> Iterator[None]:
        with (self.data_dir / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


_in_use: dict[Path, Callable[[], Urls]] = {}


def ensure_servers(data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Urls:
    """Keep the wanted servers of `data_dir` running for as long as this process runs; returns their URLs."""
    data_dir = data_dir.resolve()
    if data_dir not in _in_use:
        embedded = Embedded(data_dir)
        atexit.register(embedded.release)
        _in_use[data_dir] = partial(embedded.acquire, postgres=postgres, valkey=valkey)
    return _in_use[data_dir]()


def revive_servers() -> None:
    """Start each of this process's servers again that has crashed, at the address it had."""
    for acquire in _in_use.values():
        acquire()
