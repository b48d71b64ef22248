"""What goes into the ledger of XP, what is taken out of it, and what it adds up to."""

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
    """Make a session that was logged when it began."""
    fields = {"created_at": at, **fields}
    return make_session(member, hack or HackFactory(), started_at=at, minutes=minutes, **fields)


def awards(member) -> list[tuple]:
    entries = XpEntry.objects.filter(user=member).order_by("earned_on", "source", "source_id")
    return list(entries.values_list("source", "amount"))


def totals(member) -> dict[str, tuple]:
    """XP and level by the category's name; overall under None."""
    rows = UserXp.objects.filter(user=member).values_list("category__name", "xp_amount", "level")
    return {name: (xp, level) for name, xp, level in rows}


class TestPractice:
    @pytest.mark.parametrize(
        ("seconds", "amount"), [(60, 11), (119, 11), (600, 20), (1800, 40), (1860, 40), (21600, 40)]
    )
    def test_brings_so_much_for_its_minutes(self, member, seconds, amount):
        logged_at_start(member, duration_seconds=seconds)
        assert settle_xp(member_id=member.pk) == 1
        assert awards(member) == [("session", amount)]

    def test_below_a_minute_or_running_brings_nothing(self, member):
        logged_at_start(member, duration_seconds=59)
        logged_at_start(member, at=MORNING + timedelta(hours=1), ended_at=None)
        assert settle_xp(member_id=member.pk) == 0
        assert awards(member) == []

    def test_the_award_tells_the_hack_its_category_and_the_local_day(self, member):
        hack = HackFactory()
        session = logged_at_start(member, hack, at=MORNING, practice_date=MORNING.date() - timedelta(days=1))
        settle_xp(member_id=member.pk)
        award = XpEntry.objects.get()
        assert (award.source_id, award.hack_id, award.category_id) == (session.pk, hack.pk, hack.category_id)
        assert award.earned_on == MORNING.date() - timedelta(days=1)

    def test_the_first_five_of_a_day_count_in_the_order_of_their_start(self, member):
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
        assert (amounts[sessions[11].pk], amounts[sessions[13].pk]) == (20, 0), "the next one moves up"

    @pytest.mark.parametrize(("days", "count"), [(7, 1), (8, 0)])
    def test_what_is_written_down_long_afterwards_brings_nothing(self, member, days, count):
        logged_at_start(member, created_at=MORNING + timedelta(days=days))
        assert settle_xp(member_id=member.pk) == count

    def test_a_repeated_task_changes_nothing(self, member):
        logged_at_start(member)
        make_checkin(member, MORNING.date())
        assert settle_xp(member_id=member.pk) == 2
        before = list(XpEntry.objects.order_by("pk").values())
        assert settle_xp(member_id=member.pk) == 0
        assert list(XpEntry.objects.order_by("pk").values()) == before

    def test_deleting_it_takes_the_award_back(self, member):
        session, hack = logged_at_start(member), HackFactory()
        logged_at_start(member, hack, at=MORNING + timedelta(hours=1))
        settle_xp(member_id=member.pk)
        session.delete()
        assert settle_xp(member_id=member.pk) == 1
        assert awards(member) == [("session", 20)]
        assert totals(member) == {None: (20, 1), session.hack.category.name: (0, 1), hack.category.name: (20, 1)}

    def test_shortening_it_below_a_minute_takes_the_award_back(self, member):
        session = logged_at_start(member)
        settle_xp(member_id=member.pk)
        PracticeSession.objects.filter(pk=session.pk).update(duration_seconds=59)
        assert settle_xp(member_id=member.pk) == 1
        assert awards(member) == []

    def test_changing_it_changes_the_award(self, member):
        session, other = logged_at_start(member), HackFactory()
        settle_xp(member_id=member.pk)
        PracticeSession.objects.filter(pk=session.pk).update(hack=other, duration_seconds=1200)
        assert settle_xp(member_id=member.pk) == 1
        assert totals(member) == {
            None: (30, 1),
            session.hack.category.name: (0, 1),
            other.category.name: (30, 1),
        }

    def test_xp_moves_along_with_a_hack_that_gets_another_category(self, member):
        hack = HackFactory()
        logged_at_start(member, hack)
        settle_xp(member_id=member.pk)
        category = HackCategoryFactory()
        with database_identity(Role.STAFF):
            Hack.objects.filter(pk=hack.pk).update(category=category)
        assert settle_xp() == 1
        assert totals(member)[category.name] == (20, 1)


class TestCheckins:
    def test_bring_xp_that_belongs_to_no_category(self, member):
        make_checkin(member, MORNING.date(), selected_hack=HackFactory())
        settle_xp(member_id=member.pk)
        assert awards(member) == [("checkin", 5)]
        assert totals(member) == {None: (5, 1)}

    def test_deleting_one_takes_its_award_back(self, member):
        make_checkin(member, MORNING.date())
        make_checkin(member, MORNING.date() + timedelta(days=1))
        settle_xp(member_id=member.pk)
        DailyCheckin.objects.filter(checkin_date=MORNING.date()).delete()
        assert settle_xp(member_id=member.pk) == 1
        assert totals(member) == {None: (5, 1)}


def test_nobody_elses_awards_are_touched(member):
    other = make_member()
    logged_at_start(member)
    logged_at_start(other)
    settle_xp()
    PracticeSession.objects.all().delete()
    settle_xp(member_id=member.pk)
    assert (awards(member), awards(other)) == ([], [("session", 20)])


class TestOneDeed:
    def test_is_awarded_once(self, member):
        deed = {"member_id": member.pk, "source": "review", "source_id": uuid7()}
        assert award_xp(**deed) is True
        assert award_xp(**deed) is False
        assert awards(member) == [("review", 15)]

    def test_brings_xp_to_its_hacks_category(self, member):
        hack = HackFactory()
        award_xp(member_id=member.pk, source="verification", source_id=uuid7(), hack_id=hack.pk)
        assert totals(member) == {None: (100, 2), hack.category.name: (100, 2)}

    def test_brings_its_own_amount_where_the_rule_has_none(self, member):
        award_xp(member_id=member.pk, source="achievement", source_id=uuid7(), amount=25)
        assert awards(member) == [("achievement", 25)]
        with pytest.raises(ValueError, match="needs an amount"):
            award_xp(member_id=member.pk, source="achievement", source_id=uuid7())

    def test_beyond_the_days_limit_is_counted_without_xp(self, member):
        deeds = [uuid7() for _ in range(5)]
        for deed in deeds:
            assert award_xp(member_id=member.pk, source="review", source_id=deed, done_at=MORNING)
        assert awards(member) == [("review", 15)] * 4 + [("review", 0)]
        award_xp(member_id=member.pk, source="review", source_id=uuid7(), done_at=MORNING + timedelta(days=1))
        award_xp(member_id=make_member().pk, source="review", source_id=uuid7(), done_at=MORNING)
        assert XpEntry.objects.filter(amount=15).count() == 6

    def test_belongs_to_the_members_local_day(self):
        member = make_member(profile={"timezone": "Pacific/Honolulu"})
        award_xp(member_id=member.pk, source="review", source_id=uuid7(), done_at=MORNING)
        assert XpEntry.objects.get().earned_on == MORNING.date() - timedelta(days=1)

    def test_is_revoked_when_it_is_undone(self, member):
        deed = uuid7()
        award_xp(member_id=member.pk, source="verification", source_id=deed)
        assert revoke_xp(member_id=member.pk, source="verification", source_id=deed) is True
        assert revoke_xp(member_id=member.pk, source="verification", source_id=deed) is False
        assert (awards(member), totals(member)) == ([], {None: (0, 1)})

    def test_undone_gives_its_place_in_the_days_limit_to_the_next(self, member):
        deeds = [uuid7() for _ in range(6)]
        for deed in deeds:
            award_xp(member_id=member.pk, source="review", source_id=deed)
        revoke_xp(member_id=member.pk, source="review", source_id=deeds[1])
        assert dict(XpEntry.objects.values_list("source_id", "amount")) == dict(
            zip([deeds[0], *deeds[2:]], [15, 15, 15, 15, 0], strict=True)
        )
        revoke_xp(member_id=member.pk, source="review", source_id=deeds[5])
        assert awards(member) == [("review", 15)] * 4

    def test_undone_beyond_the_days_limit_it_leaves_no_place(self, member):
        deeds = [uuid7() for _ in range(6)]
        for deed in deeds:
            award_xp(member_id=member.pk, source="review", source_id=deed)
        revoke_xp(member_id=member.pk, source="review", source_id=deeds[5])
        assert sorted(XpEntry.objects.values_list("amount", flat=True)) == [0, 15, 15, 15, 15]

    def test_undone_where_there_is_no_limit_it_leaves_the_others_as_they_are(self, member):
        """The deed is one that others have done too, as a challenge is."""
        other, won, nothing = make_member(), uuid7(), uuid7()
        for person, deed, amount in ((member, won, 50), (member, nothing, 0), (other, won, 50)):
            award_xp(member_id=person.pk, source="challenge", source_id=deed, amount=amount)
        revoke_xp(member_id=member.pk, source="challenge", source_id=won)
        assert (awards(member), awards(other)) == ([("challenge", 0)], [("challenge", 50)])

    def test_of_somebody_who_is_gone_is_nothing(self):
        gone = UUID(int=7)
        assert award_xp(member_id=gone, source="review", source_id=uuid7()) is False


class TestLevels:
    def test_the_one_reached_is_celebrated_once(self, member):
        hack = HackFactory()
        deed = {"member_id": member.pk, "source": "challenge", "hack_id": hack.pk}
        award_xp(**deed, source_id=uuid7(), amount=99)
        assert celebrate_levels(member_id=member.pk) == []
        award_xp(**deed, source_id=uuid7(), amount=600)
        reached = celebrate_levels(member_id=member.pk)
        assert reached == [(None, None, 4), (hack.category.name, hack.category.title, 4)]
        assert celebrate_levels(member_id=member.pk) == []

    def test_one_that_was_lost_and_reached_again_is_not_celebrated_again(self, member):
        first, second = uuid7(), uuid7()
        for deed in (first, second):
            award_xp(member_id=member.pk, source="challenge", source_id=deed, amount=300)
        assert celebrate_levels(member_id=member.pk) == [(None, None, 4)]
        revoke_xp(member_id=member.pk, source="challenge", source_id=second)
        assert totals(member) == {None: (300, 3)}
        revoke_xp(member_id=member.pk, source="challenge", source_id=first)
        assert celebrate_levels(member_id=member.pk) == []
        award_xp(member_id=member.pk, source="challenge", source_id=first, amount=600)
        assert celebrate_levels(member_id=member.pk) == []
