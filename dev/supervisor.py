"""Run the processes of the Procfile as one. Restart a process that dies, after a pause that doubles each time.

The queue, the outbox and the database survive the death of a process, so a restart loses nothing. If a process dies
MAX_DEATHS times in a row, everything stops, because endless restarts would hide the error.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
STOP_SECONDS = 15
CHECK_SERVERS_SECONDS = 10
# After a process has lived this long, its next death counts as the first one again.
RECOVERED_SECONDS = 30
MAX_DEATHS = 5
COLOURS = ("36", "33", "35", "32")
PR_SET_PDEATHSIG = 1
# Loaded before any fork: a forked child must not load libraries.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Log:
    """Prints lines with the name of their process, coloured on a terminal (https://no-color.org)."""

    def __init__(self, names: list[str]) -> None:
        self.width = max(map(len, names))
        coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.colours = dict(zip(names, cycle(COLOURS), strict=False)) if coloured else {}

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:{self.width}} | "
        if name in self.colours:
            prefix = f"\x1b[{self.colours[name]}m{prefix}\x1b[0m"
        print(f"{prefix}{text}", flush=True)


class Supervisor:
    def __init__(self, commands: dict[str, str], *, log: Log, revive_servers: Callable[[], None]) -> None:
        self.commands = commands
        self.log = log
        self.revive_servers = revive_servers
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.stopping = asyncio.Event()
        self.exit_code = 0

    async def run(self, *, address: str, host: str, port: int, welcome: str) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        runners = [asyncio.create_task(self._keep_running(name)) for name in self.commands]
        watchers = [
            asyncio.create_task(self._welcome(address, host, port, welcome)),
            asyncio.create_task(self._watch_servers()),
        ]
        await self.stopping.wait()
        for watcher in watchers:
            watcher.cancel()
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        _, late = await asyncio.wait(runners, timeout=STOP_SECONDS)
        if late:
            self.kill()
            await asyncio.wait(late)
        return self.exit_code

    def stop(self) -> None:
        """Ask all processes to finish. If called a second time, kill them."""
        if self.stopping.is_set():
            self.kill()
        self.stopping.set()

    def kill(self) -> None:
        for process in self.running.values():
            _kill_group(process.pid)

    async def _keep_running(self, name: str) -> None:
        """Run one process and restart it after each death, until the supervisor stops."""
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
            self.log.line("nrghax", f"{name} exited with {code} after {lived:.0f} s. Restarting in {pause} s.")
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
            # In a session of its own, so that Ctrl-C reaches only the supervisor, which stops the processes in order.
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
            # Children that outlived the process would keep its port or take its tasks.
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
        """Print the address and the demo logins once the product is ready."""
        deadline = time.monotonic() + READY_SECONDS
        status = ""
        while " 200 " not in status:
            await asyncio.sleep(0.25)
            with suppress(OSError, TimeoutError):
                status = await asyncio.wait_for(_fetch_readiness(host, port), 5)
            if time.monotonic() > deadline:
                deadline += READY_SECONDS
                self.log.line("nrghax", f"Not ready yet. {address}/readyz says which part is missing.")
        self.log.line("nrghax", f"NRGHAX is ready: {address}  {welcome}")

    async def _watch_servers(self) -> None:
        """Restart embedded servers that have crashed."""
        while True:
            await asyncio.sleep(CHECK_SERVERS_SECONDS)
            try:
                await asyncio.to_thread(self.revive_servers)
            except Exception as error:
                self.log.line(
                    "nrghax", f"A server can't be started: {error}. Next attempt in {CHECK_SERVERS_SECONDS} s."
                )


def read_procfile(path: Path) -> dict[str, str]:
    """Return the commands of a Procfile by name."""
    lines = (line.partition(":") for line in path.read_text().splitlines() if line.strip())
    return {name.strip(): command.strip() for name, _, command in lines}


async def _fetch_readiness(host: str, port: int) -> str:
    """Return the status line of /readyz."""
    name = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104
    reader, writer = await asyncio.open_connection(name, port)
    try:
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.readline()).decode(errors="replace")
    finally:
        writer.close()


def _child_environment() -> dict[str, str]:
    """Return the environment without NRGHAX_PROCESS: each process sets its own, and the supervisor's is the owner."""
    environment = {name: value for name, value in os.environ.items() if name != "NRGHAX_PROCESS"}
    programs = Path(sys.executable).parent
    return {
        "ACCESS_LOG": "on",
        **environment,
        "PATH": f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }


def _die_with_parent() -> None:
    """Let the kernel stop this process when the supervisor dies, even by SIGKILL; on Linux only."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
