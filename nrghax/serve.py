"""The web server: `python -m nrghax.serve`.

Waitress in WEB_CONCURRENCY processes, each with one thread for requests. Waitress receives a whole request before a
thread gets it, so that slow clients hold no thread. This module only starts the processes, starts one again that dies,
and stops them. HOST, PORT, WEB_CONCURRENCY and ACCESS_LOG may stand in .env.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import environ
import waitress

BASE_DIR = Path(__file__).resolve().parent.parent
BACKLOG = 1024
# Seconds until the processes are killed when the server stops. Waitress gives a request at work five of them.
STOP_SECONDS = 20
RESPAWN_SECONDS = 1
# The largest upload is an import of the library.
MAX_BODY_BYTES = 10 * 1024 * 1024
# A connection that sends nothing for this time is closed, within its request too.
SILENCE_SECONDS = 30
MAX_CONNECTIONS = 1000

Application = Callable[[dict[str, Any], Callable], Iterable[bytes]]
logger = logging.getLogger("nrghax.serve")
env = environ.Env()


class Server:
    """The parent process. It starts `number` processes, which listen on the address."""

    def __init__(self, host: str, port: int, number: int) -> None:
        self.arguments = [host, str(port)]
        self.number = number
        self.children: dict[int, subprocess.Popen] = {}
        self.is_stopping = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop)
        signal.signal(signal.SIGALRM, self.kill)
        for _ in range(self.number):
            self._start()
        while self.children:
            pid, status = os.wait()
            code = self.children.pop(pid).returncode = os.waitstatus_to_exitcode(status)
            if not self.is_stopping:
                sys.stderr.write(f"A web process ended with {code}. Starting another.\n")
                # So that a process that dies at its start does not take the whole machine.
                time.sleep(RESPAWN_SECONDS)
                self._start()

    def stop(self, *_: Any) -> None:
        """Ask the processes to finish their requests and end. A second signal would cut the requests off."""
        if self.is_stopping:
            return
        self.is_stopping = True
        signal.alarm(STOP_SECONDS)
        self._signal_all(signal.SIGTERM)

    def kill(self, *_: Any) -> None:
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        # Popen.terminate would reap a process that has ended, and `run` would wait for it for ever.
        for pid in list(self.children):
            # A process may just have ended.
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _start(self) -> None:
        if self.is_stopping:
            return
        # A new program and no fork of this one: a fork would inherit connections and the state of random generators.
        # The pipe ends when this process dies, even by SIGKILL.
        command = [sys.executable, "-m", "nrghax.serve", *self.arguments]
        child = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.PIPE)  # noqa: S603
        self.children[child.pid] = child
        # The signal may have come before the child was known.
        if self.is_stopping:
            os.kill(child.pid, signal.SIGTERM)


def bind(host: str, port: int, *, is_shared: bool) -> socket.socket:
    """Return a socket with this address. Raises SystemExit with a sentence if the address can't be used.

    The processes share it: each has a socket of its own, and the kernel spreads the connections. On one socket, the
    process that wakes first takes most of them (measured: 0.87 of the requests a second).
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(is_shared))
        listener.bind(address)
    except OSError as error:
        raise SystemExit(f"Can't listen on port {port} of {host}: {_reason(error)}.") from error
    return listener


def _reason(error: OSError) -> str:
    return error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno)


def serve(host: str, port: int) -> None:
    """Answer requests, until SIGTERM or the end of the parent."""
    signal.signal(signal.SIGTERM, _exit)
    # Ctrl-C and the end of a terminal reach the whole group. The parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from nrghax.wsgi import application

    listener = bind(host, port, is_shared=True)
    listener.listen(BACKLOG)
    waitress.serve(
        _logged(application) if env.bool("ACCESS_LOG", default=False) else application,
        sockets=[listener],
        threads=1,
        ident="",
        max_request_body_size=MAX_BODY_BYTES,
        channel_timeout=SILENCE_SECONDS,
        cleanup_interval=SILENCE_SECONDS // 3,
        connection_limit=MAX_CONNECTIONS,
        backlog=BACKLOG,
        asyncore_use_poll=True,
        # Django decides about these headers (TRUST_PROXY).
        clear_untrusted_proxy_headers=False,
        _quiet=True,
    )


def _exit(*_: Any) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _logged(application: Application) -> Application:
    """Log method, path, status and milliseconds of each request."""

    def log(request: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        began = time.perf_counter()

        def start(status: str, headers: list, exc_info: Any = None) -> Callable:
            took = (time.perf_counter() - began) * 1000
            logger.info("%s %s %s %.0f ms", request["REQUEST_METHOD"], request["PATH_INFO"], status[:3], took)
            return start_response(status, headers, exc_info)

        return application(request, start)

    return log


def main() -> None:
    os.environ.setdefault("NRGHAX_PROCESS", "web")
    if len(sys.argv) > 1:
        host, port = sys.argv[1:]
        serve(host, int(port))
        return
    environ.Env.read_env(BASE_DIR / ".env")
    host, port = env.str("HOST", default="127.0.0.1"), env.int("PORT", default=8000)
    # A shared address could be taken by another server of the same user without anybody noticing.
    bind(host, port, is_shared=False).close()
    Server(host, port, env.int("WEB_CONCURRENCY", default=2)).run()


if __name__ == "__main__":
    main()
