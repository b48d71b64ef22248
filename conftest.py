"""What every test stands on. Loaded before the settings are: that is why they are named here.

The database is made, migrated and flushed by the owner; tests run as `nrghax_test`, a login without rights of its
own, like the web's. The body of a test acts as the worker, who sees every row; each request takes on its visitor's
identity and gives it back.
"""

import os
from pathlib import Path

os.environ["NRGHAX_PROCESS"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "nrghax.settings"

import pytest


def _own_cache_and_broker() -> None:
    """A numbered database of Valkey for each xdist worker, so that none shares keys with another or with `make run`."""
    if "REDIS_URL" not in os.environ:
        from nrghax.embedded import ensure_servers

        os.environ["REDIS_URL"] = ensure_servers(Path(__file__).resolve().parent / ".local").redis
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
    base, _, database = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{base if database.isdigit() else os.environ['REDIS_URL'].rstrip('/')}/{number}"


_own_cache_and_broker()

import django

django.setup()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings, request):
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from accounts.roles import OWNER, TEST, prepare_database

    def act_as(role):
        connection.close()
        options = connection.settings_dict["OPTIONS"]
        options.pop("options", None)
        if role:
            options["options"] = f"-c role={role}"

    with django_db_blocker.unblock():
        act_as(OWNER)
        databases = setup_databases(verbosity=0, interactive=False)
        connection.ensure_connection()
        prepare_database(connection.connection, logins=[TEST])
        act_as(None)
        yield
        act_as(OWNER)
        teardown_databases(databases, verbosity=0)


@pytest.fixture(autouse=True)
def _worker_in_the_test_body(request):
    marker = request.node.get_closest_marker("django_db")
    uses_transaction = {"transactional_db", "live_server", "django_db_serialized_rollback"} & set(request.fixturenames)
    if marker is None or marker.kwargs.get("transaction") or uses_transaction:
        yield
        return
    from nrghax.identity import NOBODY, Role, become, connections

    request.getfixturevalue("db")
    become(Role.WORKER)
    yield
    connections["default"].nrghax_identity = NOBODY


@pytest.fixture(autouse=True, scope="session")
def _flush_as_owner():
    from django.test import TransactionTestCase

    from nrghax.identity import Role, database_identity

    flush = TransactionTestCase._fixture_teardown

    def flush_as_owner(self):
        with database_identity(Role.OWNER):
            flush(self)

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
    from nrghax.identity import Role, database_identity

    def sign_in(member):
        with database_identity(Role.AUTH):
            client.force_login(member.user)
        return client

    return sign_in


@pytest.fixture
def member_client(sign_in, member):
    return sign_in(member)
