"""The product as a person meets it: Granian as the web's own login, a Celery worker, Valkey, and Chromium.

Everything is real and on a database of its own, so that what a browser does here is what it would do in production:
a forgotten identity is "permission denied", a style that the Content Security Policy forbids is an error.
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
from threading import Event

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from database.roles import BACKUP, OWNER, WEB, WORKER, prepare_database
from database.tests.connections import url_of
from nrghax.tests.identity_provider import IdentityProvider, running_provider

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
# One process for both commands: each would take a second to start.
FILL = """
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
        """The link to ourselves in the newest mail to `address`; waits for the mail to arrive."""

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
        """Rows as the worker sees them."""
        with psycopg.connect(url_of(WORKER, self.database)) as worker:
            return worker.execute(sql, params).fetchall()


def wait_for(condition: Callable[[], object], seconds: float = 15):
    """The first true answer of `condition`; fails once the time is up."""
    pause = Event()
    for _ in range(int(seconds / 0.1)):
        if answer := condition():
            return answer
        pause.wait(0.1)
    pytest.fail(f"Nothing came of {condition.__name__} in {seconds} s.")


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


# What runs for these tests ends with them: the worker would take the tasks that later tests of the same process hand
# over, and Playwright leaves an event loop in the thread for as long as it runs.
@pytest.fixture(scope="package")
def identity_provider() -> Iterator[IdentityProvider]:
    """Google and Discord, for as long as the product runs: it is told of them when it starts."""
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
        # A database that somebody is connected to can't be copied.
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
                [sys.executable, "manage.py", "shell", "--no-imports", "-c", FILL],
                cwd=settings.BASE_DIR,
                env=environment,
                check=True,
                capture_output=True,
            )
            granian = (
                *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
                *("--workers", "1", "--blocking-threads", "1", "--no-ws", "nrghax.wsgi:application"),
            )
            celery = ("celery", "-A", "nrghax", "worker", "--pool", "solo", "--without-gossip", "--without-mingle")
            with (
                _process(*granian, environment={**environment, "NRGHAX_PROCESS": "web"}, log=folder / "web.log"),
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
    """A browser window of one person. `complaints` is what the console, the page or the CSP complained of."""

    page: Page
    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


_numbers = count(1)


@pytest.fixture
def visit(product: Product, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Opens a window: `visit(PHONE, color_scheme="dark")`. Any complaint of a page fails the test in the end."""
    visitors: list[Visitor] = []

    def visit(device: dict = DESKTOP, **options) -> Visitor:
        context = browser.new_context(**{**device, "locale": "en-GB", "reduced_motion": "reduce", **options})
        context.set_default_timeout(15_000)
        visitor = Visitor(context.new_page(), context, product.url)

        def complain(message) -> None:
            if message.type == "error":
                visitor.complaints.append(f"{message.text} ({visitor.page.url})")

        context.on("console", complain)
        context.on("weberror", lambda error: visitor.complaints.append(str(error.error)))
        visitors.append(visitor)
        return visitor

    yield visit
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def new_address() -> str:
    return f"newcomer{next(_numbers)}@example.com"


def log_in(visitor: Visitor, email: str, password: str) -> None:
    """Through the form, into a session of its own that has just seen the password."""
    page = visitor.go("/accounts/login/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(email)
    page.get_by_label("Password").fill(password)
    page.locator("main form").get_by_role("button").first.click()
    expect(page).not_to_have_url(re.compile("login"))


_session_cookies: dict[tuple[str, str], list] = {}


def sign_in(visitor: Visitor, email: str, password: str) -> None:
    """As `log_in`, but a session that an earlier window of the same person has opened is used again while it lasts.

    Typing and hashing the password costs two seconds of processor time. A page that asks for it again after some
    minutes wants `log_in`.
    """
    account = (visitor.url, email)
    if account in _session_cookies:
        visitor.context.add_cookies(_session_cookies[account])
        # Whoever is logged in already is sent on to where the form would lead.
        if "login" not in visitor.go("/accounts/login/").url:
            return
    log_in(visitor, email, password)
    cookies = visitor.context.cookies()
    _session_cookies[account] = [cookie for cookie in cookies if cookie["name"] == settings.SESSION_COOKIE_NAME]
