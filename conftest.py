"""The environment and fixtures of all tests.

pytest loads this file before the settings, so it sets the variables that they read. The owner creates, migrates and
flushes the database. Tests connect as `nrghax_test`, a login without rights of its own, like the web's. The body of a
test acts as the worker, which sees every row. Each request runs under its visitor's identity.
"""

import fcntl
import os
from pathlib import Path
from typing import TextIO

os.environ["NRGHAX_PROCESS"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "nrghax.settings"
os.environ["DEBUG"] = "true"
# Playwright leaves an event loop in the tests' thread. Django would refuse synchronous queries there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from dev.environment import prepare_environment

prepare_environment()

DATA_DIR = Path(__file__).resolve().parent / ".local"
SLOTS = range(1, 16)


def _take_slot() -> tuple[int, TextIO]:
    """Return a number that no other test process holds, and the lock file that reserves it.

    Each number has its own database and cache, so that concurrent runs and xdist's workers share neither. The kernel
    releases the lock when the process ends, even if it is killed.
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


def _use_own_cache_and_broker() -> None:
    """Use this slot's numbered database of Valkey, so that no run shares keys with another or with `make run`.

    An environment variable would not do: xdist's workers inherit it, and load the settings before this file.
    """
    base, _, database = settings.REDIS_URL.rpartition("/")
    url = f"{base if database.isdigit() else settings.REDIS_URL.rstrip('/')}/{SLOT}"
    settings.REDIS_URL = settings.CELERY_BROKER_URL = settings.CACHES["default"]["LOCATION"] = url
    current_app.conf.broker_url = url


_use_own_cache_and_broker()


def _register_profiles() -> None:
    """Set the number of Hypothesis's examples. Tests that query the database use a fraction of it."""
    common = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.register_profile("default", common, max_examples=100, derandomize=True)
    hypothesis_settings.register_profile("nightly", common, max_examples=3000, print_blob=True)
    hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


_register_profiles()


def pytest_collection_modifyitems(items):
    """Run the browser tests first: short tests should run last, so that parallel workers end together.

    Among the browser tests, those without a page come first. The worker sends a heartbeat when it starts; once a test
    has emptied the cache, the next one comes only after 15 seconds.
    """

    def sort_key(item):
        return item.get_closest_marker("browser") is None, "visit" in getattr(item, "fixturenames", ())

    items.sort(key=sort_key)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give all browser tests to one xdist worker, so that only one copy of the product is started."""
    from xdist.scheduler import LoadFileScheduling

    class BrowserTogether(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return "browser" if "/browser/" in nodeid else super()._split_scope(nodeid)

    return BrowserTogether(config, log)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """This process's database, copied from the migrated template that all processes share."""
    from django.db import connection

    from database.tests.template import connected_as_owner, create_migrated_database, drop_database

    with django_db_blocker.unblock():
        name = f"test_nrghax_{SLOT}"
        create_migrated_database(name)
        connection.close()
        connection.settings_dict["OPTIONS"].pop("options", None)
        connection.settings_dict["NAME"] = name
        yield
        # Connections that were opened in Playwright's event loop are never closed.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )
        connection.close()
        with connected_as_owner() as owner:
            drop_database(owner, name)


@pytest.fixture(autouse=True)
def _act_as_worker(request):
    marker = request.node.get_closest_marker("django_db")
    uses_transaction = {"transactional_db", "live_server", "django_db_serialized_rollback"} & set(request.fixturenames)
    if marker is None or marker.kwargs.get("transaction") or uses_transaction:
        yield
        return
    from database.identity import NO_IDENTITY, Role, become, connections

    request.getfixturevalue("db")
    become(Role.WORKER)
    yield
    connections["default"].nrghax_identity = NO_IDENTITY


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
    """Empty the tables after a test that commits. Django's own flush is slower: it truncates empty tables too, and
    recreates the permissions.
    """
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
    """Log the test client in as a member and return it."""
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
    """A staff member with every permission."""
    from accounts.tests.factories import make_member, make_user

    return make_member(user=make_user(email="superuser@example.com", is_staff=True, is_superuser=True))


@pytest.fixture
def staff_client(sign_in, staff):
    return sign_in(staff)


@pytest.fixture
def queries_of():
    """Run a request and return its SQL statements, without those that exist only in a test.

    Inside a test's transaction, each identity adds savepoints and a switch back to the worker.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries_of(call):
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code == 200
        statements = [query["sql"] for query in queries]
        extra = ("SAVEPOINT", "RELEASE", "ROLLBACK TO", "BEGIN", "COMMIT")
        return [sql for sql in statements if not sql.startswith(extra) and "'nrghax_worker'" not in sql]

    return queries_of
