from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from database.local_days import day_bounds, local_date
from practice import rules
from practice.tests.strength import strength_after_checkin, strength_on

ZONES = [
    "UTC",
    "America/Havana",
    "America/New_York",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
]
days = st.dates(date(2009, 1, 1), date(2027, 12, 31))
moments = st.builds(
    lambda day, minute: datetime.combine(day, time(0), UTC) + timedelta(minutes=minute), days, st.integers(0, 1439)
)
starts = st.times(max_value=time(6)).map(lambda start: start.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("moment", "zone", "day_start", "expected"),
    [
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "UTC", time(0), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "UTC", time(0), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 3, 59, tzinfo=UTC), "UTC", time(4), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 4, 0, tzinfo=UTC), "UTC", time(4), date(2026, 11, 23)),
        (datetime(2026, 11, 22, 10, 0, tzinfo=UTC), "Pacific/Kiritimati", time(0), date(2026, 11, 23)),
        (datetime(2026, 11, 22, 9, 59, tzinfo=UTC), "Pacific/Honolulu", time(0), date(2026, 11, 21)),
        (datetime(2026, 11, 21, 18, 15, tzinfo=UTC), "Asia/Kathmandu", time(0), date(2026, 11, 22)),
    ],
)
def test_local_date_of_moment(moment, zone, day_start, expected):
    assert local_date(moment, zone, day_start) == expected


def hours(day: date, zone: str, day_start: time = time(0)) -> float:
    start, end = day_bounds(day, zone, day_start)
    return (end - start) / timedelta(hours=1)


def test_daylight_saving_time_changes_length_of_day():
    assert hours(date(2026, 3, 29), "Europe/Berlin") == 23
    assert hours(date(2026, 10, 25), "Europe/Berlin") == 25
    assert hours(date(2026, 4, 5), "Australia/Lord_Howe") == 24.5
    assert hours(date(2026, 10, 4), "Australia/Lord_Howe") == 23.5
    assert hours(date(2026, 3, 28), "Europe/Berlin", time(4)) == 23


def test_date_skipped_by_zone_has_no_length():
    assert hours(date(2011, 12, 29), "Pacific/Apia") == 24
    assert hours(date(2011, 12, 30), "Pacific/Apia") == 0
    assert hours(date(2011, 12, 31), "Pacific/Apia") == 24


def test_day_start_in_repeated_hour_is_second_occurrence():
    start, _ = day_bounds(date(2026, 10, 25), "Europe/Berlin", time(2, 30))
    assert start == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_day_start_in_skipped_hour_follows_old_offset():
    start, _ = day_bounds(date(2026, 3, 29), "Europe/Berlin", time(2, 30))
    assert start == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(day=days, zone=st.sampled_from(ZONES), day_start=starts)
def test_days_follow_each_other_without_gap(day, zone, day_start):
    bounds = [day_bounds(day + timedelta(days=n), zone, day_start) for n in range(3)]
    assert all(end == start for (_, end), (start, _) in pairwise(bounds))
    start, end = bounds[0]
    if start < end:
        assert local_date(start, zone, day_start) == day


@pytest.mark.django_db
def test_database_agrees_on_local_days():
    @given(moment=moments, day=days, zone=st.sampled_from(ZONES), day_start=starts)
    def agree(moment, day, zone, day_start):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT app.local_date(%s, %s, %s), app.day_begins_at(%s, %s, %s)",
                [moment, zone, day_start, day, zone, day_start],
            )
            assert cursor.fetchone() == (
                local_date(moment, zone, day_start),
                day_bounds(day, zone, day_start)[0],
            )

    agree()


def test_strength_halves_in_thirteen_missed_days():
    assert strength_on(0.8, 0) == 0.8
    assert strength_on(0.8, 13) == pytest.approx(0.4)


def test_strength_grows_towards_one_with_daily_checkins():
    strength = 0.0
    for _ in range(13):
        strength = strength_after_checkin(strength, 0)
    assert strength == pytest.approx(0.5)
    assert strength < strength_after_checkin(strength, 0) < 1
    assert strength_after_checkin(strength, 5) < strength_after_checkin(strength, 0)


def test_streak_is_shown_until_it_ends():
    end = datetime(2026, 11, 23, tzinfo=UTC)
    assert rules.shown_streak(5, end, end - timedelta(microseconds=1)) == 5
    assert rules.shown_streak(5, end, end) == 0
    assert rules.shown_streak(0, None, end) == 0


WEEK = [date(2026, 3, 2) + timedelta(days=number) for number in range(7)]


def states_of_week(streaks: list[int], *, rested: tuple[int, ...] = (), is_alive: bool = True) -> str:
    """Return the first letter of each day's state; a streak of 0 means that the day has no check-in."""
    checkins = {day: streak for day, streak in zip(WEEK, streaks, strict=True) if streak}
    states = rules.day_states(WEEK, checkins, {WEEK[number] for number in rested}, is_alive=is_alive, begun=WEEK[0])
    return " ".join(state[0] for state in states)


def test_days_within_reach_are_today_and_two_before():
    assert rules.days_within_reach(date(2026, 3, 1)) == [date(2026, 3, 1), date(2026, 2, 28), date(2026, 2, 27)]


def test_today_without_checkin_is_not_missed():
    assert states_of_week([1, 2, 3, 4, 5, 6, 0]) == "d d d d d d t"
    assert states_of_week([0] * 7, is_alive=False) == "m m m m m m t"


def test_days_before_member_joined_are_not_missed():
    states = rules.day_states(WEEK, {WEEK[4]: 1}, set(), is_alive=False, begun=WEEK[3])
    assert states == ["before", "before", "before", "missed", "done", "missed", "today"]


def test_gap_is_rest_if_streak_continued():
    assert states_of_week([7, 8, 0, 0, 9, 10, 0]) == "d d r r d d t"
    assert states_of_week([0, 0, 9, 10, 11, 12, 13]) == "r r d d d d d"


def test_gap_is_missed_if_streak_ended():
    assert states_of_week([7, 8, 0, 0, 1, 2, 0]) == "d d m m d d t"
    assert states_of_week([7, 8, 0, 0, 0, 0, 0], is_alive=False) == "d d m m m m t"


def test_days_since_last_checkin_are_rest_while_streak_is_alive():
    assert states_of_week([7, 8, 9, 10, 11, 0, 0]) == "d d d d d r t"


def test_planned_rest_day_is_rest_even_if_streak_ended():
    assert states_of_week([0, 5, 0, 0, 0, 1, 2], rested=(2,)) == "r d r m m d d"
