"""Awards in the XP ledger, their revocation, and the totals and levels that follow."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from gamification.actions import award_xp, celebrate_levels, revoke_xp, settle_xp
from gamification.models import UserXp, XpEntry
from hacks.models import Hack
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.models import DailyCheckin, PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)


def logged_at_start(member, hack=None, *, at=MORNING, minutes=10, **fields) -> PracticeSession:
    """Create a session that was logged when it began."""
    fields = {"created_at": at, **fields}
    return make_session(member, hack or HackFactory(), started_at=at, minutes=minutes, **fields)


def awards(member) -> list[tuple]:
    entries = XpEntry.objects.filter(user=member).order_by("earned_on", "source", "source_id")
    return list(entries.values_list("source", "amount"))


def totals(member) -> dict[str, tuple]:
    """Return XP and level by name of the category; the overall total has the key None."""
    rows = UserXp.objects.filter(user=member).values_list("category__name", "xp_amount", "level")
    return {name: (xp, level) for name, xp, level in rows}


class TestPractice:
    @pytest.mark.parametrize(
        ("seconds", "amount"), [(60, 11), (119, 11), (600, 20), (1800, 40), (1860, 40), (21600, 40)]
    )
    def test_practice_earns_xp_by_minutes(self, member, seconds, amount):
        logged_at_start(member, duration_seconds=seconds)
        assert settle_xp(member_id=member.pk) == 1
        assert awards(member) == [("session", amount)]

    def test_short_or_running_session_earns_nothing(self, member):
        logged_at_start(member, duration_seconds=59)
        logged_at_start(member, at=MORNING + timedelta(hours=1), ended_at=None)
        assert settle_xp(member_id=member.pk) == 0
        assert awards(member) == []

    def test_award_records_hack_category_and_local_day(self, member):
        hack = HackFactory()
        session = logged_at_start(member, hack, at=MORNING, practice_date=MORNING.date() - timedelta(days=1))
        settle_xp(member_id=member.pk)
        award = XpEntry.objects.get()
        assert (award.source_id, award.hack_id, award.category_id) == (session.pk, hack.pk, hack.category_id)
        assert award.earned_on == MORNING.date() - timedelta(days=1)

    def test_first_five_sessions_of_day_by_start_earn_xp(self, member):
        hours = (13, 3, 7, 1, 5, 11, 9)
        sessions = {hour: logged_at_start(member, at=MORNING + timedelta(hours=hour)) for hour in hours}
        logged_at_start(member, at=MORNING + timedelta(days=1))
        settle_xp(member_id=member.pk)
        amounts = dict(XpEntry.objects.values_list("source_id", "amount"))
        assert [amounts[sessions[hour].pk] for hour in sorted(hours)] == [20, 20, 20, 20, 20, 0, 0]
        assert totals(member)[None] == (120, 2)
        sessions[3].delete()
        settle_xp(member_id=member.pk)
        amounts = dict(XpEntry.objects.values_list("source_id", "amount"))
        assert (amounts[sessions[11].pk], amounts[sessions[13].pk]) == (20, 0), "the next session takes the free place"

    @pytest.mark.parametrize(("days", "count"), [(7, 1), (8, 0)])
    def test_session_logged_more_than_a_week_later_earns_nothing(self, member, days, count):
        logged_at_start(member, created_at=MORNING + timedelta(days=days))
        assert settle_xp(member_id=member.pk) == count

    def test_repeated_settling_changes_nothing(self, member):
        logged_at_start(member)
        make_checkin(member, MORNING.date())
        assert settle_xp(member_id=member.pk) == 2
        before = list(XpEntry.objects.order_by("pk").values())
        assert settle_xp(member_id=member.pk) == 0
        assert list(XpEntry.objects.order_by("pk").values()) == before

    def test_deleting_session_revokes_award(self, member):
        session, hack = logged_at_start(member), HackFactory()
        logged_at_start(member, hack, at=MORNING + timedelta(hours=1))
        settle_xp(member_id=member.pk)
        session.delete()
        assert settle_xp(member_id=member.pk) == 1
        assert awards(member) == [("session", 20)]
        assert totals(member) == {None: (20, 1), session.hack.category.name: (0, 1), hack.category.name: (20, 1)}

    def test_shortening_session_below_a_minute_revokes_award(self, member):
        session = logged_at_start(member)
        settle_xp(member_id=member.pk)
        PracticeSession.objects.filter(pk=session.pk).update(duration_seconds=59)
        assert settle_xp(member_id=member.pk) == 1
        assert awards(member) == []

    def test_changing_session_changes_award(self, member):
        session, other = logged_at_start(member), HackFactory()
        settle_xp(member_id=member.pk)
        PracticeSession.objects.filter(pk=session.pk).update(hack=other, duration_seconds=1200)
        assert settle_xp(member_id=member.pk) == 1
        assert totals(member) == {
            None: (30, 1),
            session.hack.category.name: (0, 1),
            other.category.name: (30, 1),
        }

    def test_xp_moves_when_hack_changes_category(self, member):
        hack = HackFactory()
        logged_at_start(member, hack)
        settle_xp(member_id=member.pk)
        category = HackCategoryFactory()
        with database_identity(Role.STAFF):
            Hack.objects.filter(pk=hack.pk).update(category=category)
        assert settle_xp() == 1
        assert totals(member)[category.name] == (20, 1)


class TestCheckins:
    def test_checkin_earns_xp_without_category(self, member):
        make_checkin(member, MORNING.date(), selected_hack=HackFactory())
        settle_xp(member_id=member.pk)
        assert awards(member) == [("checkin", 5)]
        assert totals(member) == {None: (5, 1)}

    def test_deleting_checkin_revokes_award(self, member):
        make_checkin(member, MORNING.date())
        make_checkin(member, MORNING.date() + timedelta(days=1))
        settle_xp(member_id=member.pk)
        DailyCheckin.objects.filter(checkin_date=MORNING.date()).delete()
        assert settle_xp(member_id=member.pk) == 1
        assert totals(member) == {None: (5, 1)}


def test_settling_one_member_does_not_change_others(member):
    other = make_member()
    logged_at_start(member)
    logged_at_start(other)
    settle_xp()
    PracticeSession.objects.all().delete()
    settle_xp(member_id=member.pk)
    assert (awards(member), awards(other)) == ([], [("session", 20)])


class TestSingleAward:
    def test_source_is_awarded_once(self, member):
        award = {"member_id": member.pk, "source": "review", "source_id": uuid7()}
        assert award_xp(**award) is True
        assert award_xp(**award) is False
        assert awards(member) == [("review", 15)]

    def test_award_counts_for_category_of_hack(self, member):
        hack = HackFactory()
        award_xp(member_id=member.pk, source="verification", source_id=uuid7(), hack_id=hack.pk)
        assert totals(member) == {None: (100, 2), hack.category.name: (100, 2)}

    def test_amount_is_required_when_rule_has_none(self, member):
        award_xp(member_id=member.pk, source="achievement", source_id=uuid7(), amount=25)
        assert awards(member) == [("achievement", 25)]
        with pytest.raises(ValueError, match="needs an amount"):
            award_xp(member_id=member.pk, source="achievement", source_id=uuid7())

    def test_awards_beyond_daily_limit_have_zero_xp(self, member):
        source_ids = [uuid7() for _ in range(5)]
        for source_id in source_ids:
            assert award_xp(member_id=member.pk, source="review", source_id=source_id, done_at=MORNING)
        assert awards(member) == [("review", 15)] * 4 + [("review", 0)]
        award_xp(member_id=member.pk, source="review", source_id=uuid7(), done_at=MORNING + timedelta(days=1))
        award_xp(member_id=make_member().pk, source="review", source_id=uuid7(), done_at=MORNING)
        assert XpEntry.objects.filter(amount=15).count() == 6

    def test_award_belongs_to_local_day_of_member(self):
        member = make_member(profile={"timezone": "Pacific/Honolulu"})
        award_xp(member_id=member.pk, source="review", source_id=uuid7(), done_at=MORNING)
        assert XpEntry.objects.get().earned_on == MORNING.date() - timedelta(days=1)

    def test_revoked_award_is_deleted_from_totals(self, member):
        source_id = uuid7()
        award_xp(member_id=member.pk, source="verification", source_id=source_id)
        assert revoke_xp(member_id=member.pk, source="verification", source_id=source_id) is True
        assert revoke_xp(member_id=member.pk, source="verification", source_id=source_id) is False
        assert (awards(member), totals(member)) == ([], {None: (0, 1)})

    def test_revoking_award_gives_its_place_in_daily_limit_to_next(self, member):
        source_ids = [uuid7() for _ in range(6)]
        for source_id in source_ids:
            award_xp(member_id=member.pk, source="review", source_id=source_id)
        revoke_xp(member_id=member.pk, source="review", source_id=source_ids[1])
        assert dict(XpEntry.objects.values_list("source_id", "amount")) == dict(
            zip([source_ids[0], *source_ids[2:]], [15, 15, 15, 15, 0], strict=True)
        )
        revoke_xp(member_id=member.pk, source="review", source_id=source_ids[5])
        assert awards(member) == [("review", 15)] * 4

    def test_revoking_award_beyond_daily_limit_frees_no_place(self, member):
        source_ids = [uuid7() for _ in range(6)]
        for source_id in source_ids:
            award_xp(member_id=member.pk, source="review", source_id=source_id)
        revoke_xp(member_id=member.pk, source="review", source_id=source_ids[5])
        assert sorted(XpEntry.objects.values_list("amount", flat=True)) == [0, 15, 15, 15, 15]

    def test_revoking_award_without_daily_limit_keeps_others(self, member):
        """Several members have awards of the same source id, such as a challenge."""
        other, with_xp, without_xp = make_member(), uuid7(), uuid7()
        for person, source_id, amount in ((member, with_xp, 50), (member, without_xp, 0), (other, with_xp, 50)):
            award_xp(member_id=person.pk, source="challenge", source_id=source_id, amount=amount)
        revoke_xp(member_id=member.pk, source="challenge", source_id=with_xp)
        assert (awards(member), awards(other)) == ([("challenge", 0)], [("challenge", 50)])

    def test_award_for_deleted_member_is_ignored(self):
        missing = UUID(int=7)
        assert award_xp(member_id=missing, source="review", source_id=uuid7()) is False


class TestLevels:
    def test_reached_level_is_celebrated_once(self, member):
        hack = HackFactory()
        award = {"member_id": member.pk, "source": "challenge", "hack_id": hack.pk}
        award_xp(**award, source_id=uuid7(), amount=99)
        assert celebrate_levels(member_id=member.pk) == []
        award_xp(**award, source_id=uuid7(), amount=600)
        reached = celebrate_levels(member_id=member.pk)
        assert reached == [(None, None, 4), (hack.category.name, hack.category.title, 4)]
        assert celebrate_levels(member_id=member.pk) == []

    def test_level_reached_again_is_not_celebrated_again(self, member):
        first, second = uuid7(), uuid7()
        for source_id in (first, second):
            award_xp(member_id=member.pk, source="challenge", source_id=source_id, amount=300)
        assert celebrate_levels(member_id=member.pk) == [(None, None, 4)]
        revoke_xp(member_id=member.pk, source="challenge", source_id=second)
        assert totals(member) == {None: (300, 3)}
        revoke_xp(member_id=member.pk, source="challenge", source_id=first)
        assert celebrate_levels(member_id=member.pk) == []
        award_xp(member_id=member.pk, source="challenge", source_id=first, amount=600)
        assert celebrate_levels(member_id=member.pk) == []
