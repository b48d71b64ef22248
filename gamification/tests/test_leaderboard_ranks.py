"""Counting the boards: who stands where, against an obvious count in Python."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as project
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from accounts.models import Member
from accounts.tests.factories import make_member
from gamification.actions import rank_members
from gamification.models import Leaderboard, LeaderboardEntry, XpEntry
from gamification.tasks import rank_members as task
from hacks.tests.factories import HackCategoryFactory
from nrghax.identity import Role, database_identity
from practice.tests.test_streak_concurrency import meanwhile

# A Wednesday; the month began on a Sunday, within the week before.
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
DAYS = [date(2026, 2, 28), date(2026, 3, 1), MONDAY, date(2026, 3, 4), date(2026, 3, 8), date(2026, 3, 9)]
SHOWN = {"leaderboard_visible": True, "profile_public": False}
HIDDEN = {"leaderboard_visible": False, "profile_public": False}


def earn(member: Member, amount: int, day: date = MONDAY, category=None) -> XpEntry:
    return XpEntry.objects.create(
        user=member, source="session", source_id=uuid7(), category=category, amount=amount, earned_on=day
    )


def board(period: str = "week", category=None) -> list[tuple]:
    """(username, XP, rank, place, is listed) in the order of the list."""
    entries = LeaderboardEntry.objects.filter(board__period=period, board__category=category)
    return list(
        entries.order_by("place", "is_listed").values_list("user__username", "xp", "rank", "place", "is_listed")
    )


def obvious(members, awards, period: str, category) -> set[tuple]:
    first = {"week": MONDAY, "month": date(2026, 3, 1), "all": date.min}[period]
    end = {"week": MONDAY + timedelta(days=7), "month": date(2026, 4, 1), "all": date.max}[period]
    xp: dict = defaultdict(int)
    for who, amount, day, where in awards:
        if first <= day < end and category in (None, where):
            xp[who] += amount
    order = sorted((who for who in xp if xp[who]), key=lambda who: (-xp[who], members[who].pk))
    lines = set()
    for who in order:
        before = [other for other in order[: order.index(who)] if members[other].is_shown]
        better = [other for other in before if xp[other] > xp[who]]
        lines.add((members[who].pk, xp[who], 1 + len(better), 1 + len(before), members[who].is_shown))
    return lines


@pytest.mark.django_db
def test_any_ledger_is_ranked_as_an_obvious_count_ranks_it():
    members = [make_member(username=f"rank_{number}") for number in range(6)]
    members.reverse()
    categories = [None, *HackCategoryFactory.create_batch(2)]
    award = st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(DAYS), st.sampled_from(categories))

    @settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(awards=st.lists(award, max_size=14), later=st.lists(award, max_size=4), shown=st.sets(st.integers(0, 5)))
    def count(awards, later, shown):
        with transaction.atomic():
            for number, member in enumerate(members):
                member.is_shown = number in shown
                Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN if member.is_shown else HIDDEN)
            # The second count starts from what the first one left.
            for so_far, new in ((awards, awards), (awards + later, later)):
                for who, amount, day, category in new:
                    earn(members[who], amount, day, category)
                rank_members(now=NOW)
                for period in Leaderboard.Period.values:
                    for category in categories:
                        entries = LeaderboardEntry.objects.filter(board__period=period, board__category=category)
                        lines = set(entries.values_list("user", "xp", "rank", "place", "is_listed"))
                        assert lines == obvious(members, so_far, period, category)
            transaction.set_rollback(True)

    count()


@pytest.mark.django_db
class TestCounting:
    def test_equals_share_a_rank_and_stand_in_the_order_of_their_joining(self):
        for name, xp in (("ann", 5), ("bea", 9), ("cai", 5), ("dan", 1)):
            earn(make_member(username=name, privacy_settings=SHOWN), xp)
        expected = [("bea", 9, 1, 1, True), ("ann", 5, 2, 2, True), ("cai", 5, 2, 3, True), ("dan", 1, 4, 4, True)]
        for _ in range(2):
            rank_members(now=NOW)
            assert board() == expected

    def test_who_hides_moves_nobody_and_has_the_place_that_they_would_have(self):
        for name, xp, switches in (("ann", 9, SHOWN), ("bea", 7, HIDDEN), ("cai", 5, SHOWN), ("dan", 1, HIDDEN)):
            earn(make_member(username=name, privacy_settings=switches), xp)
        rank_members(now=NOW)
        assert board() == [
            ("ann", 9, 1, 1, True), ("bea", 7, 2, 2, False), ("cai", 5, 2, 2, True), ("dan", 1, 3, 3, False),
        ]  # fmt: skip

    def test_whose_account_is_closed_is_not_listed(self, member):
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        earn(member, 5)
        member.user.is_active = False
        member.user.save()
        rank_members(now=NOW)
        assert [line[-1] for line in board()] == [False]

    def test_a_second_count_writes_nothing(self, member):
        earn(member, 5)
        assert rank_members(now=NOW) == 3
        before = list(LeaderboardEntry.objects.order_by("pk").values())
        assert rank_members(now=NOW + timedelta(minutes=10)) == 0
        assert list(LeaderboardEntry.objects.order_by("pk").values()) == before
        assert set(Leaderboard.objects.values_list("counted_at", flat=True)) == {NOW + timedelta(minutes=10)}

    def test_what_is_undone_is_gone_at_the_next_count(self, member):
        award = earn(member, 5)
        rank_members(now=NOW)
        award.delete()
        assert rank_members(now=NOW) == 3
        assert not LeaderboardEntry.objects.exists()

    def test_a_new_week_and_a_new_month_begin_empty(self, member):
        earn(member, 5, date(2026, 3, 31))
        rank_members(now=datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
        assert [len(board(period)) for period in ("week", "month", "all")] == [1, 1, 1]
        rank_members(now=datetime(2026, 4, 1, tzinfo=UTC))
        assert [len(board(period)) for period in ("week", "month", "all")] == [1, 0, 1]
        rank_members(now=datetime(2026, 4, 6, tzinfo=UTC))
        assert [len(board(period)) for period in ("week", "month", "all")] == [0, 0, 1]

    def test_a_category_has_its_boards_before_anybody_practises_in_it(self):
        category = HackCategoryFactory()
        rank_members(now=NOW)
        starts = dict(Leaderboard.objects.filter(category=category).values_list("period", "starts_on"))
        assert starts == {"week": MONDAY, "month": date(2026, 3, 1), "all": None}

    def test_the_task_counts_every_ten_minutes(self, member):
        earn(member, 5)
        assert task() == 1
        [entry] = [each for each in project.CELERY_BEAT_SCHEDULE.values() if each["task"] == task.name]
        assert entry["schedule"].minute == set(range(0, 60, 10))


@pytest.mark.django_db(transaction=True)
def test_of_two_counts_at_once_the_second_leaves_it_to_the_first():
    with database_identity(Role.WORKER):
        earn(make_member(), 5)
    outcome = []

    def count() -> None:
        with database_identity(Role.WORKER):
            outcome.append(rank_members(now=NOW))

    with database_identity(Role.WORKER):
        assert rank_members(now=NOW) == 3
        other = meanwhile(count)
    other.join()
    assert outcome == [0]
    with database_identity(Role.WORKER):
        assert LeaderboardEntry.objects.count() == 3
