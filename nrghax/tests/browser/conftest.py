"""The running product for browser tests: the web server with the web's login, a Celery worker, Valkey and Chromium.

All processes are real and share a database of their own, so the tests see what production would do. A missing identity
is "permission denied". A style that the Content Security Policy forbids is an error.
"""

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string, policy
from itertools import count
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from database.roles import BACKUP, OWNER, WEB, WORKER, prepare_database
from database.tests.connections import url_of
from nrghax.tests.identity_provider import IdentityProvider, running_provider
from nrghax.tests.processes import wait_for

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
START_SECONDS = 60
# One process for both commands, because each takes a second to start.
LOAD_DATA = """
from django.core.management import call_command
call_command("loaddata", "seeds", verbosity=0)
call_command("demologins")
"""


@dataclass
class Product:
    url: str
    mailbox: Path
    database: str

    def link_in_mail_to(self, address: str) -> str:
        """Wait for a mail to `address`. Return the link to the product in the newest one."""

        def newest() -> str | None:
            for path in sorted(self.mailbox.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True):
                for text in reversed(path.read_text().split("-" * 79 + "\n")):
                    mail = message_from_string(text, policy=policy.default)
                    if mail["To"] == address:
                        words = mail.get_body(("plain",)).get_content().split()
                        return next((word for word in words if word.startswith(self.url)), None)
            return None

        return wait_for(newest)

    def query(self, sql: str, *params: object) -> list[tuple]:
        """Run a query as the worker and return its rows."""
        with psycopg.connect(url_of(WORKER, self.database)) as worker:
            return worker.execute(sql, params).fetchall()


@contextmanager
def _process(*command: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# These processes stop after the last browser test. The worker would consume tasks of later tests in the same process,
# and a running Playwright keeps an event loop in the thread.
@pytest.fixture(scope="package")
def identity_provider() -> Iterator[IdentityProvider]:
    """Google and Discord. They run as long as the product, which reads their URLs at start."""
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="package")
def product(django_db_setup, django_db_blocker, tmp_path_factory, identity_provider) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    mailbox = folder / "mail"
    mailbox.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with django_db_blocker.unblock():
        migrated = connection.settings_dict["NAME"]
        database = f"{migrated}_browser"
        urls = {role: url_of(role, database) for role in (OWNER, WEB, WORKER)}
        maintenance = url_of("nrghax_test", "postgres")
        # PostgreSQL can't copy a database that has connections.
        connection.close()
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("NRGHAX_PROCESS", "PYTEST_CURRENT_TEST")},
        "REDIS_URL": settings.REDIS_URL,
        "DATABASE_URL": urls[WEB],
        "DATABASE_OWNER_URL": urls[OWNER],
        "DATABASE_WORKER_URL": urls[WORKER],
        "DEBUG": "on",
        "EMAIL_URL": f"filemail:///{mailbox}",
        **identity_provider.settings(),
    }

    with psycopg.connect(maintenance, autocommit=True) as admin:
        admin.execute(f"SET ROLE {OWNER}")
        admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {database} TEMPLATE {migrated}")
        try:
            with psycopg.connect(urls[OWNER], autocommit=True) as owner:
                prepare_database(owner, logins=[WEB, WORKER, BACKUP])
            subprocess.run(
                [sys.executable, "manage.py", "shell", "--no-imports", "-c", LOAD_DATA],
                cwd=settings.BASE_DIR,
                env=environment,
                check=True,
                capture_output=True,
            )
            serve = ("nrghax.serve",)
            web = {"NRGHAX_PROCESS": "web", "HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": "1"}
            celery = ("celery", "-A", "nrghax", "worker", "--pool", "solo", "--without-gossip", "--without-mingle")
            with (
                _process(*serve, environment={**environment, **web}, log=folder / "web.log"),
                _process(*celery, environment={**environment, "NRGHAX_PROCESS": "worker"}, log=folder / "worker.log"),
            ):
                url = f"http://127.0.0.1:{port}"

                def answers() -> bool:
                    try:
                        return urllib.request.urlopen(f"{url}/healthz", timeout=5).status == 200
                    except (urllib.error.URLError, ConnectionError):
                        return False

                wait_for(answers, START_SECONDS)
                yield Product(url, mailbox, database)
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(executable).exists():
        pytest.exit("Chromium is missing: install it (apt-get install chromium) or set CHROMIUM.", returncode=2)
    return {**browser_type_launch_args, "executable_path": executable, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="package")
def browser(browser_type_launch_args) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(**browser_type_launch_args)


@dataclass
class Visitor:
    """One person's browser window. `errors` are those of the console, the page and the Content Security Policy."""

    page: Page
    context: BrowserContext
    url: str
    errors: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


_numbers = count(1)


@pytest.fixture
def visit(product: Product, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Open a window: `visit(PHONE, color_scheme="dark")`. Any error of its pages fails the test at the end."""
    visitors: list[Visitor] = []

    def visit(device: dict = DESKTOP, **options) -> Visitor:
        context = browser.new_context(**{**device, "locale": "en-GB", "reduced_motion": "reduce", **options})
        context.set_default_timeout(15_000)
        visitor = Visitor(context.new_page(), context, product.url)

        def collect_error(message) -> None:
            if message.type == "error":
                visitor.errors.append(f"{message.text} ({visitor.page.url})")

        context.on("console", collect_error)
        context.on("weberror", lambda error: visitor.errors.append(str(error.error)))
        visitors.append(visitor)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.context.close()
    assert [error for visitor in visitors for error in visitor.errors] == []


def new_address() -> str:
    return f"newcomer{next(_numbers)}@example.com"


def log_in(visitor: Visitor, email: str, password: str) -> None:
    """Log in through the form, into a new session that has just seen the password."""
    page = visitor.go("/accounts/login/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(email)
    page.get_by_label("Password").fill(password)
    page.locator("main form").get_by_role("button").first.click()
    expect(page).not_to_have_url(re.compile("login"))


_session_cookies: dict[tuple[str, str], list] = {}


def sign_in(visitor: Visitor, email: str, password: str) -> None:
    """Log in, but reuse the session of an earlier window of the same person if there is one.

    This saves two seconds of typing and hashing the password. Use `log_in` for pages that ask for the password again
    when the last login is some minutes ago.
    """
    account = (visitor.url, email)
    if account in _session_cookies:
        visitor.context.add_cookies(_session_cookies[account])
        # The login page redirects if the session is still valid.
        if "login" not in visitor.go("/accounts/login/").url:
            return
    log_in(visitor, email, password)
    cookies = visitor.context.cookies()
    _session_cookies[account] = [cookie for cookie in cookies if cookie["name"] == settings.SESSION_COOKIE_NAME]
