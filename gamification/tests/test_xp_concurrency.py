"""Concurrent workers on separate connections award and revoke XP of one member."""

from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from gamification.actions import award_xp, revoke_xp, settle_xp
from gamification.models import UserXp, XpEntry
from gamification.tests.factories import make_award
from hacks.tests.factories import HackFactory
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db(transaction=True)

MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)


def as_worker(action, **arguments):
    def run():
        with database_identity(Role.WORKER):
            action(**arguments)

    return run


def overall(member) -> int:
    return UserXp.objects.get(user=member, category=None).xp_amount


def test_concurrent_settling_awards_once(transactional_db):
    member, hack = make_member(), HackFactory()
    for hour in range(7):
        start = MORNING + timedelta(hours=hour)
        make_session(member, hack, started_at=start, created_at=start)
    with database_identity(Role.WORKER):
        assert settle_xp(member_id=member.pk) == 7
        other = start_in_thread(as_worker(settle_xp, member_id=member.pk))
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        assert (XpEntry.objects.count(), overall(member)) == (7, 100)
        assert settle_xp(member_id=member.pk) == 0


def test_daily_limit_holds_for_concurrent_sessions():
    member = make_member()

    def practise_in_hour(hour):
        start = MORNING + timedelta(hours=hour)
        with database_identity(Role.WORKER):
            make_session(member, HackFactory(), started_at=start, created_at=start)

    for hour in range(4):
        practise_in_hour(hour)
    with database_identity(Role.WORKER):
        settle_xp(member_id=member.pk)
    with database_identity(Role.WORKER):
        practise_in_hour(4)
        assert settle_xp(member_id=member.pk) == 1
        assert not start_in_thread(lambda: practise_in_hour(5)).is_alive()
        other = start_in_thread(as_worker(settle_xp, member_id=member.pk))
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        assert (XpEntry.objects.count(), overall(member)) == (6, 100)


def test_daily_limit_holds_for_concurrent_awards():
    member = make_member()
    review = {"member_id": member.pk, "source": "review"}
    with database_identity(Role.WORKER):
        for _ in range(3):
            award_xp(**review, source_id=uuid7())
    with database_identity(Role.WORKER):
        award_xp(**review, source_id=uuid7())
        other = start_in_thread(as_worker(award_xp, **review, source_id=uuid7()))
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        assert sorted(XpEntry.objects.values_list("amount", flat=True)) == [0, 15, 15, 15, 15]
        assert overall(member) == 60


def test_concurrent_award_takes_place_of_revoked_one():
    member, revoked = make_member(), uuid7()
    review = {"member_id": member.pk, "source": "review"}
    with database_identity(Role.WORKER):
        for source_id in (revoked, uuid7(), uuid7(), uuid7()):
            award_xp(**review, source_id=source_id)
    with database_identity(Role.WORKER):
        award_xp(**review, source_id=uuid7())
        other = start_in_thread(as_worker(revoke_xp, **review, source_id=revoked))
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        assert list(XpEntry.objects.values_list("amount", flat=True)) == [15] * 4
        assert overall(member) == 60


def test_trigger_adds_up_concurrent_inserts():
    member = make_member()
    with database_identity(Role.WORKER):
        make_award(member, 10)
        other = start_in_thread(lambda: make_award(member, 20))
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        assert overall(member) == 30
