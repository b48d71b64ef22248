"""`make run`: the whole product on one machine, for development, as one process that stops what it started.

    python -m nrghax.supervisor [--demo]

It prepares the database and runs the Procfile. A process that dies is started again, ever later: the queue, the
outbox and the database survive its death, so that the product may too. One that keeps dying takes everything
down, because nobody reads a log that repeats itself.
"""

import argparse
import asyncio
import ctypes
import fcntl
import io
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import NoReturn

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
STOP_SECONDS = 15
CHECK_SERVERS_SECONDS = 10
# A process that lives this long has recovered from what killed its predecessors.
RECOVERED_SECONDS = 30
MAX_DEATHS = 5
COLOURS = ("36", "33", "35", "32")
PR_SET_PDEATHSIG = 1
# Loaded before any fork, after which a child may do next to nothing.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Log:
    """Lines with the name of who said them, coloured on a terminal (https://no-color.org)."""

    def __init__(self, names: list[str]) -> None:
        self.width = max(map(len, names))
        coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.colours = dict(zip(names, cycle(COLOURS), strict=False)) if coloured else {}

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:{self.width}} | "
        if name in self.colours:
            prefix = f"\x1b[{self.colours[name]}m{prefix}\x1b[0m"
        print(f"{prefix}{text}", flush=True)  # noqa: T201


class Supervisor:
    def __init__(self, commands: dict[str, str], *, log: Log, data_dir: Path) -> None:
        self.commands = commands
        self.log = log
        self.data_dir = data_dir
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.stopping = asyncio.Event()
        self.exit_code = 0

    async def run(self, *, address: str, host: str, port: int, welcome: str) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        keepers = [asyncio.create_task(self._keep(name)) for name in self.commands]
        watchers = [
            asyncio.create_task(self._welcome(address, host, port, welcome)),
            asyncio.create_task(self._keep_servers()),
        ]
        await self.stopping.wait()
        for watcher in watchers:
            watcher.cancel()
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        _, late = await asyncio.wait(keepers, timeout=STOP_SECONDS)
        if late:
            self.kill()
            await asyncio.wait(late)
        return self.exit_code

    def stop(self) -> None:
        """Ask everybody to finish; when asked twice, don't wait for them."""
        if self.stopping.is_set():
            self.kill()
        self.stopping.set()

    def kill(self) -> None:
        for process in self.running.values():
            _kill_group(process.pid)

    async def _keep(self, name: str) -> None:
        """Run one process, again after each death, until all stop."""
        deaths = 0
        while not self.stopping.is_set():
            started = time.monotonic()
            code = await self._run_once(name)
            if self.stopping.is_set():
                return
            lived = time.monotonic() - started
            deaths = 1 if lived > RECOVERED_SECONDS else deaths + 1
            if deaths == MAX_DEATHS:
                self.log.line("nrghax", f"{name} died {deaths} times in a row, so everything stops.")
                self.exit_code = 1
                self.stop()
                return
            pause = 2 ** (deaths - 1)
            self.log.line("nrghax", f"{name} ended with {code} after {lived:.0f} s; again in {pause} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _run_once(self, name: str) -> int:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", f"exec {self.commands[name]}"),
            cwd=BASE_DIR,
            env=_child_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Out of the terminal's group: Ctrl-C comes here, and from here the process is asked in order.
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self.running[name] = process
        if self.stopping.is_set():
            process.terminate()
        printing = asyncio.create_task(self._print(name, process))
        try:
            return await process.wait()
        finally:
            # Its own children may have outlived it; they would hold its port, or take its tasks.
            _kill_group(process.pid)
            await printing
            del self.running[name]

    async def _print(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        rest = b""
        while chunk := await process.stdout.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.log.line(name, line.decode(errors="replace").rstrip())
        if rest:
            self.log.line(name, rest.decode(errors="replace"))

    async def _welcome(self, address: str, host: str, port: int, welcome: str) -> None:
        """Print the one line that says where to go, once there is an answer."""
        deadline = time.monotonic() + READY_SECONDS
        status = ""
        while " 200 " not in status:
            await asyncio.sleep(0.25)
            with suppress(OSError, TimeoutError):
                status = await asyncio.wait_for(_ask_readiness(host, port), 5)
            if time.monotonic() > deadline:
                deadline += READY_SECONDS
                self.log.line("nrghax", f"Not ready yet: {address}/readyz says which part is missing.")
        self.log.line("nrghax", f"NRGHAX is ready: {address}  {welcome}")

    async def _keep_servers(self) -> None:
        """Bring an embedded server that crashed back, where its clients look for it."""
        if not _embedded():
            return
        from nrghax.embedded import ensure_servers

        while True:
            await asyncio.sleep(CHECK_SERVERS_SECONDS)
            await asyncio.to_thread(ensure_servers, self.data_dir, **_embedded())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m nrghax.supervisor", description="Run the product.")
    parser.add_argument("--demo", action="store_true", help="with a community that has a past")
    demo = parser.parse_args().demo
    environ.Env.read_env(BASE_DIR / ".env")
    # What `make run` runs is for development, whichever servers it uses; production runs the Procfile.
    os.environ.setdefault("DEBUG", "true")
    os.environ["NRGHAX_PROCESS"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
    data_dir = Path(os.environ.setdefault("NRGHAX_DATA_DIR", str(BASE_DIR / ".local"))).resolve()
    host = os.environ.setdefault("HOST", "127.0.0.1")
    port = _port(os.environ.setdefault("PORT", "8000"))
    address = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    # A plain SIGTERM would skip the exit handlers, which stop the embedded servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    commands = read_procfile(BASE_DIR / "Procfile")
    log = Log(["nrghax", "setup", *commands])
    with _only_one(data_dir, address):
        _require_free(host, port)
        try:
            welcome = _prepare(log, demo=demo)
            supervisor = _run(commands, log, data_dir, address=address, host=host, port=port, welcome=welcome)
            code = asyncio.run(supervisor)
        except KeyboardInterrupt:
            code = 0
        log.line("nrghax", "Stopped.")
        return code


async def _run(commands: dict[str, str], log: Log, data_dir: Path, **options) -> int:
    return await Supervisor(commands, log=log, data_dir=data_dir).run(**options)


def read_procfile(path: Path) -> dict[str, str]:
    """The commands by their names."""
    lines = (line.partition(":") for line in path.read_text().splitlines() if line.strip())
    return {name.strip(): command.strip() for name, _, command in lines}


def _prepare(log: Log, *, demo: bool) -> str:
    """Bring the database and the static files up to date; returns the demo logins."""
    log.line("setup", "Starting the servers." if _embedded() else "Connecting.")
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    from accounts.management.commands import demologins

    steps = [
        ("createroles", []),
        ("migrate", ["--no-input"]),
        ("loaddata", ["seeds"]),
        ("collectstatic", ["--no-input"]),
    ]
    logins = ""
    if os.environ["DEBUG"].lower() in environ.Env.BOOLEAN_TRUE_STRINGS:
        steps.append(("demo" if demo else "demologins", []))
        pairs = {"learner": demologins.LEARNER, "staff": demologins.STAFF}
        logins = "  ".join(f"{name}: {' / '.join(login)}" for name, login in pairs.items())
    elif demo:
        _refuse("The demo is for development: its passwords are public. DEBUG is off.")
    for command, arguments in steps:
        log.line("setup", command)
        call_command(command, *arguments, verbosity=0, stdout=io.StringIO())
    connections.close_all()
    return logins


def _embedded() -> dict[str, bool]:
    """Which embedded servers stand in for a URL that is not set."""
    wanted = {"postgres": "DATABASE_URL" not in os.environ, "valkey": "REDIS_URL" not in os.environ}
    return wanted if any(wanted.values()) else {}


@contextmanager
def _only_one(data_dir: Path, address: str) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            _refuse(f"NRGHAX is running already on {lock.read()} with the data in {data_dir}.")
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield


def _require_free(host: str, port: int) -> None:
    try:
        family, *_, bind_to = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind(bind_to)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _refuse(f"Can't listen on port {port} of {host} ({reason}): try PORT={port + 1} make run")


def _port(value: str) -> int:
    if not (value.isdigit() and 0 < int(value) < 65536):
        _refuse(f"PORT is {value!r}; it must be a number from 1 to 65535.")
    return int(value)


def _refuse(message: str) -> NoReturn:
    raise SystemExit(message)


async def _ask_readiness(host: str, port: int) -> str:
    """The status line of /readyz."""
    name = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104
    reader, writer = await asyncio.open_connection(name, port)
    try:
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.readline()).decode(errors="replace")
    finally:
        writer.close()


def _child_environment() -> dict[str, str]:
    """Each process says itself which login it uses; ours is the owner's."""
    environment = {name: value for name, value in os.environ.items() if name != "NRGHAX_PROCESS"}
    programs = Path(sys.executable).parent
    return {
        "GRANIAN_LOG_ACCESS_ENABLED": "true",
        **environment,
        "PATH": f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }


def _die_with_parent() -> None:
    """Where the kernel can: a supervisor that is killed outright leaves nobody behind."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
