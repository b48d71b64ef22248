"""Helpers for both embedded servers: wheels, processes and logs."""

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psutil

START_SECONDS = 60
STOP_SECONDS = 30


class EmbeddedError(Exception):
    """A server could not be started. The message ends with the tail of its log."""


def wheel_folder(name: str) -> Path:
    """Return the folder of an installed wheel without importing it; an import is slow and writes to the home folder."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{name} is not installed. Run `make install`.", name=name)
    return Path(spec.submodule_search_locations[0])


def is_alive(process: psutil.Process) -> bool:
    """Return whether the process runs. A zombie does not: in a container it may take seconds until it is reaped."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(no log)"
