import pytest
from django.db import DatabaseError, connection, transaction

from accounts.tests.factories import make_member
from nrghax.identity import NOBODY, Identity, Role, become, current_identity, database_identity


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
