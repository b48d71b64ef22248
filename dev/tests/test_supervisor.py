"""`make run` for real, on data and a port of its own."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from urllib.request import urlopen

import psutil
import pytest
from django.conf import settings

from dev import supervisor
from dev.supervisor import Log, Supervisor, read_procfile


def free_port():
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return candidate.getsockname()[1]


def start(data_dir, port, *arguments, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "dev.launcher", *arguments],
        cwd=settings.BASE_DIR,
        env={**kept, "NRGHAX_DATA_DIR": str(data_dir), "PORT": str(port), "WEB_CONCURRENCY": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output_until(process, pattern, *, seconds=240):
    """What it says up to the line that matches; a process that falls silent is killed."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    output = ""
    try:
        for line in process.stdout:
            output += line
            if re.search(pattern, line):
                return output
    finally:
        timer.cancel()
    pytest.fail(f"{pattern!r} was never said:\n{output}")


def processes_of(data_dir):
    """Everything that was started with this data, servers included."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NRGHAX_DATA_DIR") == str(data_dir):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def running(tmp_path):
    """The product, ready; whatever a failed test leaves is cleared away."""
    port = free_port()
    process = start(tmp_path, port)
    process.port = port
    process.said = output_until(process, "is ready")
    yield process
    process.kill()
    process.stdout.close()
    for leftover in processes_of(tmp_path):
        leftover.kill()


def test_a_run_from_nothing_to_ctrl_c(running, tmp_path):
    address = f"http://127.0.0.1:{running.port}"
    assert re.search(rf"is ready: {address}  learner: \S+ / \S+  staff: \S+ / \S+\n$", running.said)
    assert "\x1b" not in running.said
    with urlopen(f"{address}/readyz") as response:
        assert response.status == 200
    web, worker = (
        next(process for process in processes_of(tmp_path) if name in process.cmdline())
        for name in ("nrghax.wsgi:application", "worker")
    )
    # The supervisor prepares as the owner; that must not reach those who serve.
    assert "NRGHAX_PROCESS" not in web.environ()

    # A second run on the same data says where the first is, and leaves it alone.
    second = start(tmp_path, free_port())
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert said == f"NRGHAX is running already on {address} with the data in {tmp_path}.\n"

    # What dies comes back.
    worker.kill()
    output_until(running, r"worker ended with -9 after \d+ s; again in 1 s")
    output_until(running, r"celery@\S+ ready")

    running.send_signal(signal.SIGINT)
    output_until(running, "Stopped")
    assert running.wait(30) == 0
    # A server that has said that it stops may still be going.
    _, alive = psutil.wait_procs(processes_of(tmp_path), timeout=30)
    assert alive == []


def test_a_taken_port_is_said_in_one_line_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path, port)
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.startswith(f"Can't listen on port {port} of 127.0.0.1 (address already in use)")
    assert said.count("\n") == 1
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none(tmp_path, port):
    process = start(tmp_path, port)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said == f"PORT is {port!r}; it must be a number from 1 to 65535.\n"


def test_the_demo_is_for_development(tmp_path):
    production = {
        "DEBUG": "false",
        "SECRET_KEY": "0123456789" * 5,
        "DATABASE_URL": "postgresql://somebody:w@db.example/nrghax",
        "REDIS_URL": "redis://valkey.example:6379/0",
    }
    process = start(tmp_path, free_port(), "--demo", **production)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.endswith("The demo is for development: its passwords are public. DEBUG is off.\n")


def run_commands(monkeypatch, **commands):
    """The supervisor on other commands, without the product around it."""
    monkeypatch.setattr(supervisor, "RECOVERED_SECONDS", 60)
    supervised = Supervisor(commands, log=Log(["nrghax", *commands]), revive_servers=lambda: None)
    return supervised.run(address="", host="127.0.0.1", port=free_port(), welcome="")


def test_what_keeps_dying_takes_everything_down(monkeypatch, capsys):
    monkeypatch.setattr(supervisor, "MAX_DEATHS", 2)

    code = asyncio.run(run_commands(monkeypatch, good="sleep 600", bad="sh -c 'echo oops; exit 3'"))

    said = capsys.readouterr().out
    assert code == 1
    assert said.count("bad    | oops") == 2
    assert "nrghax | bad ended with 3 after 0 s; again in 1 s." in said
    assert "nrghax | bad died 2 times in a row, so everything stops." in said


def test_what_does_not_stop_is_killed(monkeypatch, capsys):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(supervisor, "MAX_DEATHS", 1)
    stubborn = "sh -c 'trap \"\" TERM; echo deaf $$; while :; do sleep 1; done'"

    asyncio.run(run_commands(monkeypatch, deaf=stubborn, bad="sh -c 'sleep 0.5; exit 1'"))

    pid = int(re.search(r"deaf (\d+)", capsys.readouterr().out)[1])
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_procfile_names_the_three_processes():
    commands = read_procfile(settings.BASE_DIR / "Procfile")

    assert list(commands) == ["web", "worker", "beat"]
    assert commands["web"].endswith("nrghax.wsgi:application")
