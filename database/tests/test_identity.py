from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.tests.factories import make_member
from database.identity import NOBODY, Identity, Role, become, current_identity, database_identity


def settings_in_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, app.uid()")
        return cursor.fetchone()


@pytest.mark.django_db
def test_identity_is_taken_on_and_given_back(member):
    with database_identity(Role.MEMBER, member.pk):
        assert settings_in_database() == ("nrghax_member", member.pk)
        assert current_identity() == Identity(Role.MEMBER, member.pk)
    assert settings_in_database() == ("nrghax_worker", None)


@pytest.mark.django_db
def test_outer_identity_is_back_after_an_error(member):
    with pytest.raises(DatabaseError), database_identity(Role.ANON), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM practice_sessions")
    assert settings_in_database() == ("nrghax_worker", None)
    assert current_identity().role == Role.WORKER


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_on_the_connection_afterwards():
    member = make_member()
    with database_identity(Role.MEMBER, member.pk):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('app.user_id', true)")
        assert cursor.fetchone() == ("nrghax_test", "")
    assert current_identity() == NOBODY


@pytest.mark.django_db(transaction=True)
def test_identity_needs_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        become(Role.ANON)


@pytest.mark.django_db
def test_identity_is_passed_as_values_not_as_sql():
    text = "', true); DROP TABLE users; --"
    become(Role.MEMBER, text)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.user_id'), to_regclass('public.users') IS NOT NULL")
        assert cursor.fetchone() == (text, True)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_closed_is_made_anew():
    """Django asks at the start of a request whether the connection still works."""

    def backend():
        with database_identity(Role.ANON), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    def end(pid):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
                return cursor.fetchone()[0]
        finally:
            connection.close()

    before = backend()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(end, before).result()
    # As each request begins.
    connection.close_if_unusable_or_obsolete()
    assert backend() != before
