from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from uuid import uuid4

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction

from accounts.tests.factories import make_member
from database.identity import NO_IDENTITY, Identity, Role, after_commit, become, current_identity, database_identity


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


class TestCommitHooks:
    """A package's hook runs after the transaction, whose end takes its identity away."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @staticmethod
    def who() -> tuple:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, app.uid()")
            return cursor.fetchone()

    def test_hook_runs_under_identity_that_registered_it(self):
        seen, member_id = [], uuid4()

        with database_identity(Role.AUTH, member_id):
            transaction.on_commit(lambda: seen.append(self.who()))
            with database_identity(Role.ANON):
                transaction.on_commit(lambda: seen.append(self.who()))

        assert seen == [("nrghax_auth", member_id), ("nrghax_anon", None)]
        assert current_identity().role is Role.NONE

    def test_hook_runs_in_context_that_registered_it(self):
        """allauth keeps the request in a context variable and resets it before the transaction ends."""
        request, seen = ContextVar("request", default=None), []

        with database_identity(Role.AUTH):
            token = request.set("the request")
            transaction.on_commit(lambda: seen.append(request.get()))
            request.reset(token)

        assert seen == ["the request"]

    def test_hook_that_fails_undoes_nothing_and_stops_no_other(self, caplog):
        seen = []

        def fail():
            seen.append("failed")
            raise RuntimeError("The mail server refuses.")

        with database_identity(Role.AUTH):
            transaction.on_commit(fail)
            transaction.on_commit(lambda: seen.append(self.who()[0]))

        assert seen == ["failed", "nrghax_auth"]
        assert "The mail server refuses." in caplog.text

    def test_hook_without_database_runs_outside_a_transaction(self):
        seen = []

        with database_identity(Role.AUTH):
            after_commit(lambda: seen.append(connection.in_atomic_block))

        assert seen == [False]

    def test_hook_of_rolled_back_transaction_does_not_run(self):
        seen = []

        with database_identity(Role.AUTH):
            transaction.on_commit(lambda: seen.append(1))
            after_commit(lambda: seen.append(2))
            transaction.set_rollback(True)

        assert seen == []
