"""`make run` with real processes, on data and a port of its own."""

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
from nrghax.tests.processes import free_port


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
    """Return the output up to the line that matches. Kill the process if none does in time."""
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
    pytest.fail(f"{pattern!r} did not appear:\n{output}")


def processes_of(data_dir):
    """Return all processes that were started with this data directory, including the servers."""
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
    """The product, ready. Processes that a failed test leaves running are killed."""
    port = free_port()
    process = start(tmp_path, port)
    process.port = port
    process.output = output_until(process, "is ready")
    yield process
    process.kill()
    process.stdout.close()
    for leftover in processes_of(tmp_path):
        leftover.kill()


def test_run_from_first_start_to_ctrl_c(running, tmp_path):
    address = f"http://127.0.0.1:{running.port}"
    assert re.search(rf"is ready: {address}  learner: \S+ / \S+  staff: \S+ / \S+\n$", running.output)
    assert "\x1b" not in running.output
    with urlopen(f"{address}/readyz") as response:
        assert response.status == 200
    web, worker = (
        next(process for process in processes_of(tmp_path) if name in process.cmdline())
        for name in ("nrghax.serve", "worker")
    )
    # The launcher prepares the database as the owner. Its variable must not reach the processes.
    assert "NRGHAX_PROCESS" not in web.environ()

    # A second run on the same data exits with the address of the first one.
    second = start(tmp_path, free_port())
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert output == f"NRGHAX is already running on {address} with the data in {tmp_path}.\n"

    # A process that dies is restarted.
    worker.kill()
    output_until(running, r"worker exited with -9 after \d+ s. Restarting in 1 s")
    output_until(running, r"celery@\S+ ready")

    running.send_signal(signal.SIGINT)
    output_until(running, "Stopped")
    assert running.wait(30) == 0
    # A server may still be ending after it has announced that it stops.
    _, alive = psutil.wait_procs(processes_of(tmp_path), timeout=30)
    assert alive == []


def test_taken_port_is_reported_in_one_line_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path, port)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output.startswith(f"Can't listen on port {port} of 127.0.0.1 (address already in use)")
    assert output.count("\n") == 1
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_invalid_port_is_refused(tmp_path, port):
    process = start(tmp_path, port)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output == f"PORT is {port!r}; it must be a number from 1 to 65535.\n"


def test_demo_is_refused_without_debug(tmp_path):
    production = {
        "DEBUG": "false",
        "SECRET_KEY": "0123456789" * 5,
        "DATABASE_URL": "postgresql://user:w@db.example/nrghax",
        "REDIS_URL": "redis://valkey.example:6379/0",
    }
    process = start(tmp_path, free_port(), "--demo", **production)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output.endswith("The demo needs DEBUG=true: its passwords are public, so it is for development only.\n")


def run_commands(monkeypatch, revive_servers=lambda: None, **commands):
    """Run the supervisor with these commands instead of the Procfile."""
    monkeypatch.setattr(supervisor, "RECOVERED_SECONDS", 60)
    supervised = Supervisor(commands, log=Log(["nrghax", *commands]), revive_servers=revive_servers)
    return supervised.run(address="", host="127.0.0.1", port=free_port(), welcome="")


def test_process_that_keeps_dying_stops_everything(monkeypatch, capsys):
    monkeypatch.setattr(supervisor, "MAX_DEATHS", 2)

    code = asyncio.run(run_commands(monkeypatch, good="sleep 600", bad="sh -c 'echo oops; exit 3'"))

    output = capsys.readouterr().out
    assert code == 1
    assert output.count("bad    | oops") == 2
    assert "nrghax | bad exited with 3 after 0 s. Restarting in 1 s." in output
    assert "nrghax | bad died 2 times in a row, so everything stops." in output


def test_failed_restart_of_server_is_reported_and_repeated(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(supervisor, "CHECK_SERVERS_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "MAX_DEATHS", 1)
    tried_again = tmp_path / "tried-again"
    attempts = iter([lambda: None, tried_again.touch])

    def revive_servers():
        next(attempts, tried_again.touch)()
        raise RuntimeError("no space left")

    asyncio.run(
        run_commands(
            monkeypatch, revive_servers, one=f"sh -c 'until [ -e {tried_again} ]; do sleep 0.05; done; exit 1'"
        )
    )

    assert "nrghax | A server can't be started: no space left. Next attempt in 0.01 s." in capsys.readouterr().out


def test_process_that_does_not_stop_is_killed(monkeypatch, capsys):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(supervisor, "MAX_DEATHS", 1)
    stubborn = "sh -c 'trap \"\" TERM; echo deaf $$; while :; do sleep 1; done'"

    asyncio.run(run_commands(monkeypatch, deaf=stubborn, bad="sh -c 'sleep 0.5; exit 1'"))

    pid = int(re.search(r"deaf (\d+)", capsys.readouterr().out)[1])
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_procfile_names_three_processes():
    commands = read_procfile(settings.BASE_DIR / "Procfile")

    assert list(commands) == ["web", "worker", "beat"]
    assert commands["web"] == "python -m nrghax.serve"
