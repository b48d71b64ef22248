"""Answer requests as one side of the comparison: a Django project in a process of its own, without a socket.

pages.py starts two of these. The first line of input names the members who read and those who write. Each further line
is a batch as JSON, and each line of output is its answer. One side waits while the other works.
"""

import cProfile
import io
import json
import os
import pstats
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

# Used for the CSRF cookie and the form field, which only have to be equal.
SECRET = "a" * 32


class Side:
    def __init__(self, readers: list[str], writers: list[str]) -> None:
        self.application = get_wsgi_application()
        cookies = {pk: _sign_in(pk) for pk in {*readers, *writers}}
        # Readers are used again and again. Each writer is used once, because it makes the first check-in of the day.
        self.readers = cycle([cookies[pk] for pk in readers])
        self.writers = iter([cookies[pk] for pk in writers])

    def batch(self, path: str, visitor: str, form: dict[str, str] | None, count: int) -> dict[str, Any]:
        """Return the seconds of each of `count` requests, and the status and size of the last answer."""
        took = []
        for environ in self._environs(path, visitor, form, count):
            started = time.perf_counter()
            status, size = self._ask(environ)
            took.append(time.perf_counter() - started)
        return {"took": took, "status": status, "size": size}

    def queries(self, **request: Any) -> dict[str, Any]:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            answer = self.batch(**request, count=1)
        control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        statements = [query["sql"] for query in captured if not query["sql"].startswith(control)]
        return {**answer, "queries": len(statements)}

    def profile(self, **request: Any) -> str:
        profiler = cProfile.Profile()
        profiler.runcall(self.batch, **request)
        text = io.StringIO()
        pstats.Stats(profiler, stream=text).sort_stats("cumulative").print_stats(60)
        return text.getvalue()

    def _environs(self, path: str, visitor: str, form: dict[str, str] | None, count: int) -> Iterator[dict[str, Any]]:
        body = urlencode({**form, "csrfmiddlewaretoken": SECRET}).encode() if form else b""
        for _ in range(count):
            cookie = "" if visitor == "anonymous" else next(self.writers if form else self.readers)
            yield {
                "REQUEST_METHOD": "POST" if form else "GET",
                "PATH_INFO": path.partition("?")[0],
                "QUERY_STRING": path.partition("?")[2],
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "443",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "REMOTE_ADDR": "127.0.0.1",
                "HTTP_HOST": "localhost",
                "HTTP_ORIGIN": "https://localhost",
                "HTTP_ACCEPT_ENCODING": "gzip, br",
                "HTTP_USER_AGENT": "bench",
                **({"HTTP_COOKIE": f"{cookie}; {settings.CSRF_COOKIE_NAME}={SECRET}"} if cookie else {}),
                "CONTENT_TYPE": "application/x-www-form-urlencoded",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.version": (1, 0),
                "wsgi.url_scheme": "https",
                "wsgi.input": io.BytesIO(body),
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": False,
                "wsgi.multiprocess": True,
                "wsgi.run_once": False,
            }

    def _ask(self, environ: dict[str, Any]) -> tuple[int, int]:
        status = ""

        def start_response(line, headers, exc_info=None):
            nonlocal status
            status = line

        chunks = self.application(environ, start_response)
        size = sum(len(chunk) for chunk in chunks)
        chunks.close()
        expected = "200" if environ["REQUEST_METHOD"] == "GET" else "302"
        if not status.startswith(expected):
            raise SystemExit(f"{environ['PATH_INFO']} answers {status}.")
        return int(status[:3]), size


def _sign_in(pk: str) -> str:
    """Sign a member in and return the cookie."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = pk
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = get_user_model()(password="!").get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def main() -> None:
    django.setup()
    side = Side(**json.loads(sys.stdin.readline()))
    # Keep standard output for the answers.
    answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(side, request.pop("do"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
