"""The SQL streak against a second, obvious implementation that walks day by day, over random lives of a member."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from accounts.models import Member, Profile
from database.identity import Role, database_identity
from practice.models import DailyCheckin, MemberStats, RestDay, RestDayGrant, Trip
from practice.streak_history import streak_history

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Place:
    """Where a day is judged: the zone and the hour at which the member's day begins."""

    zone: str
    start: time

    def clock(self, moment: datetime) -> datetime:
        """What the wall clock shows, set back by the day start: its date is the member's date."""
        into_day = timedelta(hours=self.start.hour, minutes=self.start.minute)
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) - into_day


@cache
def begins(day: date, place: Place) -> datetime:
    """When a day begins, found by watching the clock in steps of a quarter of an hour.

    It is the last time that the clock shows the start; where it never does, what the old clock would have shown.
    """
    midnight = datetime.combine(day, time(0))
    watched = [midnight.replace(tzinfo=UTC) + n * QUARTER for n in range(-60, 70)]
    shown = [moment for moment in watched if place.clock(moment) == midnight]
    if shown:
        return shown[-1]
    before = [moment for moment in watched if place.clock(moment) < midnight][-1]
    return before + (midnight - place.clock(before))


def day_around(moment: datetime, place: Place) -> date:
    """The day that has begun and is not over: where clocks jump over its start, not yet what they show."""
    day = place.clock(moment).date() + DAY
    while begins(day, place) > moment:
        day -= DAY
    return day


def days_between(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range(1, (last - first).days)]


@dataclass
class Life:
    """What somebody did, and what the streak must make of it."""

    home: Place
    checkins: dict[date, Place] = field(default_factory=dict)
    rests: set[date] = field(default_factory=set)
    won: Counter[date] = field(default_factory=Counter)
    trips: list[tuple[date, date, str]] = field(default_factory=list)

    def on_trip(self, zone: str) -> Place:
        return Place(zone, self.home.start)

    def place_at(self, moment: datetime) -> Place:
        """The clock that the member is on: of the latest trip that has begun, unless it is over, else at home."""
        begun = [trip for trip in self.trips if self.leaves_for(trip) <= moment]
        if not begun:
            return self.home
        _, last, zone = max(begun)
        if moment < begins(last + DAY, self.on_trip(zone)):
            return self.on_trip(zone)
        later = [trip for trip in self.trips if trip[0] == last + DAY]
        # One trip leads into the next: there is no way home between them.
        assert not later or self.leaves_for(later[0]) <= moment
        return self.home

    def leaves_for(self, trip: tuple[date, date, str]) -> datetime:
        """When the first day of a trip begins, where the member leaves from."""
        before = [zone for _, last, zone in self.trips if last == trip[0] - DAY]
        return begins(trip[0], self.on_trip(before[0]) if before else self.home)

    def unprotected(self, a: date, b: date, there: Place) -> list[date]:
        """The days between check-in `a` and day `b` in a place that neither rest nor travel protects."""
        here = self.checkins[a]
        arrival = begins(b, there)
        ahead = there.clock(arrival) - here.clock(arrival)
        gifts = 0
        while gifts * DAY < ahead:
            gifts += 1
        missed = []
        for day in days_between(a, b):
            if begins(day, there) == begins(day + DAY, there) or day in self.rests:
                continue
            if gifts:
                gifts -= 1
            else:
                missed.append(day)
        return missed

    def stock_before(self, stock: int, a: date, b: date, there: Place) -> int | None:
        """What the days between `a` and `b` leave of the stock after `a`, if it suffices on each of them."""
        missed = self.unprotected(a, b, there) if b > a else []
        for day in days_between(a, b):
            stock = min(2, stock + self.won[day])
            if day in missed:
                stock -= 1
            if stock < 0:
                return None
        return stock

    def stock_now(self) -> int:
        """What there is after the last check-in, with what was won since."""
        rows = self.rows()
        last, _, stock, _ = rows[-1] if rows else (date.min, 0, 0, 0)
        return min(2, stock + sum(count for day, count in self.won.items() if day > last))

    def rows(self) -> list[tuple[date, int, int, float]]:
        """(date, streak, stock of rest days, strength) of every check-in."""
        fading = 0.5 ** (1 / 13)
        result: list[tuple[date, int, int, float]] = []
        streak = stock = 0
        strength = 0.0
        for day in sorted(self.checkins):
            last = result[-1][0] if result else date.min
            left_over = self.stock_before(stock, last, day, self.checkins[day]) if result else None
            if left_over is not None:
                stock = min(2, left_over + self.won[day])
            else:
                streak = 0
                for _ in self.unprotected(last, day, self.checkins[day]) if result else []:
                    strength *= fading
                stock = min(2, stock + sum(count for won, count in self.won.items() if last < won <= day))
            streak += 1
            if streak % 7 == 0 and stock < 2:
                stock += 1
            strength = 1 - (1 - strength) * fading
            result.append((day, streak, stock, strength))
        return result

    def end(self) -> datetime | None:
        """When the last moment is over at which a check-in would carry the streak on, found by going through them."""
        rows = self.rows()
        if not rows:
            return None
        last, _, stock, _ = rows[-1]
        moment = begins(last, self.home) - 2 * DAY
        horizon = begins(last + (12 + len(self.rests) + self.won.total()) * DAY, self.home)
        end = None
        while moment < horizon:
            place = self.place_at(moment)
            day = day_around(moment, place)
            # The rest of that day, or of the stay.
            until = moment + QUARTER
            while until < horizon and self.place_at(until) == place and day_around(until, place) == day:
                until += QUARTER
            if self.stock_before(stock, last, day, place) is not None:
                end = until
            moment = until
        return end

    def strength_at(self, moment: datetime) -> float | None:
        rows = self.rows()
        if not rows:
            return None
        last, _, stock, strength = rows[-1]
        place = self.place_at(moment)
        today = place.clock(moment).date()
        if self.stock_before(stock, last, today, place) is not None:
            return strength
        return strength * 0.5 ** (len(self.unprotected(last, today, place)) / 13)


ZONES = [
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "UTC",
]
# Samoa's dropped date, both seasons of clock changes (America's and Europe's are weeks apart), and the present.
ERAS = [date(2011, 12, 20), date(2026, 3, 1), date(2026, 10, 1), None]
SAMOA_DROPPED = date(2011, 12, 30)

places = st.builds(
    Place,
    st.sampled_from(ZONES),
    st.sampled_from([time(0), time(0), time(0, 30), time(2, 30), time(3), time(4, 15), time(6)]),
)
offsets = st.integers(0, 40)
steps = st.one_of(
    st.tuples(st.just("practise"), offsets, st.integers(1, 9)),
    st.tuples(st.just("practise"), offsets, st.integers(1, 2)),
    st.tuples(st.just("move"), places),
    st.tuples(st.just("plan_rest"), offsets),
    st.tuples(st.just("drop_rest"), offsets),
    st.tuples(st.just("win_rest"), offsets),
    st.tuples(st.just("lose_rest"), offsets),
    st.tuples(st.just("delete"), offsets),
    st.tuples(st.just("change_date"), offsets, offsets),
    st.tuples(st.just("change_place"), offsets, places),
    st.tuples(st.just("declare_trip"), offsets, st.integers(0, 9), st.sampled_from(ZONES)),
    st.tuples(st.just("declare_trip"), offsets, st.integers(0, 2), st.sampled_from(ZONES)),
    st.tuples(st.just("cancel_trip"), offsets),
)


class Diary:
    """Does each step twice: in the database and in the life that the oracle looks at."""

    def __init__(self, member: Member, first_day: date, home: Place) -> None:
        self.member = member
        self.first_day = first_day
        self.life = Life(home)
        self.move(home)

    def _on(self, offset: int) -> date:
        return self.first_day + offset * DAY

    def _nearest(self, offset: int) -> date | None:
        return min(self.life.checkins, key=lambda day: abs(day - self._on(offset)), default=None)

    def practise(self, offset: int, length: int) -> None:
        days = [day for n in range(length) if (day := self._on(offset + n)) not in self.life.checkins]
        home = self.life.home
        DailyCheckin.objects.bulk_create(
            DailyCheckin(user=self.member, checkin_date=day, timezone=home.zone, day_start=home.start) for day in days
        )
        self.life.checkins.update(dict.fromkeys(days, home))

    def move(self, home: Place) -> None:
        Profile.objects.filter(pk=self.member.pk).update(timezone=home.zone, day_start=home.start)
        self.life.home = home

    def plan_rest(self, offset: int) -> None:
        day = self._on(offset)
        if day not in self.life.rests and day != SAMOA_DROPPED:
            RestDay.objects.create(user=self.member, rest_date=day)
            self.life.rests.add(day)

    def drop_rest(self, offset: int) -> None:
        day = min(self.life.rests, key=lambda day: abs(day - self._on(offset)), default=None)
        if day is not None:
            RestDay.objects.get(user=self.member, rest_date=day).delete()
            self.life.rests.remove(day)

    def win_rest(self, offset: int) -> None:
        RestDayGrant.objects.create(user=self.member, source_id=uuid7(), granted_on=self._on(offset))
        self.life.won[self._on(offset)] += 1

    def lose_rest(self, offset: int) -> None:
        grant = RestDayGrant.objects.filter(user=self.member, granted_on__gte=self._on(offset)).first()
        if grant:
            grant.delete()
            self.life.won[grant.granted_on] -= 1

    def delete(self, offset: int) -> None:
        day = self._nearest(offset)
        if day is not None:
            DailyCheckin.objects.get(user=self.member, checkin_date=day).delete()
            del self.life.checkins[day]

    def change_date(self, offset: int, to: int) -> None:
        day, target = self._nearest(offset), self._on(to)
        if day is not None and target not in self.life.checkins:
            DailyCheckin.objects.filter(user=self.member, checkin_date=day).update(checkin_date=target)
            self.life.checkins[target] = self.life.checkins.pop(day)

    def change_place(self, offset: int, place: Place) -> None:
        day = self._nearest(offset)
        if day is not None:
            DailyCheckin.objects.filter(user=self.member, checkin_date=day).update(
                timezone=place.zone, day_start=place.start
            )
            self.life.checkins[day] = place

    def declare_trip(self, offset: int, length: int, zone: str) -> None:
        first, last = self._on(offset), self._on(offset + length)
        if all(last < other[0] or other[1] < first for other in self.life.trips):
            Trip.objects.create(user=self.member, zone=zone, starts_on=first, ends_on=last)
            self.life.trips.append((first, last, zone))

    def cancel_trip(self, offset: int) -> None:
        trip = min(self.life.trips, key=lambda trip: abs(trip[0] - self._on(offset)), default=None)
        if trip is not None:
            Trip.objects.get(user=self.member, starts_on=trip[0]).delete()
            self.life.trips.remove(trip)

    def assert_agrees(self) -> None:
        life = self.life
        expected = life.rows()
        rows = list(
            DailyCheckin.objects.filter(user=self.member)
            .order_by("checkin_date")
            .values_list("checkin_date", "streak_count", "rest_stock", "strength")
        )
        assert [row[:3] for row in rows] == [row[:3] for row in expected]
        assert [row[3] for row in rows] == pytest.approx([row[3] for row in expected])

        stats = MemberStats.objects.get(pk=self.member.pk)
        end = life.end()
        last_day, streak, _, last_strength = expected[-1] if expected else (None, 0, 0, 0.0)
        assert (stats.last_checkin_date, stats.streak_ends_at, stats.rest_stock) == (last_day, end, life.stock_now())
        [now] = ask("SELECT now()")
        assert stats.current_streak == (streak if end and end > now else 0)
        assert stats.longest_streak == max((row[1] for row in expected), default=0)
        assert stats.strength == pytest.approx(last_strength)

        for later in (0, 2, 5):
            noon = datetime.combine((last_day or self.first_day) + later * DAY, time(12), UTC)
            [strength] = ask("SELECT app.strength_at(%s, %s)", self.member.pk, noon)
            assert strength == (pytest.approx(life.strength_at(noon)) if expected else None)
            if expected:
                self.assert_tells(expected, noon)
        self.assert_is_where_the_oracle_says()

    def assert_is_where_the_oracle_says(self) -> None:
        life = self.life
        turns = [life.leaves_for(trip) for trip in life.trips]
        turns += [begins(last + DAY, life.on_trip(zone)) for _, last, zone in life.trips]
        for moment in (moment for turn in turns for moment in (turn - QUARTER, turn, turn + 2 * DAY)):
            [zone] = ask("SELECT app.zone_of(%s, %s, %s, %s)", self.member.pk, moment, life.home.zone, life.home.start)
            assert zone == life.place_at(moment).zone

    def assert_tells(self, rows: list[tuple[date, int, int, float]], moment: datetime) -> None:
        """The story's days are all there are, and say what the oracle finds."""
        life = self.life
        last_day, streak, stock, _ = rows[-1]
        today = life.place_at(moment).clock(moment).date()
        story = streak_history(self.member, rows[0][0], today + 30 * DAY, moment)
        assert [line.day for line in story] == [
            rows[0][0] + n * DAY for n in range((max(today, last_day) - rows[0][0]).days + 1)
        ]
        by_day = {line.day: line for line in story}
        assert all(line.won == life.won[line.day] for line in story)
        told = [(line.day, line.streak, line.rest_stock) for line in story if line.kind == "done"]
        assert told == [row[:3] for row in rows]
        for a, b in pairwise(rows):
            there = life.checkins[b[0]]
            kinds = Counter(by_day[day].kind for day in days_between(a[0], b[0]))
            missed = len(life.unprotected(a[0], b[0], there))
            is_paid = life.stock_before(a[2], a[0], b[0], there) is not None
            assert (kinds["earned"], kinds["missed"]) == ((missed, 0) if is_paid else (0, missed))
            if missed:
                before = by_day[b[0] - DAY]
                assert before.streak == (a[1] if is_paid else 0)
                assert b[2] == min(2, before.rest_stock + life.won[b[0]] + (b[1] % 7 == 0))
            for day in days_between(a[0], b[0]):
                is_dropped = begins(day, there) == begins(day + DAY, there)
                assert (by_day[day].kind == "dropped") == is_dropped
                assert (by_day[day].kind == "rest") == (day in life.rests and not is_dropped)
        if today > last_day:
            left_over = life.stock_before(stock, last_day, today, life.place_at(moment))
            is_alive = life.end() > moment
            assert (story[-1].kind, story[-1].streak) == ("today", streak if is_alive or left_over is not None else 0)
            if left_over is not None:
                assert story[-1].rest_stock == min(2, left_over + life.won[today])
            if left_over is not None or not is_alive:
                assert story[-1].strength == pytest.approx(life.strength_at(moment))


def dates_shown(life: Life, first: datetime, days: int) -> dict[date, Place]:
    """Every date that the member's clock shows as they live on, and the clock that shows it first."""
    shown: dict[date, Place] = {}
    for n in range(days * 96):
        moment = first + n * QUARTER
        place = life.place_at(moment)
        shown.setdefault(place.clock(moment).date(), place)
    return shown


def ask(query: str, *parameters: object) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()


def spoil(member: Member) -> None:
    """What no login of the product can do: wrong numbers in every row that the streak computes."""
    with database_identity(Role.OWNER):
        DailyCheckin.objects.filter(user=member).update(streak_count=99, rest_stock=9, strength=9)
        MemberStats.objects.filter(pk=member.pk).update(
            current_streak=99, longest_streak=99, rest_stock=9, strength=9, streak_ends_at=None
        )


@pytest.mark.django_db
def test_any_life_has_the_streak_that_a_walk_through_its_days_finds(member):
    @settings(max_examples=settings().max_examples // 4)
    @given(
        era=st.sampled_from(ERAS),
        home=places,
        head_start=st.integers(0, 16),
        history=st.lists(steps, min_size=3, max_size=20),
    )
    def live(era, home, head_start, history):
        with transaction.atomic():
            first_day = era or timezone.now().date() - 35 * DAY
            diary = Diary(member, first_day, home)
            diary.practise(0, head_start)
            for step, *arguments in history:
                getattr(diary, step)(*arguments)
            diary.assert_agrees()
            assert ask("SELECT app.recompute_streak(%s)", member.pk) == (0,)
            spoil(member)
            ask("SELECT app.recompute_streak(%s)", member.pk)
            diary.assert_agrees()
            transaction.set_rollback(True)

    live()


@pytest.mark.django_db
def test_no_trip_loses_a_day_or_doubles_one(member):
    """Who checks in on each date that their clock shows keeps the streak, and counts no more days than went by."""

    @settings(max_examples=settings().max_examples // 5)
    @given(
        first_day=st.sampled_from([era for era in ERAS if era]),
        home=places,
        trips=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6), st.sampled_from(ZONES)), max_size=5),
    )
    def travel(first_day, home, trips):
        with transaction.atomic():
            diary = Diary(member, first_day, home)
            for trip in trips:
                diary.declare_trip(*trip)
            shown = dates_shown(diary.life, begins(first_day, home), days=28)
            DailyCheckin.objects.bulk_create(
                DailyCheckin(user=member, checkin_date=day, timezone=place.zone, day_start=place.start)
                for day, place in shown.items()
            )
            streaks = member.checkins.order_by("checkin_date").values_list("streak_count", flat=True)
            assert list(streaks) == list(range(1, len(shown) + 1))
            # A clock is at most 26 hours ahead of another.
            assert len(shown) <= 28 + 2
            transaction.set_rollback(True)

    travel()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "won", "expected"),
    [
        ("x.x", [1], (2, 0)),
        ("x.x", [2], (1, 1)),
        ("x.x", [0], (2, 0)),
        (".x", [0], (1, 1)),
        ("x", [0, 0, 0], (1, 2)),
        ("xxxxxxxxxxxxxx...x", [16], (15, 0)),
        ("xxxxxxxxxxxxxx...x", [14], (1, 2)),
        ("x....x", [2], (1, 1)),
        ("x..e", [2], (2, 0)),
        ("x..e", [1], (2, 0)),
        ("x...e", [2], (1, 1)),
    ],
    ids=[
        "pays for its own day",
        "comes too late",
        "waits in stock",
        "before the first check-in",
        "two in stock at most",
        "comes when the stock is spent",
        "is lost while the stock is full",
        "is kept when the streak breaks all the same",
        "the first day is forgiven for a move east",
        "and it is not spent on that one",
        "which is one day and no more",
    ],
)
def test_a_rest_day_that_was_won_counts_from_its_day_on(member, days, won, expected):
    """Days are drawn: x a check-in, e one that is a day further east."""
    diary = Diary(member, date(2026, 3, 1), Place("Pacific/Honolulu", time(0)))
    for offset in won:
        diary.win_rest(offset)
    for offset, mark in enumerate(days):
        if mark != ".":
            diary.practise(offset, 1)
        if mark == "e":
            diary.change_place(offset, Place("Pacific/Kiritimati", time(0)))
    diary.assert_agrees()
    assert diary.life.rows()[-1][1:3] == expected
