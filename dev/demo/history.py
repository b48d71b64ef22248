"""The past of one person of the demo, day by day.

It follows from the person alone. A later run therefore gives the same past, and adds the days since.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from analytics.models import Activity, UserActivityLog
from database.local_days import local_date
from dev.demo.people import Person
from dev.demo.texts import CHECKIN_NOTES, SESSION_NOTES
from hacks.models import Hack
from nrghax.onboarding import FIRST_CATEGORIES
from practice.models import DailyCheckin, PracticeSession, RestDay, Trip

REACTED_AFTER = timedelta(seconds=1)
# On the first day of a trip the person practises at this hour. By then the trip's clock applies in every time zone.
ARRIVAL_HOUR = 18
# A person practises a hack that they want to master this many times, and then no more often than other hacks.
MASTERY_PRACTICES = 45
# The weight of such a hack, and of its prerequisites, among all hacks.
GOAL_WEIGHT = 12


@dataclass
class History:
    sessions: list[PracticeSession] = field(default_factory=list)
    checkins: list[DailyCheckin] = field(default_factory=list)
    rest_days: list[RestDay] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    activities: list[UserActivityLog] = field(default_factory=list)


class Simulation:
    """Simulates one person from the day they joined until now. Each day has its own random numbers."""

    def __init__(self, person: Person, member_id: UUID, hacks: Sequence[Hack]) -> None:
        self.person = person
        self.member_id = member_id
        self.hacks = [hack for hack in hacks if hack.is_active]
        self.favoured = FIRST_CATEGORIES[person.path]
        self.goal_paths = [_path_to(slug, hacks) for slug in person.goals]
        self.unlocked: set[UUID] = set()
        self.counts: dict[UUID, int] = {}
        self.days: dict[UUID, set[date]] = {}
        self.history = History()

    def until(self, now: datetime, *, joined: datetime) -> History:
        first = local_date(joined, self.person.zone, self.person.day_start)
        today = local_date(now, self.person.zone, self.person.day_start)
        last = today if self.person.practises_today else today - timedelta(days=1)
        for number in range((last - first).days + 1):
            self._simulate_day(first + timedelta(days=number), number, now)
        self._add_trips(first)
        if (today - first).days <= self.person.active_days:
            self._add_planned_rest(today)
        return self.history

    def _simulate_day(self, day: date, number: int, now: datetime) -> None:
        dice = self._random(day)
        person = self.person
        trip = next(((days, zone) for days, zone in person.trips if number in days), None)
        zone = trip[1] if trip else person.zone
        hour = ARRIVAL_HOUR if trip and number == trip[0].start else person.hour
        clock = datetime.combine(day, time(hour, dice.randint(0, 50)))
        moment = clock.replace(tzinfo=ZoneInfo(zone))
        is_away = number > person.active_days or number in person.break_days
        if moment > now or is_away:
            return
        if self._is_rest_day(day):
            self._add_rest_day(day)
            return
        is_missed = bool(person.misses_every) and number % person.misses_every == person.misses_every - 1
        if is_missed or dice.random() > person.regularity:
            return
        practised = None
        for nth in range(dice.choices([0, 1, 2], [8, 76, 16])[0] if number else 1):
            practised = self._practise(dice, moment + timedelta(minutes=10 + 150 * nth), zone, number, now)
        if practised or person.regularity == 1 or dice.random() < 0.7:
            self._check_in(dice, day, moment, zone, number, practised)

    def _practise(self, dice: Random, start: datetime, zone: str, number: int, now: datetime) -> Hack | None:
        hack = self._choose(dice, number)
        planned = hack.duration_minutes * 60
        share = dice.uniform(0.3, 0.7) if dice.random() < 0.06 else dice.uniform(0.95, 1.15)
        seconds, paused = int(planned * share), dice.choices([0, dice.randint(20, 120)], [92, 8])[0]
        end = start + timedelta(seconds=seconds + paused)
        if end > now:
            return None
        session = PracticeSession(
            id=self._key("session", start),
            user_id=self.member_id,
            hack=hack,
            started_at=start,
            ended_at=end,
            duration_seconds=seconds,
            planned_seconds=planned,
            paused_seconds=paused,
            last_seen_at=end,
            feedback_score=dice.choices([1, 0, -1, None], [56, 20, 5, 19])[0],
            notes=dice.choice(SESSION_NOTES) if dice.random() < 0.3 else "",
            session_type=dice.choices(["solo", "guided", "group"], [86, 10, 4])[0],
            biometric_data=self._measure(dice),
            practice_date=local_date(start, zone, self.person.day_start),
            timezone=zone,
            day_start=self.person.day_start,
            created_at=start,
        )
        self.history.sessions.append(session)
        self._record(Activity.SESSION_LOGGED, end, {"session_id": str(session.pk), "hack_id": str(hack.pk)})
        self.counts[hack.pk] = self.counts.get(hack.pk, 0) + 1
        self.days.setdefault(hack.pk, set()).add(session.practice_date)
        self._unlock(end)
        return hack

    def _check_in(
        self, dice: Random, day: date, moment: datetime, zone: str, number: int, practised: Hack | None
    ) -> None:
        mood = self.person.mood + self.person.mood_gain * min(number / 180, 1.5) + dice.gauss(0, 1.2)
        before = min(max(round(mood), 1), 10)
        after = min(max(before + dice.choices([-1, 0, 1, 2, 3], [4, 22, 40, 26, 8])[0], 1), 10)
        checkin = DailyCheckin(
            id=self._key("checkin", day),
            user_id=self.member_id,
            checkin_date=day,
            timezone=zone,
            day_start=self.person.day_start,
            selected_hack=practised,
            mood_before=before,
            mood_after=after if practised else None,
            notes=dice.choice(CHECKIN_NOTES) if dice.random() < 0.35 else "",
            created_at=moment,
        )
        self.history.checkins.append(checkin)
        self._record(Activity.CHECKIN_SAVED, moment, {"checkin_id": str(checkin.pk), "date": str(day), "is_new": True})

    def _choose(self, dice: Random, number: int) -> Hack:
        """Return a new hack now and then, otherwise a known one. Goals and the chosen path weigh more."""
        open_hacks = [hack for hack in self.hacks if hack.prerequisite_hack_id is None or hack.pk in self.unlocked]
        wants_new = len(self.counts) <= number // self.person.days_a_new_hack
        pool = [hack for hack in open_hacks if (hack.pk not in self.counts) == wants_new] or open_hacks

        goals = {self._next_on(path) for path in self.goal_paths}

        def weight(hack: Hack) -> float:
            path = 5 if hack.category.name in self.favoured else 1
            learning = 4 if self.counts.get(hack.pk, 0) < 12 else 1
            goal = GOAL_WEIGHT if hack.pk in goals else 1
            return path * learning * goal * (3 if hack.is_gateway or hack.pk in self.unlocked else 1)

        return dice.choices(pool, [weight(hack) for hack in pool])[0]

    def _next_on(self, path: Sequence[Hack]) -> UUID | None:
        """Return the last open hack on the path to a goal; None once the goal has been practised often enough."""
        open_hacks = [hack for hack in path if hack.prerequisite_hack_id is None or hack.pk in self.unlocked]
        return open_hacks[-1].pk if open_hacks and self.counts.get(path[-1].pk, 0) < MASTERY_PRACTICES else None

    def _unlock(self, moment: datetime) -> None:
        """Unlock hacks by the rules of hacks/sql/unlock_hacks.sql."""
        for hack in self.hacks:
            needed = hack.prerequisite_hack_id
            if needed is None or hack.pk in self.unlocked:
                continue
            criteria = hack.unlock_criteria
            practices, days = self.counts.get(needed, 0), len(self.days.get(needed, ()))
            if practices >= criteria.get("practice_count", 1) and days >= criteria.get("days_active", 0):
                self.unlocked.add(hack.pk)
                data = {"hack_id": str(hack.pk), "name": hack.name, "slug": hack.slug}
                self._record(Activity.HACK_UNLOCKED, moment + REACTED_AFTER, data)

    def _is_rest_day(self, day: date) -> bool:
        return day.weekday() == self.person.rest_weekday and self._random(day, "rest").random() < 0.7

    def _add_rest_day(self, day: date) -> None:
        planned_at = datetime.combine(day - timedelta(days=3), self.person.day_start, ZoneInfo(self.person.zone))
        self.history.rest_days.append(
            RestDay(id=self._key("rest", day), user_id=self.member_id, rest_date=day, created_at=planned_at)
        )

    def _add_trips(self, first: date) -> None:
        for days, zone in self.person.trips:
            starts_on, ends_on = first + timedelta(days=days.start), first + timedelta(days=days[-1])
            self.history.trips.append(
                Trip(
                    id=self._key("trip", starts_on),
                    user_id=self.member_id,
                    zone=zone,
                    starts_on=starts_on,
                    ends_on=ends_on,
                )
            )

    def _add_planned_rest(self, today: date) -> None:
        """Add the rest days of the next three days, which are planned already."""
        for day in (today + timedelta(days=ahead) for ahead in (1, 2, 3)):
            if self._is_rest_day(day):
                self._add_rest_day(day)

    def _measure(self, dice: Random) -> dict[str, int] | None:
        if not self.person.measures or dice.random() < 0.4:
            return None
        before = min(max(round(dice.gauss(42, 7)), 12), 120)
        return {"hrv_before": before, "hrv_after": before + dice.randint(-3, 11)}

    def _record(self, activity: Activity, moment: datetime, data: dict) -> None:
        self.history.activities.append(
            UserActivityLog(
                id=self._key(activity, moment, *data.values()),
                user_id=self.member_id,
                activity_type=activity,
                activity_data=data,
                created_at=moment,
                processed_at=moment + REACTED_AFTER,
            )
        )

    def _random(self, day: date, *more: str) -> Random:
        return Random("/".join([self.person.username, str(day), *more]))

    def _key(self, *parts: object) -> UUID:
        return uuid5(NAMESPACE_URL, "/".join(map(str, ("demo", self.member_id, *parts))))


def _path_to(slug: str, hacks: Sequence[Hack]) -> list[Hack]:
    """Return the hack's chain of prerequisites in order, and then the hack."""
    by_id = {hack.pk: hack for hack in hacks}
    path = [hack for hack in hacks if hack.slug == slug]
    while path and (needed := path[0].prerequisite_hack_id):
        path.insert(0, by_id[needed])
    return path
