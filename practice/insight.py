"""Statistics over a member's own rows: minutes by day and week, mood over time, and changes with each hack.

The database aggregates; this module fills in the days and weeks without rows.
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
# A mean is shown from this many days or sessions on.
MIN_CASES = 5
# Periods of the mood plot in days, and whether a point is a day or a week.
PERIODS = {30: "day", 90: "week", 365: "week"}
# Minutes a day from which each heat level starts.
HEAT_STEPS = (1, 10, 20, 40)


@dataclass(frozen=True)
class PracticeTotals:
    """Minutes and number of practices on a day or in a week."""

    minutes: int = 0
    practices: int = 0

    def __add__(self, other: "PracticeTotals") -> "PracticeTotals":
        return PracticeTotals(self.minutes + other.minutes, self.practices + other.practices)


@dataclass(frozen=True)
class MoodPoint:
    """The mean moods of the day or week that begins on `day`; None if the member noted none."""

    day: date
    before: float | None
    after: float | None
    checkins: int


@dataclass(frozen=True)
class Change:
    """The means before and after practising, over the `count` days or sessions that have both values."""

    before: float
    after: float
    count: int
    needed: ClassVar[int] = MIN_CASES

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def is_enough(self) -> bool:
        return self.count >= self.needed


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weeks_up_to(today: date, count: int) -> list[date]:
    """Return the Mondays of the last `count` weeks, the current week last."""
    return [monday_of(today) - timedelta(weeks=back) for back in reversed(range(count))]


def practised_by_day(member: Member, since: date, until: date = date.max) -> dict[date, PracticeTotals]:
    """Return the totals of finished sessions by local day; days without a session are left out."""
    rows = (
        PracticeSession.objects.visible_to(member)
        .finished()
        .filter(practice_date__range=(since, until))
        .order_by()
        .values("practice_date")
        .annotate(seconds=Sum("duration_seconds"), practices=Count("pk"))
    )
    return {row["practice_date"]: PracticeTotals(round(row["seconds"] / 60), row["practices"]) for row in rows}


def practised_by_week(days: Mapping[date, PracticeTotals], weeks: Sequence[date]) -> list[tuple[date, PracticeTotals]]:
    totals = dict.fromkeys(weeks, PracticeTotals())
    for day, practised in days.items():
        if (monday := monday_of(day)) in totals:
            totals[monday] += practised
    return list(totals.items())


def minutes_by_week(
    days: Mapping[date, PracticeTotals], weeks: Sequence[date], today: date
) -> list[tuple[date, list[int | None]]]:
    """Return the minutes of each day by week, Monday first; future days are None."""
    return [
        (
            monday,
            [
                days.get(day, PracticeTotals()).minutes if day <= today else None
                for day in (monday + timedelta(days=number) for number in range(7))
            ],
        )
        for monday in weeks
    ]


def heat_level(minutes: int) -> int:
    """Return the heat level of a day: 0 without practice, up to 4 from 40 minutes on."""
    return sum(minutes >= step for step in HEAT_STEPS)


def mood_over_time(member: Member, today: date, days: int) -> tuple[list[MoodPoint], Change | None]:
    """Return the mood points of the last `days` days (a key of PERIODS), and the change over check-ins with both moods.

    The change is None if no check-in has both.
    """
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
    """Return the changes in mood and HRV with each hack that the member has practised, or with `hack` alone.

    sql/hack_changes.sql says which days and sessions count.
    """
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
