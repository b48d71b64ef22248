import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.tests.factories import make_member
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from practice.models import DailyCheckin, MemberStats
from practice.tasks import close_streaks, recompute_progress, recompute_streaks
from practice.tests.factories import days_ago, make_checkin, make_session

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_only_ended_streaks_are_closed(member):
    make_checkin(member, days_ago(0))
    over = make_member()
    make_checkin(over, days_ago(5))
    # The trigger already stored 0, because the day is in the past; restore the value it had while the day was open.
    MemberStats.objects.filter(pk=over.pk).update(current_streak=1)
    assert close_streaks() == 1
    assert MemberStats.objects.get(pk=over.pk).current_streak == 0
    assert MemberStats.objects.get(pk=member.pk).current_streak == 1
    assert close_streaks() == 0


def corrupt_streak(checkin: DailyCheckin) -> None:
    """Store a wrong streak as the owner role, past the triggers, as a bug or a restored table could."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE nrghax_owner")
        cursor.execute("UPDATE daily_checkins SET streak_count = 40 WHERE id = %s", [checkin.pk])
        cursor.execute("SET LOCAL ROLE nrghax_worker")


def test_streak_drift_is_repaired_and_logged(member, caplog):
    checkin = make_checkin(member, days_ago(0))
    make_checkin(make_member(), days_ago(0))
    corrupt_streak(checkin)
    MemberStats.objects.filter(pk=member.pk).update(longest_streak=40)
    with caplog.at_level(logging.WARNING):
        assert recompute_streaks() == 2
    assert "repaired 2 rows of 1 members" in caplog.text
    checkin.refresh_from_db()
    assert checkin.streak_count == 1
    assert MemberStats.objects.get(pk=member.pk).longest_streak == 1


def test_recompute_streaks_logs_nothing_without_drift(member, caplog):
    make_checkin(member, days_ago(0))
    assert recompute_streaks() == 0
    assert caplog.text == ""


def totals(member, hack):
    return UserHackProgress.objects.values_list(
        "total_practice_count", "total_practice_minutes", "days_active", "mastery_level"
    ).get(user=member, hack=hack)


def test_progress_drift_is_repaired_and_logged(member, caplog):
    hack, other = HackFactory(), HackFactory()
    for day in range(5):
        make_session(member, hack, started_at=NOON + timedelta(days=day))
    make_session(member, other, started_at=NOON)
    UserHackProgress.objects.filter(user=member, hack=hack).update(
        total_practice_count=99, mastery_level=5, first_practiced_at=None, is_favorite=True
    )
    with caplog.at_level(logging.WARNING):
        assert recompute_progress() == 1
    assert "repaired 1 rows" in caplog.text
    assert totals(member, hack) == (5, 50, 5, 2)
    progress = UserHackProgress.objects.get(user=member, hack=hack)
    assert (progress.first_practiced_at, progress.is_favorite) == (NOON, True)
    assert recompute_progress() == 0


@pytest.mark.parametrize("column", ["total_practice_count", "total_practice_minutes", "days_active", "mastery_level"])
def test_each_total_is_compared_with_sessions(member, column):
    hack = HackFactory()
    make_session(member, hack, started_at=NOON)
    before = totals(member, hack)
    UserHackProgress.objects.filter(user=member, hack=hack).update(**{column: 3})
    assert recompute_progress() == 1
    assert totals(member, hack) == before


def test_missing_progress_is_created(member):
    hack = HackFactory()
    make_session(member, hack, started_at=NOON)
    make_session(member, hack, started_at=NOON + timedelta(minutes=30), ended_at=None)
    UserHackProgress.objects.filter(user=member).delete()
    assert recompute_progress() == 1
    assert totals(member, hack) == (1, 10, 1, 1)


def test_progress_without_sessions_is_reset(member):
    hack = HackFactory()
    UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=3, notes="Kept.")
    assert recompute_progress() == 1
    assert totals(member, hack) == (0, 0, 0, 0)
    assert UserHackProgress.objects.get(user=member).notes == "Kept."


def test_recompute_progress_logs_nothing_without_drift(member, caplog):
    make_session(member, HackFactory(), started_at=NOON)
    UserHackProgress.objects.create(user=member, hack=HackFactory(), is_favorite=True)
    assert recompute_progress() == 0
    assert caplog.text == ""


def test_number_of_queries_is_independent_of_members(django_assert_num_queries):
    hack = HackFactory()
    for day in range(3):
        member = make_member()
        make_session(member, hack, started_at=NOON)
        make_checkin(member, days_ago(day))
    for task in (close_streaks, recompute_streaks, recompute_progress):
        with django_assert_num_queries(1):
            task()
