"""Constants and pure functions of the streak.

sql/schema/streak.sql is the only place that computes streaks, from local days (database/local_days.py). Its rules:

- A day counts if it has a check-in. The check-in keeps the date, time zone and day start that applied when it was made.
- The days between two check-ins that existed in the later one's time zone are missed days. A planned rest day protects
  one of them. A move east protects as many as its shift cuts off, rounded up. A move west repeats a date, which still
  has one check-in. A change to daylight saving time is not a move.
- The remaining missed days use up earned rest days, if the stock covers all of them. Otherwise the streak restarts at
  one and the stock is kept. Protected days do not extend the streak.
- Every seventh day of a streak earns a rest day. A rest day that was won enters the stock on its day and covers that
  day or later ones. The stock holds two at most.
- A streak ends at the end of the last day on which a check-in would have continued it.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

MAX_BACKDATED_DAYS = 2
MAX_REST_STOCK = 2
STREAK_DAYS_PER_EARNED_REST = 7


def days_within_reach(today: date) -> list[date]:
    """Return the days that a member can check in for, latest first: today and the MAX_BACKDATED_DAYS before it."""
    return [today - timedelta(days=back) for back in range(MAX_BACKDATED_DAYS + 1)]


def day_states(
    days: list[date], streaks: Mapping[date, int], rest_days: Collection[date], *, is_alive: bool, begun: date
) -> list[str]:
    """Return the state of each day. `days` are consecutive and end today.

    `streaks` maps each day with a check-in to its streak. `begun` is the day on which the member joined. The states:

    - "done": the day has a check-in.
    - "today": today has no check-in yet.
    - "rest": the day is in `rest_days`, or the streak continued over it. The streak continued if the next check-in has
      a streak above one, or if there is no later check-in and the streak `is_alive`.
    - "before": the day precedes both `begun` and the first check-in, and is not in `rest_days`.
    - "missed": any other day.
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
    """Return the streak to show at `now`: zero once it has ended, even if the worker has not closed it yet."""
    return current_streak if streak_ends_at is not None and now < streak_ends_at else 0
