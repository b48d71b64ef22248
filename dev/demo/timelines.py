"""Find the moments when the demo's people met the criteria of achievements and levels."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from gamification.kinds import XP_SOURCES
from gamification.models import XpEntry
from gamification.rules import level_of
from practice.models import DailyCheckin, PracticeSession


class Practice(NamedTuple):
    ended_at: datetime
    day: date
    seconds: int
    hack: str
    category: str


class Award(NamedTuple):
    moment: datetime
    source: str
    category: str | None
    amount: int


@dataclass
class Timeline:
    """The sessions, check-ins and XP awards of one member, earliest first."""

    sessions: list[Practice] = field(default_factory=list)
    checkins: list[tuple[datetime, int]] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)

    def reached_at(self, criteria: dict[str, Any]) -> datetime | None:
        """Return when the criteria of an achievement or level were met, or None if these rows don't meet them."""
        return next((moment for moment, number in self._counts(criteria) if number >= criteria["value"]), None)

    def _counts(self, criteria: dict[str, Any]) -> Iterator[tuple[datetime, int]]:
        match kind := criteria["type"]:
            case "streak":
                yield from self.checkins
            case "level":
                yield from self._levels(criteria.get("category"))
            case _ if source := XP_SOURCES.get(kind):
                moments = (award.moment for award in self.awards if award.source == source)
                yield from ((moment, number) for number, moment in enumerate(moments, start=1))
            case _:
                yield from self._practices(kind, criteria.get("hack"), criteria.get("category"))

    def _levels(self, wanted: str | None) -> Iterator[tuple[datetime, int]]:
        xp = 0
        for award in self.awards:
            if wanted in (None, award.category):
                xp += award.amount
                yield award.moment, level_of(xp)

    def _practices(self, kind: str, hack: str | None, category: str | None) -> Iterator[tuple[datetime, int]]:
        sessions = [each for each in self.sessions if hack in (None, each.hack) and category in (None, each.category)]
        number, seconds = 0, 0
        days: set[date] = set()
        hacks: set[str] = set()
        for each in sessions:
            number, seconds = number + 1, seconds + each.seconds
            days.add(each.day)
            hacks.add(each.hack)
            totals = {
                "practice_count": number,
                "practice_minutes": seconds // 60,
                "days_active": len(days),
                "hacks_tried": len(hacks),
            }
            yield each.ended_at, totals[kind]


def timelines_of(member_ids: Collection[UUID]) -> dict[UUID, Timeline]:
    timelines: dict[UUID, Timeline] = defaultdict(Timeline)
    mine = {"user__in": member_ids}
    sessions = PracticeSession.objects.filter(**mine, ended_at__isnull=False).order_by("ended_at")
    columns = ("ended_at", "practice_date", "duration_seconds", "hack__slug", "hack__category__name")
    for member, *row in sessions.values_list("user", *columns):
        timelines[member].sessions.append(Practice(*row))
    checkins = DailyCheckin.objects.filter(**mine).order_by("created_at")
    for member, moment, streak in checkins.values_list("user", "created_at", "streak_count"):
        timelines[member].checkins.append((moment, streak))
    awards = XpEntry.objects.filter(**mine).order_by("created_at", "pk")
    for member, *row in awards.values_list("user", "created_at", "source", "category__name", "amount"):
        timelines[member].awards.append(Award(*row))
    return timelines
