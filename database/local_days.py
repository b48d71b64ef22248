"""The local day, in Python and in SQL.

Which date a moment belongs to depends on a time zone and on the start of the day (00:00 to 06:00): a member who goes to
bed at two is still in yesterday. The functions of SQL are in sql/schema/local_days.sql; a test compares the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models


class LocalDate(models.Func):
    """In SQL: the date of a moment, by a zone and a day start."""

    function = "app.local_date"
    arity = 3
    output_field = models.DateField()


class DayBegins(models.Func):
    """In SQL: the moment at which a date begins, by a zone and a day start."""

    function = "app.day_begins_at"
    arity = 3
    output_field = models.DateTimeField()


def local_date(moment: datetime, zone: str, day_start: time) -> date:
    """Return the date that an aware moment belongs to. Raises ZoneInfoNotFoundError for an unknown zone."""
    clock = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (clock - _since_midnight(day_start)).date()


def day_word(day: date, today: date) -> str:
    """Return "Today" or "Yesterday"; empty for any other day."""
    return {0: "Today", 1: "Yesterday"}.get((today - day).days, "")


def day_bounds(day: date, zone: str, day_start: time) -> tuple[datetime, datetime]:
    """Return when a local day begins and when the next one does, in UTC. Raises ZoneInfoNotFoundError.

    A day may have 23 or 25 hours. A date that its zone dropped (Samoa, 2011-12-30) begins and ends at one instant.
    """
    return _begins_at(day, zone, day_start), _begins_at(day + timedelta(days=1), zone, day_start)


def _begins_at(day: date, zone: str, day_start: time) -> datetime:
    """A start that clocks show twice or never is read late, as PostgreSQL does: no day is cut short."""
    clock = datetime.combine(day, day_start, ZoneInfo(zone))
    return max(clock.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _since_midnight(day_start: time) -> timedelta:
    return timedelta(hours=day_start.hour, minutes=day_start.minute, seconds=day_start.second)
