"""Measure web servers and their settings on one page, in alternation, so that other work affects all of them alike.

    make run                                    # the page uses the data in .local
    .venv/bin/python dev/bench/servers.py /hacks/

Gunicorn is included if it is installed (`.venv/bin/pip install gunicorn`). Each line has the requests per second, their
ratio to the first line, and the median and the 99th percentile of the time for a request, in milliseconds.
"""

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
GRANIAN = "granian --interface wsgi --no-ws --no-log --host 127.0.0.1 --port {port}"
GUNICORN = "gunicorn --log-level error --bind 127.0.0.1:{port}"
SERVERS = {
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
APPLICATION = "nrghax.wsgi:application"


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "/hacks/"
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "LOG_LEVEL": "ERROR"}
    servers = {
        name: command for name, command in SERVERS.items() if shutil.which(command.split()[0], path=environment["PATH"])
    }
    rates: dict[str, list[float]] = {name: [] for name in servers}
    times: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, command in servers.items():
            took = _measure(command, path, environment)
            rates[name].append(len(took) / SECONDS)
            times[name] += took
    unit = statistics.median(next(iter(rates.values())))
    for name in servers:
        cuts = statistics.quantiles(times[name], n=100)
        rate = statistics.median(rates[name])
        print(f"{name:40} {rate:7.0f}/s  x{rate / unit:.2f}  {cuts[49] * 1000:6.1f} {cuts[98] * 1000:6.1f} ms")


def _measure(command: str, path: str, environment: dict[str, str]) -> list[float]:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port = candidate.getsockname()[1]
    process = subprocess.Popen(
        [*command.format(port=port).split(), APPLICATION],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return asyncio.run(_load(port, path))
    finally:
        process.terminate()
        process.wait()


async def _load(port: int, path: str) -> list[float]:
    """Warm the server up, then return the seconds of each request."""
    for _ in range(300):
        try:
            await _client(port, path, time.perf_counter() + 1, [])
            break
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
    took: list[float] = []
    end = time.perf_counter() + SECONDS
    await asyncio.gather(*(_client(port, path, end, took) for _ in range(CLIENTS)))
    return took


async def _client(port: int, path: str, end: float, took: list[float]) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
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
