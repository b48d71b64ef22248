"""Unlocking of hacks by sql/unlock_hacks.sql, including concurrent calls."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from database.identity import Role, database_identity
from hacks.actions import unlock_hacks
from hacks.models import UserHackProgress
from hacks.tasks import unlock_for_all
from hacks.tests.factories import HackFactory
from practice.tests.factories import make_session

FIRST_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def practise(member, hack, *, times, days):
    """Create `times` sessions, spread over `days` days."""
    for number in range(times):
        make_session(member, hack, started_at=FIRST_DAY + timedelta(days=number % days, hours=number // days))


def unlocked_at(member, hack):
    return UserHackProgress.objects.filter(user=member, hack=hack).values_list("unlocked_at", flat=True).first()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("criteria", "times", "days", "is_due"),
    [
        ({}, 1, 1, True),
        ({"practice_count": 3}, 2, 2, False),
        ({"practice_count": 3}, 3, 1, True),
        ({"days_active": 2}, 5, 1, False),
        ({"days_active": 2}, 2, 2, True),
        ({"practice_count": 3, "days_active": 2}, 3, 1, False),
        ({"practice_count": 3, "days_active": 2}, 2, 2, False),
        ({"practice_count": 3, "days_active": 2}, 3, 2, True),
    ],
)
def test_criteria_are_counted_on_prerequisite(member, criteria, times, days, is_due):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite, unlock_criteria=criteria)
    practise(member, prerequisite, times=times, days=days)
    found = unlock_hacks(member_id=member.pk)
    assert [(each.member_id, each.id, each.name, each.slug) for each in found] == (
        [(member.pk, hack.pk, hack.name, hack.slug)] if is_due else []
    )
    assert (unlocked_at(member, hack) is not None) == is_due


@pytest.mark.django_db
def test_verified_criterion_needs_verified_prerequisite(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite, unlock_criteria={"verified": 1})
    practise(member, prerequisite, times=1, days=1)
    assert unlock_hacks(member_id=member.pk) == []
    UserHackProgress.objects.filter(user=member, hack=prerequisite).update(verified_at=timezone.now())
    assert [each.id for each in unlock_hacks(member_id=member.pk)] == [hack.pk]


@pytest.mark.django_db
def test_favourite_without_practice_unlocks_nothing(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite)
    UserHackProgress.objects.create(user=member, hack=prerequisite, is_favorite=True)
    assert unlock_hacks(member_id=member.pk) == []
    assert unlocked_at(member, hack) is None


@pytest.mark.django_db
def test_unlock_happens_once_and_keeps_time_and_notes(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite)
    UserHackProgress.objects.create(user=member, hack=hack, is_favorite=True, notes="Soon.")
    practise(member, prerequisite, times=1, days=1)
    assert len(unlock_hacks(member_id=member.pk)) == 1
    first = unlocked_at(member, hack)
    UserHackProgress.objects.filter(user=member, hack=hack).update(unlocked_at=first - timedelta(days=9))
    assert unlock_hacks(member_id=member.pk) == []
    assert unlocked_at(member, hack) == first - timedelta(days=9)
    own = UserHackProgress.objects.get(user=member, hack=hack)
    assert (own.is_favorite, own.notes) == (True, "Soon.")


@pytest.mark.django_db
def test_deleting_practice_does_not_lock_again(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite)
    practise(member, prerequisite, times=1, days=1)
    unlock_hacks(member_id=member.pk)
    member.sessions.all().delete()
    assert unlocked_at(member, hack) is not None


@pytest.mark.django_db
def test_unpublished_hack_is_not_unlocked(member):
    prerequisite = HackFactory()
    HackFactory(prerequisite_hack=prerequisite, is_active=False)
    practise(member, prerequisite, times=1, days=1)
    assert unlock_hacks(member_id=member.pk) == []


@pytest.mark.django_db
def test_practised_hack_is_not_reported_as_unlocked(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite)
    practise(member, hack, times=1, days=1)
    practise(member, prerequisite, times=1, days=1)
    assert unlock_hacks(member_id=member.pk) == []


@pytest.mark.django_db
def test_practice_of_other_member_unlocks_nothing(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite)
    other = make_member()
    practise(other, prerequisite, times=1, days=1)
    assert unlock_hacks(member_id=member.pk) == []
    assert unlocked_at(other, hack) is None


@pytest.mark.django_db
def test_unlock_is_recorded_in_activity_log(member):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite)
    practise(member, prerequisite, times=1, days=1)
    [unlocked] = unlock_hacks(member_id=member.pk)
    entry = UserActivityLog.objects.get(activity_type=Activity.HACK_UNLOCKED)
    assert (entry.pk, entry.user_id) == (unlocked.activity_id, member.pk)
    assert entry.activity_data == {"hack_id": str(hack.pk), "name": hack.name, "slug": hack.slug}
    assert entry.processed_at is None


@pytest.mark.django_db
def test_unlock_for_all_unlocks_for_each_member_who_meets_criteria(django_assert_num_queries):
    prerequisite = HackFactory()
    hack = HackFactory(prerequisite_hack=prerequisite, unlock_criteria={"practice_count": 2})
    exact, more, less = make_member(), make_member(), make_member()
    for each, times in ((exact, 2), (more, 3), (less, 1)):
        practise(each, prerequisite, times=times, days=1)
    with django_assert_num_queries(3):  # the statement, and its savepoint
        assert unlock_for_all() == 2
    assert unlock_for_all() == 0
    assert [unlocked_at(each, hack) is not None for each in (exact, more, less)] == [True, True, False]


@pytest.mark.django_db
def test_member_role_cannot_unlock(member):
    prerequisite = HackFactory()
    HackFactory(prerequisite_hack=prerequisite)
    practise(member, prerequisite, times=1, days=1)
    with (
        pytest.raises(ProgrammingError, match=r"row-level security|permission denied"),
        database_identity(Role.MEMBER, member.pk),
    ):
        unlock_hacks(member_id=member.pk)


@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_unlock_once():
    members = [make_member() for _ in range(3)]
    prerequisite = HackFactory()
    HackFactory(prerequisite_hack=prerequisite)
    HackFactory(prerequisite_hack=prerequisite)
    for each in members:
        practise(each, prerequisite, times=1, days=1)
    barrier = Barrier(2)
    found = []

    def work():
        try:
            with database_identity(Role.WORKER):
                barrier.wait(timeout=10)
                found.append(unlock_hacks())
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    assert sum(len(each) for each in found) == 6
    with database_identity(Role.WORKER):
        assert UserActivityLog.objects.filter(activity_type=Activity.HACK_UNLOCKED).count() == 6
        assert UserHackProgress.objects.filter(unlocked_at__lte=timezone.now()).count() == 6
