"""A local identity provider for tests: Google's OpenID Connect and Discord's OAuth 2.

It is as strict as the real providers. A code is valid for one client, one redirect URI and one use; it needs the PKCE
verifier and the client's secret, and it can expire. Tests set attributes of the server to choose a person's data and
the failures.
"""

import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "nrghax", "between us"
AUTHORIZE_PATHS = {"/google/authorize": "google", "/discord/api/oauth2/authorize": "discord"}
TOKEN_PATHS = {"/google/token": "google", "/discord/api/oauth2/token": "discord"}
PERSON_PATHS = {"/google/userinfo": "google", "/discord/api/users/@me": "discord"}
DISCORD_PERSON = {
    "id": "80351110224678912",
    "username": "nelly",
    "discriminator": "1337",
    "global_name": "Nelly",
    "avatar": "8342729096ea3675442027381ff50dfe",
    "locale": "en-GB",
    "email": "nelly@example.com",
    "verified": True,
}
GOOGLE_PERSON = {
    "sub": "110169484474386276334",
    "name": "Gregor Mill",
    "email": "gregor@example.com",
    "email_verified": True,
}


class IdentityProvider(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.restore()

    def restore(self) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, str] = {}
        self.people = {"google": dict(GOOGLE_PERSON), "discord": dict(DISCORD_PERSON)}
        # Failures that a test can switch on: expired codes, a broken token endpoint, refused personal data.
        self.codes_expire = self.token_breaks = self.person_breaks = False
        self.id_token_claims: dict[str, object] = {}

    def settings(self) -> dict[str, str]:
        """Return the environment variables that point the product to this server."""
        addresses = {f"{name.upper()}_URL": f"{self.url}/{name}" for name in self.people}
        ids = {f"{name.upper()}_CLIENT_ID": CLIENT_ID for name in self.people}
        return addresses | ids | {f"{name.upper()}_CLIENT_SECRET": CLIENT_SECRET for name in self.people}


@contextmanager
def running_provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        thread = Thread(target=provider.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    server: IdentityProvider

    def log_message(self, format, *args) -> None:
        """Log nothing: a failing test reports the problem itself."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        if address.path in AUTHORIZE_PATHS:
            self._authorize(AUTHORIZE_PATHS[address.path], query)
        elif address.path in PERSON_PATHS:
            self._send_person(PERSON_PATHS[address.path])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if self.path not in TOKEN_PATHS:
            self.send_error(404)
        elif self.server.token_breaks:
            self.send_error(500)
        else:
            self._exchange_code(TOKEN_PATHS[self.path], form)

    def _authorize(self, name: str, query: dict[str, str]) -> None:
        is_valid = (
            query.get("client_id") == CLIENT_ID
            and query.get("response_type") == "code"
            and query.get("code_challenge_method") == "S256"
            and bool(query.get("code_challenge") and query.get("state"))
            and query.get("redirect_uri", "").endswith(f"/accounts/{name}/login/callback/")
        )
        if not is_valid:
            self.send_error(400)
        elif "decision" not in query:
            self._show_consent_page(query)
        elif query["decision"] == "allow":
            code = secrets.token_urlsafe()
            self.server.codes[code] = {**query, "provider": name}
            self._redirect_back(query, code=code)
        else:
            self._redirect_back(query, error="access_denied")

    def _show_consent_page(self, query: dict[str, str]) -> None:
        hidden = "".join(f'<input type="hidden" name="{key}" value="{escape(query[key])}">' for key in query)
        buttons = "".join(
            f'<button name="decision" value="{word.lower()}">{word}</button>' for word in ("Allow", "Deny")
        )
        page = f"<!DOCTYPE html><title>Sign in</title><link rel=icon href=data:,><form>{hidden}{buttons}</form>"
        self._answer(page.encode(), "text/html")

    def _redirect_back(self, query: dict[str, str], **answer: str) -> None:
        self.send_response(302)
        self.send_header("Location", f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}")
        self.end_headers()

    def _exchange_code(self, name: str, form: dict[str, str]) -> None:
        grant = self.server.codes.pop(form.get("code", ""), {})
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        is_valid = (
            form.get("grant_type") == "authorization_code"
            and (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
            and grant.get("provider") == name
            and grant.get("redirect_uri") == form.get("redirect_uri")
            and grant.get("code_challenge") == challenge
            and not self.server.codes_expire
        )
        if not is_valid:
            self._answer(b'{"error": "invalid_grant"}', "application/json", status=400)
            return
        token = secrets.token_urlsafe()
        self.server.tokens[token] = name
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if name == "google":
            answer["id_token"] = self._id_token()
        self._answer(json.dumps(answer).encode(), "application/json")

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": f"{self.server.url}/google", "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= self.server.people["google"] | self.server.id_token_claims
        return jwt.encode(claims, self.server.key, algorithm="RS256", headers={"kid": "1"})

    def _send_person(self, name: str) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.server.person_breaks or self.server.tokens.get(token) != name:
            self._answer(b'{"message": "401: Unauthorized"}', "application/json", status=401)
        else:
            self._answer(json.dumps(self.server.people[name]).encode(), "application/json")

    def _answer(self, body: bytes, content_type: str, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
