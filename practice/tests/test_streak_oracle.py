"""Compare the streak in SQL with an oracle, a simple implementation that walks day by day, over random histories."""

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
    """A time zone and the time at which the member's day begins."""

    zone: str
    start: time

    def clock(self, moment: datetime) -> datetime:
        """Return the local time minus the day start; its date is the member's date."""
        into_day = timedelta(hours=self.start.hour, minutes=self.start.minute)
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None) - into_day


@cache
def begins(day: date, place: Place) -> datetime:
    """Return when a day begins, found by reading the clock every quarter of an hour.

    It is the last moment at which the clock shows the day start. If the clock skips the day start, it is the moment at
    which the clock would have shown it without the change.
    """
    midnight = datetime.combine(day, time(0))
    moments = [midnight.replace(tzinfo=UTC) + n * QUARTER for n in range(-60, 70)]
    matches = [moment for moment in moments if place.clock(moment) == midnight]
    if matches:
        return matches[-1]
    before = [moment for moment in moments if place.clock(moment) < midnight][-1]
    return before + (midnight - place.clock(before))


def day_around(moment: datetime, place: Place) -> date:
    """Return the day in progress at a moment.

    If clocks skip the start of a day, they show its date slightly before the day begins.
    """
    day = place.clock(moment).date() + DAY
    while begins(day, place) > moment:
        day -= DAY
    return day


def days_between(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range(1, (last - first).days)]


@dataclass
class Life:
    """A member's history, and the streak that the oracle expects for it."""

    home: Place
    checkins: dict[date, Place] = field(default_factory=dict)
    rests: set[date] = field(default_factory=set)
    won: Counter[date] = field(default_factory=Counter)
    trips: list[tuple[date, date, str]] = field(default_factory=list)

    def on_trip(self, zone: str) -> Place:
        return Place(zone, self.home.start)

    def place_at(self, moment: datetime) -> Place:
        """Return the member's place at a moment: that of the latest trip if it is in progress, otherwise home."""
        begun = [trip for trip in self.trips if self.leaves_for(trip) <= moment]
        if not begun:
            return self.home
        _, last, zone = max(begun)
        if moment < begins(last + DAY, self.on_trip(zone)):
            return self.on_trip(zone)
        later = [trip for trip in self.trips if trip[0] == last + DAY]
        # Between adjacent trips the member does not return home.
        assert not later or self.leaves_for(later[0]) <= moment
        return self.home

    def leaves_for(self, trip: tuple[date, date, str]) -> datetime:
        """Return when the first day of a trip begins, in the place that the member leaves from."""
        before = [zone for _, last, zone in self.trips if last == trip[0] - DAY]
        return begins(trip[0], self.on_trip(before[0]) if before else self.home)

    def unprotected(self, a: date, b: date, there: Place) -> list[date]:
        """Return the days between check-in `a` and day `b` in `there` that neither rest days nor travel protect."""
        here = self.checkins[a]
        arrival = begins(b, there)
        ahead = there.clock(arrival) - here.clock(arrival)
        protected_by_travel = 0
        while protected_by_travel * DAY < ahead:
            protected_by_travel += 1
        missed = []
        for day in days_between(a, b):
            if begins(day, there) == begins(day + DAY, there) or day in self.rests:
                continue
            if protected_by_travel:
                protected_by_travel -= 1
            else:
                missed.append(day)
        return missed

    def stock_before(self, stock: int, a: date, b: date, there: Place) -> int | None:
        """Return the stock before day `b`, given the stock after `a`; None if it is empty on a day that needs one."""
        missed = self.unprotected(a, b, there) if b > a else []
        for day in days_between(a, b):
            stock = min(2, stock + self.won[day])
            if day in missed:
                stock -= 1
            if stock < 0:
                return None
        return stock

    def stock_now(self) -> int:
        """Return the stock after the last check-in plus the rest days won since."""
        rows = self.rows()
        last, _, stock, _ = rows[-1] if rows else (date.min, 0, 0, 0)
        return min(2, stock + sum(count for day, count in self.won.items() if day > last))

    def rows(self) -> list[tuple[date, int, int, float]]:
        """Return (date, streak, stock of rest days, strength) for every check-in."""
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
        """Return the end of the last period in which a check-in would continue the streak, found by trying them all."""
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
            # Skip to the end of the day or of the stay.
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
# Samoa's skipped date, both seasons of clock changes (weeks apart in America and Europe), and the present.
ERAS = [date(2011, 12, 20), date(2026, 3, 1), date(2026, 10, 1), None]
SAMOA_SKIPPED_DATE = date(2011, 12, 30)

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
    """A recorder that applies each step to the database and to the oracle's `Life`."""

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
        if day not in self.life.rests and day != SAMOA_SKIPPED_DATE:
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
        [now] = query_row("SELECT now()")
        assert stats.current_streak == (streak if end and end > now else 0)
        assert stats.longest_streak == max((row[1] for row in expected), default=0)
        assert stats.strength == pytest.approx(last_strength)

        for later in (0, 2, 5):
            noon = datetime.combine((last_day or self.first_day) + later * DAY, time(12), UTC)
            [strength] = query_row("SELECT app.strength_at(%s, %s)", self.member.pk, noon)
            assert strength == (pytest.approx(life.strength_at(noon)) if expected else None)
            if expected:
                self.assert_history_agrees(expected, noon)
        self.assert_zones_agree()

    def assert_zones_agree(self) -> None:
        life = self.life
        changes = [life.leaves_for(trip) for trip in life.trips]
        changes += [begins(last + DAY, life.on_trip(zone)) for _, last, zone in life.trips]
        for moment in (moment for change in changes for moment in (change - QUARTER, change, change + 2 * DAY)):
            [zone] = query_row(
                "SELECT app.zone_of(%s, %s, %s, %s)", self.member.pk, moment, life.home.zone, life.home.start
            )
            assert zone == life.place_at(moment).zone

    def assert_history_agrees(self, rows: list[tuple[date, int, int, float]], moment: datetime) -> None:
        """Assert that `streak_history` has every day, with the same values as the oracle."""
        life = self.life
        last_day, streak, stock, _ = rows[-1]
        today = life.place_at(moment).clock(moment).date()
        history = streak_history(self.member, rows[0][0], today + 30 * DAY, moment)
        assert [line.day for line in history] == [
            rows[0][0] + n * DAY for n in range((max(today, last_day) - rows[0][0]).days + 1)
        ]
        by_day = {line.day: line for line in history}
        assert all(line.won == life.won[line.day] for line in history)
        checkins = [(line.day, line.streak, line.rest_stock) for line in history if line.kind == "done"]
        assert checkins == [row[:3] for row in rows]
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
            assert (history[-1].kind, history[-1].streak) == (
                "today",
                streak if is_alive or left_over is not None else 0,
            )
            if left_over is not None:
                assert history[-1].rest_stock == min(2, left_over + life.won[today])
            if left_over is not None or not is_alive:
                assert history[-1].strength == pytest.approx(life.strength_at(moment))


def dates_shown(life: Life, first: datetime, days: int) -> dict[date, Place]:
    """Return every date that the member's clock shows during `days`, with the place in which it is shown first."""
    shown: dict[date, Place] = {}
    for n in range(days * 96):
        moment = first + n * QUARTER
        place = life.place_at(moment)
        shown.setdefault(place.clock(moment).date(), place)
    return shown


def query_row(query: str, *parameters: object) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()


def corrupt(member: Member) -> None:
    """Corrupt every computed column, which only the owner role can do."""
    with database_identity(Role.OWNER):
        DailyCheckin.objects.filter(user=member).update(streak_count=99, rest_stock=9, strength=9)
        MemberStats.objects.filter(pk=member.pk).update(
            current_streak=99, longest_streak=99, rest_stock=9, strength=9, streak_ends_at=None
        )


@pytest.mark.django_db
def test_streak_agrees_with_oracle_for_random_histories(member):
    @settings(max_examples=settings().max_examples // 4)
    @given(
        era=st.sampled_from(ERAS),
        home=places,
        head_start=st.integers(0, 16),
        history=st.lists(steps, min_size=3, max_size=20),
    )
    def compare(era, home, head_start, history):
        with transaction.atomic():
            first_day = era or timezone.now().date() - 35 * DAY
            diary = Diary(member, first_day, home)
            diary.practise(0, head_start)
            for step, *arguments in history:
                getattr(diary, step)(*arguments)
            diary.assert_agrees()
            assert query_row("SELECT app.recompute_streak(%s)", member.pk) == (0,)
            corrupt(member)
            query_row("SELECT app.recompute_streak(%s)", member.pk)
            diary.assert_agrees()
            transaction.set_rollback(True)

    compare()


@pytest.mark.django_db
def test_trips_neither_lose_nor_double_days(member):
    """A member who checks in on every date that their clock shows keeps the streak, without counting extra days."""

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
            # Two time zones are at most 26 hours apart.
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
        "covers its own day",
        "is won too late",
        "stays in stock",
        "is won before the first check-in",
        "stock is limited to two",
        "is won after the stock is used up",
        "is lost if the stock is full",
        "is kept if the streak breaks",
        "move east protects the first missed day",
        "is not used for the day protected by a move east",
        "move east protects only one day",
    ],
)
def test_won_rest_day_counts_from_its_day_on(member, days, won, expected):
    """Marks in `days`: x is a check-in, e is a check-in in a time zone a day further east, . is a day without one."""
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
