"""The partitions of the activity log: created ahead, filled from DEFAULT, dropped when old."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from analytics.models import Activity, UserActivityLog
from database.identity import Role, database_identity

pytestmark = pytest.mark.django_db


def fetch_value(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def partition_of(entry):
    return fetch_value("SELECT tableoid::regclass::text FROM user_activity_logs WHERE id = %s", entry.pk)


def log(member, moment, **fields):
    return UserActivityLog.objects.create(
        user=member, activity_type=Activity.CHECKIN_SAVED, created_at=moment, **fields
    )


def test_new_partition_takes_its_rows_from_default(member):
    entry = log(member, datetime(2031, 5, 31, 23, 59, tzinfo=UTC))
    after = log(member, datetime(2031, 6, 1, tzinfo=UTC))
    assert partition_of(entry) == "user_activity_logs_default"
    assert fetch_value("SELECT app.make_activity_partitions(0, '2031-05-10')") == 1
    assert partition_of(entry) == "user_activity_logs_2031_05"
    assert partition_of(after) == "user_activity_logs_default"


def test_partitions_are_created_once(member):
    assert fetch_value("SELECT app.make_activity_partitions(3, '2031-11-10')") == 4
    assert fetch_value("SELECT app.make_activity_partitions(3, '2031-11-10')") == 0
    assert partition_of(log(member, datetime(2032, 1, 15, tzinfo=UTC))) == "user_activity_logs_2032_01"


def test_new_partition_has_row_security_and_no_grants(member):
    fetch_value("SELECT app.make_activity_partitions(0, '2031-05-10')")
    has_row_security = fetch_value(
        "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = 'user_activity_logs_2031_05'"
    )
    assert has_row_security
    with database_identity(Role.STAFF):
        for privilege in ("SELECT", "INSERT", "DELETE"):
            assert not fetch_value("SELECT has_table_privilege('user_activity_logs_2031_05', %s)", privilege)


def test_old_partition_is_dropped_unless_activity_is_pending(member):
    fetch_value("SELECT app.make_activity_partitions(1, '2019-01-10')")
    done = log(member, datetime(2019, 1, 5, tzinfo=UTC), processed_at=datetime(2019, 1, 5, tzinfo=UTC))
    waiting = log(member, datetime(2019, 2, 5, tzinfo=UTC))
    assert fetch_value("SELECT app.drop_activity_partitions('2019-02-01')") == 1
    assert not UserActivityLog.objects.filter(pk=done.pk).exists()
    assert fetch_value("SELECT app.drop_activity_partitions('2019-03-01')") == 0
    assert UserActivityLog.objects.filter(pk=waiting.pk).exists()


def test_primary_key_is_id_and_created_at(member):
    definition = fetch_value(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'user_activity_logs'::regclass AND contype = 'p'"
    )
    assert definition == "PRIMARY KEY (id, created_at)"
