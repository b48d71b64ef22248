"""What both embedded servers need: their programs in the wheels, and their processes."""

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psutil

START_SECONDS = 60
STOP_SECONDS = 30


class EmbeddedError(Exception):
    """A server could not be started; the message ends with the tail of its log."""


def wheel_folder(name: str) -> Path:
    """The folder of an installed wheel. Importing it would take time, warn, and write into the user's directories."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{name} is not installed: run `make install`.", name=name)
    return Path(spec.submodule_search_locations[0])


def is_alive(process: psutil.Process) -> bool:
    """A zombie is dead: a container's first process may leave the dead unburied for seconds."""
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
