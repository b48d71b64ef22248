"""Ranks of leaderboards, compared with a simple count in Python."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as project
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Member
from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from gamification.actions import rank_members
from gamification.leaderboards import read_board_page
from gamification.models import Leaderboard, LeaderboardEntry, LeaderboardStep
from gamification.tasks import rank_members as task
from gamification.tests.factories import HIDDEN, MONDAY, SHOWN, earn
from hacks.tests.factories import HackCategoryFactory

# A Wednesday. The month began on the Sunday of the week before.
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAYS = [date(2026, 2, 28), date(2026, 3, 1), MONDAY, date(2026, 3, 4), date(2026, 3, 8), date(2026, 3, 9)]


def board(period: str = "week", category=None) -> Leaderboard:
    return Leaderboard.objects.get(period=period, category=category)


def entries(period: str = "week", category=None) -> list[tuple]:
    """Return (username, XP, is listed) of each entry, by XP in descending order."""
    rows = board(period, category).entries.order_by("-xp", "user")
    return list(rows.values_list("user__username", "xp", "is_listed"))


def steps(period: str = "week", category=None) -> list[tuple]:
    """Return (XP, rank, number of members with that rank) of each step, by XP in descending order."""
    return list(board(period, category).steps.order_by("-xp").values_list("xp", "rank", "members"))


def simple_xp(awards, period: str, category) -> dict[int, int]:
    """Return the XP of the period and category by index of the member; members without XP are left out."""
    first = {"week": MONDAY, "month": date(2026, 3, 1), "all": date.min}[period]
    end = {"week": MONDAY + timedelta(days=7), "month": date(2026, 4, 1), "all": date.max}[period]
    xp: dict[int, int] = defaultdict(int)
    for index, amount, day, award_category in awards:
        if first <= day < end and category in (None, award_category):
            xp[index] += amount
    return {index: amount for index, amount in xp.items() if amount}


def assert_board_matches(members, xp: dict[int, int], period: str, category) -> None:
    rows = board(period, category).entries.values_list("user", "xp", "is_listed")
    assert set(rows) == {(members[index].pk, xp[index], members[index].is_shown) for index in xp}
    listed = [xp[index] for index in xp if members[index].is_shown]
    assert steps(period, category) == [
        (amount, 1 + sum(other > amount for other in listed), listed.count(amount))
        for amount in sorted(set(listed), reverse=True)
    ]
    for own in list(xp)[:2]:
        order = sorted((i for i in xp if members[i].is_shown or i == own), key=lambda i: (-xp[i], members[i].pk))
        position = order.index(own)
        page = read_board_page(members[own], board(period, category).pk, 1)
        around = page.around or page.rows[max(0, position - 3) : position + 4]
        assert [row.xp for row in around] == [xp[i] for i in order[max(0, position - 3) : position + 4]]
        assert [row.is_own for row in around].index(True) == min(position, 3)
        assert page.own.is_shared == (sum(xp[i] == xp[own] for i in order) > 1)
        assert page.own.rank == 1 + sum(xp[i] > xp[own] for i in order)


@pytest.mark.django_db
def test_ranks_match_simple_count_for_any_ledger():
    members = [make_member(username=f"rank_{number}") for number in range(6)]
    members.reverse()
    categories = [None, *HackCategoryFactory.create_batch(2)]
    award = st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(DAYS), st.sampled_from(categories))

    @settings(max_examples=settings().max_examples // 8)
    @given(awards=st.lists(award, max_size=14), later=st.lists(award, max_size=4), shown=st.sets(st.integers(0, 5)))
    def count(awards, later, shown):
        with transaction.atomic():
            for number, member in enumerate(members):
                member.is_shown = number in shown
                member.privacy_settings = SHOWN if member.is_shown else HIDDEN
                member.save(update_fields=["privacy_settings"])
            # The second count starts from the entries of the first.
            for so_far, new in ((awards, awards), (awards + later, later)):
                for index, amount, day, category in new:
                    earn(members[index], amount, day, category)
                rank_members(now=NOW)
                for period in Leaderboard.Period.values:
                    for category in categories:
                        assert_board_matches(members, simple_xp(so_far, period, category), period, category)
            transaction.set_rollback(True)

    count()


@pytest.mark.django_db
class TestCounting:
    def test_equal_xp_shares_rank(self):
        for name, xp in (("ann", 5), ("bea", 9), ("cai", 5), ("dan", 1)):
            earn(make_member(username=name, privacy_settings=SHOWN), xp)
        rank_members(now=NOW)
        assert entries() == [("bea", 9, True), ("ann", 5, True), ("cai", 5, True), ("dan", 1, True)]
        assert steps() == [(9, 1, 1), (5, 2, 2), (1, 4, 1)]

    def test_hidden_member_does_not_move_others(self):
        for name, xp, switches in (("ann", 9, SHOWN), ("bea", 7, HIDDEN), ("cai", 5, SHOWN), ("dan", 5, HIDDEN)):
            earn(make_member(username=name, privacy_settings=switches), xp)
        rank_members(now=NOW)
        assert [line[2] for line in entries()] == [True, False, True, False]
        assert steps() == [(9, 1, 1), (5, 2, 1)]

    def test_closed_account_is_not_listed(self, member):
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        earn(member, 5)
        member.user.is_active = False
        member.user.save()
        rank_members(now=NOW)
        assert [line[-1] for line in entries()] == [False]
        assert steps() == []

    def test_overtaking_changes_no_rows_of_others(self):
        for xp in (9, 7):
            last = make_member(privacy_settings=SHOWN)
            earn(last, xp)
        assert rank_members(now=NOW) == 6
        earn(last, 5)
        assert rank_members(now=NOW) == 3
        assert steps() == [(12, 1, 1), (9, 2, 1)]

    def test_second_count_writes_nothing(self, member):
        earn(member, 5)
        assert rank_members(now=NOW) == 3
        before = list(LeaderboardEntry.objects.order_by("pk").values())
        assert rank_members(now=NOW + timedelta(minutes=10)) == 0
        assert list(LeaderboardEntry.objects.order_by("pk").values()) == before
        assert set(Leaderboard.objects.values_list("counted_at", flat=True)) == {NOW + timedelta(minutes=10)}

    def test_deleted_award_is_removed_by_next_count(self, member):
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        award = earn(member, 5)
        rank_members(now=NOW)
        award.delete()
        assert rank_members(now=NOW) == 3
        assert not LeaderboardEntry.objects.exists()
        assert not LeaderboardStep.objects.exists()

    def test_new_week_and_new_month_start_empty(self, member):
        earn(member, 5, date(2026, 3, 31))
        rank_members(now=datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
        assert [len(entries(period)) for period in ("week", "month", "all")] == [1, 1, 1]
        rank_members(now=datetime(2026, 4, 1, tzinfo=UTC))
        assert [len(entries(period)) for period in ("week", "month", "all")] == [1, 0, 1]
        rank_members(now=datetime(2026, 4, 6, tzinfo=UTC))
        assert [len(entries(period)) for period in ("week", "month", "all")] == [0, 0, 1]

    def test_month_can_end_within_week(self, member):
        """In the member's time zone it is already the first of April."""
        earn(member, 5, date(2026, 3, 31))
        earn(member, 7, date(2026, 4, 1))
        rank_members(now=datetime(2026, 3, 31, 23, tzinfo=UTC))
        assert [entries(period)[0][1] for period in ("week", "month", "all")] == [12, 5, 12]

    def test_category_has_boards_before_first_practice(self):
        category = HackCategoryFactory()
        rank_members(now=NOW)
        starts = dict(Leaderboard.objects.filter(category=category).values_list("period", "starts_on"))
        assert starts == {"week": MONDAY, "month": date(2026, 3, 1), "all": None}

    def test_task_runs_every_ten_minutes(self, member):
        earn(member, 5)
        assert task() == 1
        [entry] = [each for each in project.CELERY_BEAT_SCHEDULE.values() if each["task"] == task.name]
        assert entry["schedule"].minute == set(range(0, 60, 10))


@pytest.mark.django_db(transaction=True)
def test_concurrent_count_returns_without_counting():
    with database_identity(Role.WORKER):
        earn(make_member(), 5)
    outcome = []

    def count() -> None:
        with database_identity(Role.WORKER):
            outcome.append(rank_members(now=NOW))

    with database_identity(Role.WORKER):
        assert rank_members(now=NOW) == 3
        other = start_in_thread(count)
    other.join()
    assert outcome == [0]
    with database_identity(Role.WORKER):
        assert LeaderboardEntry.objects.count() == 3
