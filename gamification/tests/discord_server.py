"""Discord's API on this machine, as far as roles of a server's members go.

It checks the bot's token, its manners (User-Agent, a reason for the audit log) and who and what there is on the server.
How it fails is what a test puts into `answers`, one a request; the rest succeeds.
"""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import unquote

TOKEN, GUILD = "between us", "41771983423143937"
UNKNOWN_GUILD, UNKNOWN_MEMBER, UNKNOWN_ROLE, MISSING_PERMISSIONS = 10004, 10007, 10011, 50013


class Failure(NamedTuple):
    status: int
    body: dict | bytes = {}
    headers: dict[str, str] = {}


class DiscordServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/api/v10"
        self.restore()

    def restore(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        """Method, account, role."""
        self.worn: set[tuple[str, str]] = set()
        self.members: set[str] = {"1001", "1002", "1003"}
        self.roles: set[str] = {"7", "8"}
        self.above_the_bot: set[str] = set()
        self.answers: deque[Failure] = deque()
        self.left: str | None = None
        """What remains of the limit after the next success, as the header says it."""
        self.holds = False
        self.arrived, self.may_answer = Event(), Event()


@contextmanager
def running_discord() -> Iterator[DiscordServer]:
    with DiscordServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.may_answer.set()
            server.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DiscordServer

    def log_message(self, format, *args) -> None:
        """Silent: a test says itself what went wrong."""

    def do_PUT(self) -> None:
        self._change()

    def do_DELETE(self) -> None:
        self._change()

    def _change(self) -> None:
        parts = self.path.split("/")
        if len(parts) != 9 or parts[:4] != ["", "api", "v10", "guilds"] or (parts[5], parts[7]) != ("members", "roles"):
            self._answer(404, {"message": "404: Not Found", "code": 0})
            return
        guild, account, role = parts[4], parts[6], parts[8]
        self.server.requests.append((self.command, account, role))
        self.server.arrived.set()
        if self.server.holds:
            self.server.may_answer.wait(10)
        if self.server.answers:
            self._answer(*self.server.answers.popleft())
        else:
            self._answer(*self._judge(guild, account, role))

    def _judge(self, guild: str, account: str, role: str) -> Failure:
        if self.headers["Authorization"] != f"Bot {TOKEN}":
            return Failure(401, {"message": "401: Unauthorized", "code": 0})
        if not self.headers["User-Agent"].startswith("DiscordBot (https://"):
            return Failure(403, b"<html>error code: 1010</html>")
        if not unquote(self.headers["X-Audit-Log-Reason"] or ""):
            return Failure(400, {"message": "Without a reason", "code": 50035})
        unknown = self._unknown(guild, account, role)
        if unknown:
            return Failure(404, {"message": "Unknown", "code": unknown})
        if role in self.server.above_the_bot:
            return Failure(403, {"message": "Missing Permissions", "code": MISSING_PERMISSIONS})
        change = self.server.worn.add if self.command == "PUT" else self.server.worn.discard
        change((account, role))
        left, self.server.left = self.server.left, None
        limit = {"X-RateLimit-Remaining": left, "X-RateLimit-Reset-After": "2.5"} if left else {}
        return Failure(204, b"", limit)

    def _unknown(self, guild: str, account: str, role: str) -> int | None:
        if guild != GUILD:
            return UNKNOWN_GUILD
        if account not in self.server.members:
            return UNKNOWN_MEMBER
        return None if role in self.server.roles else UNKNOWN_ROLE

    def _answer(self, status: int, body: dict | bytes, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
