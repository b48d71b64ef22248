from datetime import date, timedelta

import factory
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from database.identity import Role, database_identity
from gamification.models import Achievement, Challenge, ChallengeParticipant, XpEntry
from hacks.models import Hack, HackCategory
from hacks.tests.factories import HackFactory, StaffFactory
from practice.tests.factories import make_session

MONDAY = date(2026, 3, 2)
# Privacy settings of members who show or hide their totals on leaderboards.
SHOWN = {"leaderboard_visible": True, "profile_public": False}
HIDDEN = {"leaderboard_visible": False, "profile_public": False}


def make_award(
    member: Member,
    amount: int = 10,
    *,
    source: str = "challenge",
    category: HackCategory | None = None,
    earned_on: date | None = None,
    **fields,
) -> XpEntry:
    """Create a row of the XP ledger as the worker. A trigger updates the totals."""
    values = {"source_id": uuid7(), "earned_on": earned_on or timezone.now().date(), **fields}
    with database_identity(Role.WORKER):
        return XpEntry.objects.create(user=member, amount=amount, source=source, category=category, **values)


def earn(member: Member, amount: int, day: date = MONDAY, category: HackCategory | None = None) -> XpEntry:
    """Create the row of the XP ledger that a practice session earns."""
    return make_award(member, amount, source="session", category=category, earned_on=day)


class AchievementFactory(StaffFactory):
    class Meta:
        model = Achievement

    name = factory.Sequence(lambda n: f"Achievement {n}")
    slug = factory.Sequence(lambda n: f"achievement-{n}")
    criteria_json = factory.LazyFunction(lambda: {"type": "practice_count", "value": 1})


class ChallengeFactory(StaffFactory):
    """A challenge that runs from yesterday to tomorrow; `days` gives other start and end days, relative to now."""

    class Meta:
        model = Challenge

    class Params:
        days = (-1, 1)

    name = factory.Sequence(lambda n: f"Challenge {n}")
    slug = factory.Sequence(lambda n: f"challenge-{n}")
    start_date = factory.LazyAttribute(lambda each: timezone.now() + timedelta(days=each.days[0]))
    end_date = factory.LazyAttribute(lambda each: timezone.now() + timedelta(days=each.days[1]))
    criteria_json = factory.LazyFunction(lambda: {"type": "practice_count", "value": 3})


def take_part(challenge: Challenge, member: Member, **fields) -> ChallengeParticipant:
    """Create a participant, without the checks of joining; `fields` can set any result."""
    with database_identity(Role.WORKER):
        return ChallengeParticipant.objects.create(challenge=challenge, user=member, **fields)


def practise(member: Member, hack: Hack | None = None, *, times: int = 1) -> None:
    """Create sessions that are an hour apart; the latest began an hour ago."""
    hack = hack or HackFactory()
    for number in range(times):
        make_session(member, hack, started_at=timezone.now() - timedelta(hours=number + 1))
