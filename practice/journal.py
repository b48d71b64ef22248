"""The journal: a member's sessions and check-ins as one history. How an entry looks is entries.py's."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Count, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Cast, Coalesce

from accounts.models import Member
from analytics.models import Notification
from database.compiled import Row, compiled, json_rows
from hacks.models import Hack
from practice.models import DailyCheckin, PracticeSession

SESSION, CHECKIN = "practice", "checkin"
# The latest first; within a day the check-in, which is about the whole of it.
NEWEST_FIRST = ("-day", "kind", "-moment", "-entry")
PAGE_SIZE = 20

Condition = Callable[[Any], Q]


def _contains_each(words: Sequence[str]) -> Q:
    """Every word, in any order. The rows are one member's, found by the index on `user`."""
    return Q(*(Q(notes__icontains=word) for word in words))


def _any_mood(bounds: tuple[int, int]) -> Q:
    return Q(mood_before__range=bounds) | Q(mood_after__range=bounds)


# What each filter asks of a kind of entry; a kind that does not know a filter has nothing to show for it.
SESSION_CONDITIONS: dict[str, Condition] = {
    "hacks": lambda keys: Q(hack__in=keys),
    "type": lambda kind: Q(session_type=kind),
    "feedback": lambda score: Q(feedback_score=score),
    "since": lambda day: Q(practice_date__gte=day),
    "until": lambda day: Q(practice_date__lte=day),
    "words": _contains_each,
}
CHECKIN_CONDITIONS: dict[str, Condition] = {
    "hacks": lambda keys: Q(selected_hack__in=keys),
    "moods": _any_mood,
    "since": lambda day: Q(checkin_date__gte=day),
    "until": lambda day: Q(checkin_date__lte=day),
    "words": _contains_each,
}


def count_entries(member: Member, filters: Mapping[str, Any]) -> int:
    """How many entries pass every filter."""
    sessions, checkins = _matching(member, filters)
    return checkins.order_by().values("pk").union(sessions.order_by().values("pk"), all=True).count()


def find_entries(member: Member, filters: Mapping[str, Any], page: int) -> list[Row]:
    """A page of the entries that pass every filter, newest first; pages count from 1."""
    sessions, checkins = _matching(member, filters)
    entries = checkin_rows(checkins).union(session_rows(sessions), all=True).order_by(*NEWEST_FIRST)
    return list(entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])


class Opened(NamedTuple):
    """What the journal shows to whoever opens it without a filter."""

    count: int
    entries: list[Row]
    hacks: dict[UUID, Row]
    unread: int


def open_journal(member: Member) -> Opened:
    """The first page, the number of all entries, `hacks_of` and the unread notifications, in one statement."""
    [found] = _opened(member)
    sessions = [{**row, "kind": SESSION, "before": None, "after": None} for row in found["latest_sessions"]]
    checkins = [
        {**row, "kind": CHECKIN, "seconds": None, "how": None, "score": None} for row in found["latest_checkins"]
    ]
    # As NEWEST_FIRST has it. Moments are text here, all of them in UTC, which sorts them as they are.
    entries = sorted(checkins + sessions, key=lambda row: (row["moment"], row["entry"]), reverse=True)
    entries.sort(key=lambda row: row["kind"])
    entries.sort(key=lambda row: row["day"], reverse=True)
    return Opened(
        found["sessions_count"] + found["checkins_count"],
        [_from_json(row) for row in entries[:PAGE_SIZE]],
        {UUID(row["pk"]): row for row in found["hacks"]},
        found["unread"],
    )


def _from_json(row: Row) -> Row:
    about = row["about"] and UUID(row["about"])
    day, moment = date.fromisoformat(row["day"]), datetime.fromisoformat(row["moment"])
    return {**row, "about": about, "day": day, "moment": moment}


# A session's local day is at most a day and some hours from where its start has it in UTC: of two that are further
# apart, the later one is on no earlier day. So the latest by their start, for which there is an index, hold the latest.
APART = timedelta(days=2)


@compiled
def _opened(member: Member) -> models.QuerySet:
    sessions = PracticeSession.objects.visible_to(member).order_by("-started_at")
    last_shown = sessions.values("started_at")[PAGE_SIZE - 1 : PAGE_SIZE]
    since = ExpressionWrapper(models.Subquery(last_shown) - APART, output_field=models.DateTimeField())
    latest = sessions.filter(started_at__gte=Coalesce(since, Value("-infinity"), output_field=models.DateTimeField()))
    latest = latest.order_by("-practice_date", "-started_at", "-pk")
    checkins = DailyCheckin.objects.visible_to(member).order_by("-checkin_date")
    waiting = Notification.objects.visible_to(member).unread()
    return Member.objects.filter(pk=member.pk).values(
        sessions_count=_number(sessions),
        checkins_count=_number(checkins),
        latest_sessions=json_rows(
            latest.order_by("-practice_date", "-started_at", "-pk")[:PAGE_SIZE], **SESSION_COLUMNS
        ),
        latest_checkins=json_rows(checkins[:PAGE_SIZE], **CHECKIN_COLUMNS),
        hacks=json_rows(_mentioned(member), pk="pk", **{name: name for name in HACK_COLUMNS}),
        unread=_number(waiting),
    )


def _number(rows: models.QuerySet) -> Coalesce:
    """How many there are of one member; not which, so that an index is enough to tell."""
    return Coalesce(models.Subquery(rows.order_by().values("user").annotate(number=Count("*")).values("number")), 0)


def _matching(member: Member, filters: Mapping[str, Any]) -> tuple[models.QuerySet, models.QuerySet]:
    return (
        _narrow(PracticeSession.objects.visible_to(member), SESSION, SESSION_CONDITIONS, filters),
        _narrow(DailyCheckin.objects.visible_to(member), CHECKIN, CHECKIN_CONDITIONS, filters),
    )


def _narrow(
    rows: models.QuerySet, kind: str, conditions: Mapping[str, Condition], filters: Mapping[str, Any]
) -> models.QuerySet:
    if filters.get("kind", kind) != kind:
        return rows.none()
    for name, value in filters.items():
        if name == "kind":
            continue
        if name not in conditions:
            return rows.none()
        rows = rows.filter(conditions[name](value))
    return rows


# The columns of an entry that each kind has, by what the page calls them.
COMMON_COLUMNS = {"entry": "pk", "zone": "timezone", "note": "notes"}
SESSION_COLUMNS = {
    **COMMON_COLUMNS,
    "day": "practice_date",
    "moment": "started_at",
    "about": "hack_id",
    "seconds": "duration_seconds",
    "how": "session_type",
    "score": "feedback_score",
}
CHECKIN_COLUMNS = {
    **COMMON_COLUMNS,
    "day": "checkin_date",
    "moment": "created_at",
    "about": "selected_hack_id",
    "before": "mood_before",
    "after": "mood_after",
}
# Those that the other kind alone has; of whatever kind, they are nothing.
LACKING = {
    "seconds": models.IntegerField(),
    "how": models.TextField(),
    "score": models.SmallIntegerField(),
    "before": models.PositiveSmallIntegerField(),
    "after": models.PositiveSmallIntegerField(),
}


def session_rows(sessions: models.QuerySet) -> models.QuerySet:
    """The columns of an entry; the same, in the same order, as those of `checkin_rows`.

    They join nothing: what the hack is called is known from `hacks_of`, and one sort of one member's rows stays cheap.
    """
    return _rows(sessions, SESSION, SESSION_COLUMNS)


def checkin_rows(checkins: models.QuerySet) -> models.QuerySet:
    return _rows(checkins, CHECKIN, CHECKIN_COLUMNS)


def _rows(rows: models.QuerySet, kind: str, columns: Mapping[str, str]) -> models.QuerySet:
    own = {name: F(column) for name, column in columns.items() if name not in LACKING}
    others = {
        name: F(columns[name]) if name in columns else Cast(Value(None), field) for name, field in LACKING.items()
    }
    return rows.order_by().values(kind=Cast(Value(kind), models.TextField()), **own, **others)


HACK_COLUMNS = ("slug", "name", "category__name", "category__title", "category__icon_url", "category__sort_order")


def hacks_of(member: Member) -> dict[UUID, Row]:
    """The hacks that the journal of a member mentions, by key, in the order of their names."""
    return {row["pk"]: row for row in _mentioned(member).values("pk", *HACK_COLUMNS)}


def _mentioned(member: Member) -> models.QuerySet:
    practised = PracticeSession.objects.visible_to(member).order_by().values("hack")
    chosen = DailyCheckin.objects.visible_to(member).order_by().exclude(selected_hack=None).values("selected_hack")
    return Hack.objects.filter(Q(pk__in=practised) | Q(pk__in=chosen)).order_by("name", "pk")
