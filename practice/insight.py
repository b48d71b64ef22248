"""What a member's own rows say over time: minutes, mood, and what changed with each hack.

The database adds up; what is missing between its rows is filled in here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Avg, Count, Q, Sum
from django.db.models.functions import Trunc

from accounts.models import Member
from database.statements import run_statement
from practice.models import DailyCheckin, PracticeSession

SHOWN_WEEKS = 26
HEAT_WEEKS = 53
# From how many days or sessions on a mean says anything about a hack.
ENOUGH = 5
# The periods that the mood is shown for, and whether each point is a day or a week.
PERIODS = {30: "day", 90: "week", 365: "week"}
# From how many minutes a day on its cell is darker.
HEAT_STEPS = (1, 10, 20, 40)


@dataclass(frozen=True)
class Practised:
    minutes: int = 0
    practices: int = 0

    def __add__(self, other: "Practised") -> "Practised":
        return Practised(self.minutes + other.minutes, self.practices + other.practices)


@dataclass(frozen=True)
class MoodPoint:
    """The means of a day or week that begins on `day`; None where nothing was noted."""

    day: date
    before: float | None
    after: float | None
    checkins: int


@dataclass(frozen=True)
class Change:
    """Means before and after of `count` cases in which both were noted."""

    before: float
    after: float
    count: int
    needed: ClassVar[int] = ENOUGH

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def is_enough(self) -> bool:
        return self.count >= self.needed


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weeks_up_to(today: date, count: int) -> list[date]:
    """The Mondays of that many weeks, this one last."""
    return [monday_of(today) - timedelta(weeks=back) for back in reversed(range(count))]


def practised_by_day(member: Member, since: date, until: date = date.max) -> dict[date, Practised]:
    """Finished practice, by the local day it was practised on."""
    rows = (
        PracticeSession.objects.visible_to(member)
        .finished()
        .filter(practice_date__range=(since, until))
        .order_by()
        .values("practice_date")
        .annotate(seconds=Sum("duration_seconds"), practices=Count("pk"))
    )
    return {row["practice_date"]: Practised(round(row["seconds"] / 60), row["practices"]) for row in rows}


def practised_by_week(days: Mapping[date, Practised], weeks: Sequence[date]) -> list[tuple[date, Practised]]:
    totals = dict.fromkeys(weeks, Practised())
    for day, practised in days.items():
        if (monday := monday_of(day)) in totals:
            totals[monday] += practised
    return list(totals.items())


def minutes_by_week(
    days: Mapping[date, Practised], weeks: Sequence[date], today: date
) -> list[tuple[date, list[int | None]]]:
    """The minutes of each day by week, Monday first; None for a day that is still to come."""
    return [
        (
            monday,
            [
                days.get(day, Practised()).minutes if day <= today else None
                for day in (monday + timedelta(days=number) for number in range(7))
            ],
        )
        for monday in weeks
    ]


def heat_level(minutes: int) -> int:
    """0 for no practice up to 4 for much of it."""
    return sum(minutes >= step for step in HEAT_STEPS)


def mood_over_time(member: Member, today: date, days: int) -> tuple[list[MoodPoint], Change | None]:
    """The mood of the last 30, 90 or 365 days, and its change where before and after were both noted."""
    unit = PERIODS[days]
    first = today - timedelta(days=days - 1)
    both = Q(mood_before__isnull=False, mood_after__isnull=False)
    rows = list(
        DailyCheckin.objects.visible_to(member)
        .filter(checkin_date__range=(monday_of(first) if unit == "week" else first, today))
        .filter(Q(mood_before__isnull=False) | Q(mood_after__isnull=False))
        .order_by()
        .values(day=Trunc("checkin_date", unit))
        .annotate(
            before=Avg("mood_before"),
            after=Avg("mood_after"),
            checkins=Count("pk"),
            pairs=Count("pk", filter=both),
            sum_before=Sum("mood_before", filter=both),
            sum_after=Sum("mood_after", filter=both),
        )
        .order_by("day")
    )
    points = [MoodPoint(row["day"], row["before"], row["after"], row["checkins"]) for row in rows]
    pairs = sum(row["pairs"] for row in rows)
    if not pairs:
        return points, None
    before, after = (sum(row[name] or 0 for row in rows) / pairs for name in ("sum_before", "sum_after"))
    return points, Change(before, after, pairs)


def hack_changes(member: Member, hack: UUID | None = None) -> list[dict[str, Any]]:
    """What changed with each hack the member has practised, or with one of them: see sql/hack_changes.sql."""
    rows = run_statement("practice", "hack_changes", member=member.pk, hack=hack).rows
    return [
        {
            "name": name,
            "slug": slug,
            "practices": practices,
            "mood": Change(mood_before or 0, mood_after or 0, mood_count),
            "hrv": Change(hrv_before or 0, hrv_after or 0, hrv_count),
        }
        for name, slug, practices, mood_count, mood_before, mood_after, hrv_count, hrv_before, hrv_after in rows
    ]
