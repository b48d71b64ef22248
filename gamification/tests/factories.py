from datetime import date

import factory
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from gamification.models import Achievement, XpEntry
from hacks.models import HackCategory
from hacks.tests.factories import StaffFactory
from nrghax.identity import Role, database_identity


def make_award(
    member: Member,
    amount: int = 10,
    *,
    source: str = "challenge",
    category: HackCategory | None = None,
    earned_on: date | None = None,
    **fields,
) -> XpEntry:
    """A row of the ledger as a worker writes it; the totals follow."""
    values = {"source_id": uuid7(), "earned_on": earned_on or timezone.now().date(), **fields}
    with database_identity(Role.WORKER):
        return XpEntry.objects.create(user=member, amount=amount, source=source, category=category, **values)


class AchievementFactory(StaffFactory):
    class Meta:
        model = Achievement

    name = factory.Sequence(lambda n: f"Achievement {n}")
    slug = factory.Sequence(lambda n: f"achievement-{n}")
    criteria_json = factory.LazyFunction(lambda: {"type": "practice_count", "value": 1})
