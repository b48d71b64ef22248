from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction

from accounts.tests.factories import make_member
from database.identity import NO_IDENTITY, Identity, Role, become, current_identity, database_identity


def database_user_and_member():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, app.uid()")
        return cursor.fetchone()


@pytest.mark.django_db
def test_identity_is_set_and_restored(member):
    with database_identity(Role.MEMBER, member.pk):
        assert database_user_and_member() == ("nrghax_member", member.pk)
        assert current_identity() == Identity(Role.MEMBER, member.pk)
    assert database_user_and_member() == ("nrghax_worker", None)


@pytest.mark.django_db
def test_outer_identity_is_restored_after_error(member):
    with pytest.raises(DatabaseError), database_identity(Role.ANON), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM practice_sessions")
    assert database_user_and_member() == ("nrghax_worker", None)
    assert current_identity().role == Role.WORKER


@pytest.mark.django_db(transaction=True)
def test_connection_keeps_no_identity_after_transaction():
    member = make_member()
    with database_identity(Role.MEMBER, member.pk):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('app.user_id', true)")
        assert cursor.fetchone() == ("nrghax_test", "")
    assert current_identity() == NO_IDENTITY


@pytest.mark.django_db(transaction=True)
def test_identity_needs_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        become(Role.ANON)


@pytest.mark.django_db
def test_identity_is_passed_as_parameters():
    text = "', true); DROP TABLE users; --"
    become(Role.MEMBER, text)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.user_id'), to_regclass('public.users') IS NOT NULL")
        assert cursor.fetchone() == (text, True)


@pytest.mark.django_db(transaction=True)
def test_connection_is_reopened_after_server_closed_it():
    def backend():
        with database_identity(Role.ANON), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    def terminate(pid):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
                return cursor.fetchone()[0]
        finally:
            connection.close()

    before = backend()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(terminate, before).result()
    # Django calls this at the start of each request.
    connection.close_if_unusable_or_obsolete()
    assert backend() != before


@pytest.mark.django_db(transaction=True)
def test_nested_identity_restores_role_that_connection_began_with():
    """With one URL for all processes, the worker's connection begins as its role and not as the login."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    own.settings_dict = {**own.settings_dict, "OPTIONS": {"options": "-c role=nrghax_worker"}}
    connections["own"] = own
    try:
        with transaction.atomic(using="own"), own.cursor() as cursor:
            roles = []
            with database_identity(Role.MEMBER, uuid4(), using="own"):
                cursor.execute("SELECT current_user")
                roles += cursor.fetchone()
            cursor.execute("SELECT current_user")
            roles += cursor.fetchone()
        assert roles == ["nrghax_member", "nrghax_worker"]
    finally:
        own.close()
        del connections["own"]
