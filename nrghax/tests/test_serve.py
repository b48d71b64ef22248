"""The web server, with real processes and sockets: slow clients, deaths and signals."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import psutil
import pytest
from django.conf import settings

from nrghax.serve import MAX_BODY_BYTES
from nrghax.tests.processes import free_port, wait_for

SECONDS = 30
HEAD = (
    "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: csrftoken={token}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
)


def start(port, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "nrghax.serve"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": "2", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def server(port):
    process = start(port)
    wait_for(lambda: status_of(port) == "200", SECONDS)
    yield process
    if process.poll() is None:
        process.terminate()
        process.communicate(timeout=SECONDS)


def children(process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


def status_of(port, path="/healthz") -> str:
    """Return the status of a GET, or the error's name."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(64).decode().split(" ")[1]
    except (OSError, IndexError) as error:
        return type(error).__name__


def begin_post(port, path, length) -> socket.socket:
    """Send the head of a POST and a part of its body."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    connection.sendall(HEAD.format(path=path, token="a" * 32, length=length).encode() + b"login=")
    return connection


def test_slow_bodies_block_nobody(port, server):
    with ExitStack() as slow:
        for path in ("/accounts/login/", "/healthz", "/"):
            for _ in range(10):
                slow.enter_context(begin_post(port, path, 1_000_000))
        assert [status_of(port) for _ in range(4)] == ["200"] * 4


def test_too_large_body_is_refused_before_it_is_sent(port, server):
    with begin_post(port, "/accounts/login/", MAX_BODY_BYTES + 1) as connection:
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_killed_process_is_replaced(port, server):
    before = children(server)
    assert len(before) == 2
    before[0].kill()

    wait_for(lambda: status_of(port) == "200", SECONDS)
    wait_for(lambda: len({*children(server)} - {*before}) == 1, SECONDS)
    before[1].kill()
    wait_for(lambda: status_of(port) == "200", SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_everything(port, server, number):
    family = children(server)
    server.send_signal(number)

    assert server.wait(SECONDS) == 0
    assert psutil.wait_procs(family, timeout=SECONDS)[1] == []
    assert status_of(port) == "ConnectionRefusedError"


def test_signal_during_start_stops_everything(port):
    process = start(port)
    wait_for(lambda: len(children(process)) == 2, SECONDS)
    family = children(process)
    process.send_signal(signal.SIGINT)

    assert process.wait(SECONDS) == 0
    assert psutil.wait_procs(family, timeout=SECONDS)[1] == []


def test_processes_end_with_killed_parent(port, server):
    family = children(server)
    server.kill()

    assert psutil.wait_procs(family, timeout=SECONDS)[1] == []


def test_taken_port_is_reported_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(port)
        _, error = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert error == f"Can't listen on port {port} of 127.0.0.1: Address already in use.\n"


def test_access_log_names_request_and_status(port):
    process = start(port, ACCESS_LOG="on")
    wait_for(lambda: status_of(port) == "200", SECONDS)
    process.terminate()
    _, errors = process.communicate(timeout=SECONDS)

    assert "INFO nrghax.serve GET /healthz 200" in errors
