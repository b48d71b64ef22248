"""The nightly drift check of XP repairs awards and totals that were changed outside the actions."""

import logging
from datetime import UTC, datetime

import pytest
from django.db import connection

from accounts.tests.factories import make_member
from gamification.models import UserXp, XpEntry
from gamification.tasks import recompute_xp
from gamification.tests.factories import make_award
from hacks.tests.factories import HackFactory
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
def member_with_xp(member):
    """One of two members with settled awards from practice, check-in and challenges."""
    hack = HackFactory()
    for each in (member, make_member()):
        make_session(each, hack, started_at=MORNING, created_at=MORNING)
        make_checkin(each, MORNING.date())
        make_award(each, 500, category=hack.category)
        make_award(each, 100)
    recompute_xp()
    return member


def totals(member) -> list[tuple]:
    return list(UserXp.objects.filter(user=member).order_by("xp_amount").values_list("xp_amount", "level"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda own: own.xp.update(xp_amount=7),
        lambda own: own.xp.filter(category=None).update(level=9),
        lambda own: own.xp.all().delete(),
        lambda own: own.xp.filter(category=None).delete(),
        lambda own: own.xp_entries.filter(source="session").delete(),
        lambda own: own.xp_entries.filter(source="checkin").update(amount=4000),
        lambda own: make_award(own, 30, source="session", earned_on=MORNING.date()),
    ],
    ids=["amount", "level", "missing", "no overall", "lost award", "wrong award", "award without session"],
)
def test_drift_is_repaired_and_logged(member_with_xp, damage, caplog):
    before = totals(member_with_xp)
    assert before == [(520, 3), (625, 4)]
    damage(member_with_xp)
    with caplog.at_level(logging.WARNING):
        assert recompute_xp() > 0
    assert totals(member_with_xp) == before
    assert set(member_with_xp.xp_entries.values_list("amount", flat=True)) == {20, 5, 500, 100}
    assert "XP had drifted" in caplog.text
    assert recompute_xp() == 0


def test_total_without_awards_is_set_to_zero(member_with_xp):
    UserXp.objects.create(user=member_with_xp, category=HackFactory().category, xp_amount=300, level=3)
    assert recompute_xp() == 1
    assert totals(member_with_xp) == [(0, 1), (520, 3), (625, 4)]


def test_check_without_drift_logs_and_writes_nothing(member_with_xp, caplog):
    def row_versions():
        with connection.cursor() as cursor:
            cursor.execute("SELECT array_agg(xmin::text || ctid::text ORDER BY id) FROM user_xp")
            return cursor.fetchone()

    before = row_versions()
    assert recompute_xp() == 0
    assert (row_versions(), caplog.text) == (before, "")


def test_deleted_totals_are_rebuilt(member_with_xp):
    before = totals(member_with_xp)
    UserXp.objects.all().delete()
    recompute_xp()
    assert totals(member_with_xp) == before


def test_number_of_queries_does_not_depend_on_members(member_with_xp, django_assert_num_queries):
    for size in (1, 4):
        for _ in range(size):
            make_checkin(make_member(), MORNING.date())
        # Query the differences, lock and award the batch in a savepoint, and correct the totals in another.
        with django_assert_num_queries(8):
            recompute_xp()
    assert XpEntry.objects.filter(source="checkin").count() == 7
