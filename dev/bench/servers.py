"""Measure web servers and their settings on one page, in alternation, so that other work affects all of them alike.

    make run                                    # the page uses the data in .local
    .venv/bin/python dev/bench/servers.py /hacks/

Gunicorn and Granian are included if they are installed (`.venv/bin/pip install gunicorn granian`). Each line has the
requests per second, their ratio to the first line, the median and the 99th percentile of the time for a request in
milliseconds, and the 99th percentile while SLOW_BODIES clients send a body byte by byte, as a ratio to the one without;
or "stuck", if a request got no answer meanwhile.
"""

import asyncio
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
APPLICATION = "nrghax.wsgi:application"
GRANIAN = f"granian {APPLICATION} --interface wsgi --no-ws --no-log --host 127.0.0.1 --port {{port}}"
GUNICORN = f"gunicorn {APPLICATION} --log-level error --bind 127.0.0.1:{{port}}"
SERVERS = {
    "waitress, 2 processes": "python -m nrghax.serve",
    "gunicorn sync, 2 workers": f"{GUNICORN} --workers 2",
    "gunicorn gthread, 2 workers of 4": f"{GUNICORN} --workers 2 --threads 4 --reuse-port",
    "granian, 1 worker, 1 blocking thread": f"{GRANIAN} --workers 1 --blocking-threads 1",
    "granian, 2 workers, 1 blocking thread": f"{GRANIAN} --workers 2 --blocking-threads 1",
    "granian, 2 workers, 4 blocking threads": f"{GRANIAN} --workers 2 --blocking-threads 4",
    "granian, 4 workers, 1 blocking thread": f"{GRANIAN} --workers 4 --blocking-threads 1",
}
ROUNDS = 4
SECONDS = 3
CLIENTS = 16
START_SECONDS = 3
SLOW_BODIES = 20
# A request without an answer after this time ends the measurement of the server.
STUCK_SECONDS = 5
SLOW_POST = (
    b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nCookie: csrftoken=" + b"a" * 32 + b"\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\n"
)


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "/hacks/"
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "LOG_LEVEL": "ERROR"}
    servers = {
        name: command for name, command in SERVERS.items() if shutil.which(command.split()[0], path=environment["PATH"])
    }
    rates: dict[str, list[float]] = {name: [] for name in servers}
    times: dict[str, list[float]] = {name: [] for name in servers}
    beside_slow: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, command in servers.items():
            took = _measure(command, path, environment)
            rates[name].append(len(took) / SECONDS)
            times[name] += took
            # A server that is stuck once counts as stuck.
            beside_slow[name] += _measure(command, path, environment, slow_bodies=SLOW_BODIES) or [math.inf] * 100
    unit = statistics.median(next(iter(rates.values())))
    for name in servers:
        cuts = statistics.quantiles(times[name], n=100)
        rate = statistics.median(rates[name])
        is_stuck = math.inf in beside_slow[name]
        slow = "stuck" if is_stuck else f"x{statistics.quantiles(beside_slow[name], n=100)[98] / cuts[98]:.2f}"
        milliseconds = f"{cuts[49] * 1000:6.1f} {cuts[98] * 1000:6.1f} ms"
        print(f"{name:40} {rate:7.0f}/s  x{rate / unit:.2f}  {milliseconds}  {slow}")


def _measure(command: str, path: str, environment: dict[str, str], *, slow_bodies: int = 0) -> list[float]:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port = candidate.getsockname()[1]
    process = subprocess.Popen(
        command.format(port=port).split(),
        cwd=BASE_DIR,
        env={**environment, "HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": "2"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return asyncio.run(_load(port, path, slow_bodies))
    finally:
        process.terminate()
        process.wait()


async def _load(port: int, path: str, slow_bodies: int) -> list[float]:
    """Warm the server up, then return the seconds of each request; of none if the server is stuck."""
    for _ in range(300):
        try:
            await _client(port, path, time.perf_counter() + 1, [])
            break
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
    # The other processes may still be starting.
    await asyncio.sleep(START_SECONDS)
    slow = [asyncio.create_task(_send_slowly(port)) for _ in range(slow_bodies)]
    await asyncio.sleep(0.5)
    took: list[float] = []
    end = time.perf_counter() + SECONDS
    try:
        await asyncio.gather(*(_client(port, path, end, took) for _ in range(CLIENTS)))
    except TimeoutError:
        return []
    finally:
        for each in slow:
            each.cancel()
    return took


async def _send_slowly(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SLOW_POST)
    while not writer.is_closing():
        writer.write(b"a")
        await asyncio.sleep(0.5)


async def _client(port: int, path: str, end: float, took: list[float]) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        started = time.perf_counter()
        writer.write(request)
        answer = asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), STUCK_SECONDS)
        head = (await answer).decode().lower()
        if " 200 " not in head.splitlines()[0]:
            raise SystemExit(f"{path} answers {head.splitlines()[0]}")
        await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        took.append(time.perf_counter() - started)
        # Gunicorn's sync workers close the connection after each answer.
        if "connection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


if __name__ == "__main__":
    main()
