"""The local day, in Python and in SQL.

The date of a moment depends on a time zone and on the day start (00:00 to 06:00): with a day start of 04:00, two in the
morning still belongs to the day before. The SQL functions are in sql/schema/local_days.sql; a test compares the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models


class LocalDate(models.Func):
    """SQL expression for the local date of a moment. Arguments: moment, time zone, day start."""

    function = "app.local_date"
    arity = 3
    output_field = models.DateField()


class DayBegins(models.Func):
    """SQL expression for the moment at which a local date begins. Arguments: date, time zone, day start."""

    function = "app.day_begins_at"
    arity = 3
    output_field = models.DateTimeField()


def local_date(moment: datetime, zone: str, day_start: time) -> date:
    """Return the local date of an aware moment. Raises ZoneInfoNotFoundError for an unknown zone."""
    clock = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (clock - _since_midnight(day_start)).date()


def day_word(day: date, today: date) -> str:
    """Return "Today" or "Yesterday"; "" for any other day."""
    return {0: "Today", 1: "Yesterday"}.get((today - day).days, "")


def day_bounds(day: date, zone: str, day_start: time) -> tuple[datetime, datetime]:
    """Return the moments in UTC at which a local day and the next one begin.

    A day can have 23 or 25 hours. A date that its zone skipped (Samoa, 2011-12-30) has no length. Raises
    ZoneInfoNotFoundError for an unknown zone.
    """
    return _begins_at(day, zone, day_start), _begins_at(day + timedelta(days=1), zone, day_start)


def _begins_at(day: date, zone: str, day_start: time) -> datetime:
    """Return when a local day begins, in UTC.

    If the clock shows the start twice or never, take the later moment, as PostgreSQL does.
    """
    clock = datetime.combine(day, day_start, ZoneInfo(zone))
    return max(clock.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _since_midnight(day_start: time) -> timedelta:
    return timedelta(hours=day_start.hour, minutes=day_start.minute, seconds=day_start.second)
