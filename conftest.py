"""What every test stands on. Loaded before the settings are: that is why they are named here.

The database is made, migrated and flushed by the owner; tests run as `nrghax_test`, a login without rights of its
own, like the web's. The body of a test acts as the worker, who sees every row; each request takes on its visitor's
identity and gives it back.
"""

import fcntl
import os
from pathlib import Path
from typing import TextIO

os.environ["NRGHAX_PROCESS"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "nrghax.settings"
os.environ["DEBUG"] = "true"
# Playwright leaves an event loop behind in the thread of the tests; what they do in it is synchronous all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from dev.environment import prepare_environment

prepare_environment()

DATA_DIR = Path(__file__).resolve().parent / ".local"
SLOTS = range(1, 16)


def _take_slot() -> tuple[int, TextIO]:
    """A number that no other process has: runs at the same time (xdist's workers too) share no database and no key.

    The kernel gives it back when the process ends, however it ends.
    """
    DATA_DIR.mkdir(exist_ok=True)
    for number in SLOTS:
        lock = (DATA_DIR / f"test-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return number, lock
    pytest.exit("Too many test runs at the same time.", returncode=2)


SLOT, _slot_lock = _take_slot()

import django
from celery import current_app
from django.conf import settings

django.setup()


def _own_cache_and_broker() -> None:
    """A numbered database of Valkey, so that no run shares keys with another or with `make run`.

    Set here rather than in the environment: xdist's workers inherit that, and load the settings before this file.
    """
    base, _, database = settings.REDIS_URL.rpartition("/")
    url = f"{base if database.isdigit() else settings.REDIS_URL.rstrip('/')}/{SLOT}"
    settings.REDIS_URL = settings.CELERY_BROKER_URL = settings.CACHES["default"]["LOCATION"] = url
    current_app.conf.broker_url = url


_own_cache_and_broker()


def _register_profiles() -> None:
    """How many examples Hypothesis tries: a test that costs more than arithmetic asks for a part of its profile's."""
    common = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.register_profile("default", common, max_examples=100, derandomize=True)
    hypothesis_settings.register_profile("nightly", common, max_examples=3000, print_blob=True)
    hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


_register_profiles()


def pytest_collection_modifyitems(items):
    """The browser's tests first, as the last to run should be short.

    Before them what asks the product without a page: its worker gives a sign of life when it starts, and the next,
    once a test has emptied the cache, only in a quarter of a minute.
    """

    def place(item):
        return item.get_closest_marker("browser") is None, "visit" in getattr(item, "fixturenames", ())

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker has the browser, so that one product is started; its processes keep the machine busy enough."""
    from xdist.scheduler import LoadFileScheduling

    class BrowserTogether(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return "browser" if "/browser/" in nodeid else super()._split_scope(nodeid)

    return BrowserTogether(config, log)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """A database of this process's own, copied from the migrated one that all processes share."""
    from django.db import connection

    from database.tests.template import connected_as_owner, create_migrated_database, drop_database

    with django_db_blocker.unblock():
        name = f"test_nrghax_{SLOT}"
        create_migrated_database(name)
        connection.close()
        connection.settings_dict["OPTIONS"].pop("options", None)
        connection.settings_dict["NAME"] = name
        yield
        # Playwright's event loop has connections of its own in this thread; nobody closes them.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )
        connection.close()
        with connected_as_owner() as owner:
            drop_database(owner, name)


@pytest.fixture(autouse=True)
def _worker_in_the_test_body(request):
    marker = request.node.get_closest_marker("django_db")
    uses_transaction = {"transactional_db", "live_server", "django_db_serialized_rollback"} & set(request.fixturenames)
    if marker is None or marker.kwargs.get("transaction") or uses_transaction:
        yield
        return
    from database.identity import NOBODY, Role, become, connections

    request.getfixturevalue("db")
    become(Role.WORKER)
    yield
    connections["default"].nrghax_identity = NOBODY


EMPTY_TABLES = """
    DO $$
    DECLARE
      each regclass;
      is_filled boolean;
      filled regclass[];
    BEGIN
      FOR each IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
          AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission', 'sql_files')
      LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', each) INTO is_filled;
        IF is_filled THEN
          filled := filled || each;
        END IF;
      END LOOP;
      IF filled IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
      END IF;
    END $$
"""


@pytest.fixture(autouse=True, scope="session")
def _flush_as_owner():
    """After a test that commits. Django's own flush empties tables that are empty, and makes permissions anew."""
    from django.db import connection
    from django.test import TransactionTestCase

    from database.identity import Role, database_identity

    def flush_as_owner(self):
        with database_identity(Role.OWNER), connection.cursor() as cursor:
            cursor.execute(EMPTY_TABLES)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_as_owner)
        yield


@pytest.fixture(autouse=True)
def _empty_cache():
    yield
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def member(db):
    from accounts.tests.factories import make_member

    return make_member()


@pytest.fixture
def sign_in(client):
    """Signs the test client in as a member and returns it."""
    from database.identity import Role, database_identity

    def sign_in(member):
        with database_identity(Role.AUTH):
            client.force_login(member.user)
        return client

    return sign_in


@pytest.fixture
def member_client(sign_in, member):
    return sign_in(member)


@pytest.fixture
def staff(db):
    """A member of staff who holds every right."""
    from accounts.tests.factories import make_member, make_user

    return make_member(user=make_user(email="superuser@example.com", is_staff=True, is_superuser=True))


@pytest.fixture
def staff_client(sign_in, staff):
    return sign_in(staff)


@pytest.fixture
def queries_of():
    """Runs a request and returns its statements as production would count them: nested in a test's transaction,
    each identity brings savepoints and its way back besides."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries_of(call):
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code == 200
        statements = [query["sql"] for query in queries]
        extra = ("SAVEPOINT", "RELEASE", "ROLLBACK TO", "BEGIN", "COMMIT")
        return [sql for sql in statements if not sql.startswith(extra) and "'nrghax_worker'" not in sql]

    return queries_of
