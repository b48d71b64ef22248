"""A local HTTP server with Discord's API for roles of guild members.

It checks the bot's token, User-Agent and audit log reason, and that guild, member and role exist. A test makes requests
fail by adding failures to `answers`: each request consumes one.
"""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import unquote

TOKEN, GUILD = "bot-token", "41771983423143937"
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
        self.reset()

    def reset(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        """HTTP method, account and role of each request."""
        self.assigned: set[tuple[str, str]] = set()
        """Accounts and roles that they have."""
        self.members: set[str] = {"1001", "1002", "1003"}
        self.roles: set[str] = {"7", "8"}
        self.roles_above_bot: set[str] = set()
        self.answers: deque[Failure] = deque()
        self.remaining: str | None = None
        """X-RateLimit-Remaining in the next successful answer."""
        self.waits_before_answer = False
        """Whether the server waits for `may_answer` before it answers."""
        self.request_received, self.may_answer = Event(), Event()


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
        """Log nothing: failed tests report the cause."""

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
        self.server.request_received.set()
        if self.server.waits_before_answer:
            self.server.may_answer.wait(10)
        if self.server.answers:
            self._answer(*self.server.answers.popleft())
        else:
            self._answer(*self._apply_change(guild, account, role))

    def _apply_change(self, guild: str, account: str, role: str) -> Failure:
        if self.headers["Authorization"] != f"Bot {TOKEN}":
            return Failure(401, {"message": "401: Unauthorized", "code": 0})
        if not self.headers["User-Agent"].startswith("DiscordBot (https://"):
            return Failure(403, b"<html>error code: 1010</html>")
        if not unquote(self.headers["X-Audit-Log-Reason"] or ""):
            return Failure(400, {"message": "No audit log reason", "code": 50035})
        unknown = self._find_unknown(guild, account, role)
        if unknown:
            return Failure(404, {"message": "Unknown", "code": unknown})
        if role in self.server.roles_above_bot:
            return Failure(403, {"message": "Missing Permissions", "code": MISSING_PERMISSIONS})
        change = self.server.assigned.add if self.command == "PUT" else self.server.assigned.discard
        change((account, role))
        remaining, self.server.remaining = self.server.remaining, None
        limit = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset-After": "2.5"} if remaining else {}
        return Failure(204, b"", limit)

    def _find_unknown(self, guild: str, account: str, role: str) -> int | None:
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
