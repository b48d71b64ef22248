"""Helpers for tests with processes of their own."""

import socket
from collections.abc import Callable
from threading import Event

import pytest


def free_port():
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return candidate.getsockname()[1]


def wait_for(condition: Callable[[], object], seconds: float = 15):
    """Return the first truthy result of `condition`. Fail the test after `seconds`."""
    pause = Event()
    for _ in range(int(seconds / 0.1)):
        if answer := condition():
            return answer
        pause.wait(0.1)
    pytest.fail(f"{condition.__name__} was not true within {seconds} s.")
