"""The nightly check: what somebody or something has written past the actions is found and mended."""

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
def practised(member):
    """Two members with awards of every kind of row, settled."""
    hack = HackFactory()
    for somebody in (member, make_member()):
        make_session(somebody, hack, started_at=MORNING, created_at=MORNING)
        make_checkin(somebody, MORNING.date())
        make_award(somebody, 500, category=hack.category)
        make_award(somebody, 100)
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
    ids=["amount", "level", "missing", "no overall", "lost award", "wrong award", "award of nothing"],
)
def test_drift_is_mended_and_told(practised, damage, caplog):
    before = totals(practised)
    assert before == [(520, 3), (625, 4)]
    damage(practised)
    with caplog.at_level(logging.WARNING):
        assert recompute_xp() > 0
    assert totals(practised) == before
    assert set(practised.xp_entries.values_list("amount", flat=True)) == {20, 5, 500, 100}
    assert "XP had drifted" in caplog.text
    assert recompute_xp() == 0


def test_a_total_that_no_award_stands_behind_is_emptied(practised):
    UserXp.objects.create(user=practised, category=HackFactory().category, xp_amount=300, level=3)
    assert recompute_xp() == 1
    assert totals(practised) == [(0, 1), (520, 3), (625, 4)]


def test_a_healthy_night_says_and_writes_nothing(practised, caplog):
    def written():
        with connection.cursor() as cursor:
            cursor.execute("SELECT array_agg(xmin::text || ctid::text ORDER BY id) FROM user_xp")
            return cursor.fetchone()

    before = written()
    assert recompute_xp() == 0
    assert (written(), caplog.text) == (before, "")


def test_totals_are_rebuilt_from_nothing(practised):
    before = totals(practised)
    UserXp.objects.all().delete()
    recompute_xp()
    assert totals(practised) == before


def test_no_statement_runs_once_a_member(practised, django_assert_num_queries):
    for size in (1, 4):
        for _ in range(size):
            make_checkin(make_member(), MORNING.date())
        # Who differs; the batch's locks and its awards in a savepoint; the totals in another.
        with django_assert_num_queries(8):
            recompute_xp()
    assert XpEntry.objects.filter(source="checkin").count() == 7
