"""`make run`: run the whole product on one machine, for development.

    python -m dev.launcher [--demo]

This process starts the embedded servers, prepares the database and runs the Procfile (supervisor.py). It stops all of
them when it ends.
"""

import argparse
import asyncio
import fcntl
import io
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import environ

from dev.embedded import revive_servers
from dev.environment import BASE_DIR, data_directory, prepare_environment
from dev.supervisor import Log, Supervisor, read_procfile


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.launcher", description="Run the product for development.")
    parser.add_argument("--demo", action="store_true", help="fill it with a community that has a past")
    demo = parser.parse_args().demo
    environ.Env.read_env(BASE_DIR / ".env")
    os.environ["NRGHAX_PROCESS"] = "owner"
    os.environ["DJANGO_SETTINGS_MODULE"] = "nrghax.settings"
    host = os.environ.setdefault("HOST", "127.0.0.1")
    port = _port(os.environ.setdefault("PORT", "8000"))
    address = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    # By default SIGTERM skips the exit handlers, which stop the embedded servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    commands = read_procfile(BASE_DIR / "Procfile")
    log = Log(["nrghax", "setup", *commands])
    with _run_lock(data_directory(), address):
        _require_free_port(host, port)
        try:
            log.line("setup", "servers")
            prepare_environment()
            welcome = _prepare_database(log, demo=demo)
            code = asyncio.run(_supervise(commands, log, address=address, host=host, port=port, welcome=welcome))
        except KeyboardInterrupt:
            code = 0
        log.line("nrghax", "Stopped.")
        return code


async def _supervise(commands: dict[str, str], log: Log, **options) -> int:
    return await Supervisor(commands, log=log, revive_servers=revive_servers).run(**options)


def _prepare_database(log: Log, *, demo: bool) -> str:
    """Bring the database and the static files up to date; return the demo logins."""
    import django
    from django.conf import settings
    from django.core.management import CommandError, call_command
    from django.db import connections
    from django.db.migrations.exceptions import InconsistentMigrationHistory

    django.setup()
    if demo and not settings.DEBUG:
        _exit_with("The demo needs DEBUG=true: its passwords are public, so it is for development only.")
    steps = [["createroles"], ["migrate", "--no-input"], ["loaddata", "seeds"], ["collectstatic", "--no-input"]]
    if settings.DEBUG:
        steps.append(["demo" if demo else "demologins"])
    for command, *arguments in steps:
        log.line("setup", command)
        try:
            call_command(command, *arguments, verbosity=0, stdout=io.StringIO())
        except CommandError as error:
            _exit_with(f"manage.py {command}: {error}")
        except InconsistentMigrationHistory:
            _exit_with(
                "This database is from a version whose migrations were replaced before the first release. "
                f"Start with a new one: rm -r {data_directory()}"
            )
    connections.close_all()
    if not settings.DEBUG:
        return ""
    from dev.management.commands.demologins import LEARNER, STAFF

    return "  ".join(f"{name}: {' / '.join(login)}" for name, login in {"learner": LEARNER, "staff": STAFF}.items())


@contextmanager
def _run_lock(data_dir: Path, address: str) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            _exit_with(f"NRGHAX is already running on {lock.read()} with the data in {data_dir}.")
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield


def _require_free_port(host: str, port: int) -> None:
    try:
        family, *_, bind_to = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind(bind_to)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _exit_with(f"Can't listen on port {port} of {host} ({reason}). Try PORT={port + 1} make run")


def _port(value: str) -> int:
    if not (value.isdigit() and 0 < int(value) < 65536):
        _exit_with(f"PORT is {value!r}; it must be a number from 1 to 65535.")
    return int(value)


def _exit_with(message: str) -> NoReturn:
    raise SystemExit(message)


if __name__ == "__main__":
    sys.exit(main())
