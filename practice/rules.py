"""The numbers of the streak.

It is computed in one place, sql/schema/streak.sql, from local days (database/local_days.py). Its rules:

- A day counts when it has a check-in; the check-in keeps the date, zone and day start that it was judged in.
- Between two check-ins, the days that the later one's clocks really had are missing days. Planned rest days protect
  as many of them, and so does a move east: as many days as its shift cuts off, rounded up. A move west repeats a
  date, which has one check-in all the same. Daylight saving time is no move.
- What is still open is paid from the stock of earned rest days if the stock suffices for all of it; else the streak
  starts again at one, and the stock is kept. Protected days add nothing.
- Every seventh day of a streak earns a rest day; one that was won comes into stock on its day, for that day and those
  after it. Two are the most in stock.
- A streak ends when the last day is over on which a check-in would still have carried it on.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

MAX_BACKDATED_DAYS = 2
MAX_REST_STOCK = 2
STREAK_DAYS_PER_EARNED_REST = 7


def days_within_reach(today: date) -> list[date]:
    """The days that a check-in may be for: today and those before it that can still be repaired, latest first."""
    return [today - timedelta(days=back) for back in range(MAX_BACKDATED_DAYS + 1)]


def day_states(
    days: list[date], streaks: Mapping[date, int], rest_days: Collection[date], *, is_alive: bool, begun: date
) -> list[str]:
    """How each of consecutive days up to today went: "done", "rest", "missed", or "today" where it is still open.

    What lies before `begun`, the day on which the member came, and before the first check-in is "before": nothing was
    missed then.

    `streaks` holds the streak of each day with a check-in. A day without one rested if it was planned so, or if the
    streak went on over it: the check-in after it counts more than one, or none came yet and it `is_alive`.
    """
    states: list[str] = []
    went_on = is_alive
    begun = min([begun, *streaks])
    for day in reversed(days):
        if day in streaks:
            states.append("done")
            went_on = streaks[day] > 1
        elif day == days[-1]:
            states.append("today")
        elif day < begun:
            states.append("rest" if day in rest_days else "before")
        else:
            states.append("rest" if went_on or day in rest_days else "missed")
    return states[::-1]


def shown_streak(current_streak: int, streak_ends_at: datetime | None, now: datetime) -> int:
    """The streak to show: a worker that closes it late must not keep it alive."""
    return current_streak if streak_ends_at is not None and now < streak_ends_at else 0
