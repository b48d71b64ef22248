"""Queries of the journal: a member's sessions and check-ins as one history. journal_rows.py formats the entries."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast

from accounts.models import Member
from database.statements import Row, run_statement
from hacks.models import Hack
from practice.models import DailyCheckin, PracticeSession

SESSION, CHECKIN = "practice", "checkin"
# Within a day the check-in comes first, because it is about the whole day. sql/journal.sql uses the same order.
NEWEST_FIRST = ("-day", "kind", "-moment", "-entry")
PAGE_SIZE = 20

# By id: a UUID, or text where it comes from JSON.
Hacks = Mapping[Any, Row]
Condition = Callable[[Any], Q]


def _contains_each(words: Sequence[str]) -> Q:
    """Match notes that contain every word, in any order.

    There is no index for this: the index on `user` already narrows the rows to one member's.
    """
    return Q(*(Q(notes__icontains=word) for word in words))


def _any_mood(bounds: tuple[int, int]) -> Q:
    return Q(mood_before__range=bounds) | Q(mood_after__range=bounds)


# The condition of each filter, by kind of entry. A kind without a condition for a filter has no matches.
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
    """Return how many entries match every filter."""
    sessions, checkins = _matching(member, filters)
    return checkins.order_by().values("pk").union(sessions.order_by().values("pk"), all=True).count()


def find_entries(member: Member, filters: Mapping[str, Any], page: int) -> list[Row]:
    """Return a page of the entries that match every filter, newest first; pages count from 1."""
    sessions, checkins = _matching(member, filters)
    entries = checkin_rows(checkins).union(session_rows(sessions), all=True).order_by(*NEWEST_FIRST)
    return list(entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])


class FirstPage(NamedTuple):
    """The data of the journal's first page without filters."""

    count: int
    entries: list[Row]
    hacks: dict[str, Row]
    unread: int


def read_first_page(member: Member) -> FirstPage:
    """Read the first page, the number of all entries, `hacks_of` and the unread notifications in one statement.

    The ids of hacks are text, as in the statement's JSON.
    """
    [found] = run_statement("practice", "journal", member_id=member.pk, page_size=PAGE_SIZE).dicts
    for entry in found["entries"]:
        entry["day"] = date.fromisoformat(entry["day"])
        entry["moment"] = datetime.fromisoformat(entry["moment"])
    hacks = {row["id"]: row for row in found["hacks"]}
    return FirstPage(found["count"], found["entries"], hacks, found["unread"])


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


# The model fields of each kind of entry, by the column names of an entry.
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
# The columns that only one kind has; they are null for the other kind.
SINGLE_KIND_COLUMNS = {
    "seconds": models.IntegerField(),
    "how": models.TextField(),
    "score": models.SmallIntegerField(),
    "before": models.PositiveSmallIntegerField(),
    "after": models.PositiveSmallIntegerField(),
}


def session_rows(sessions: models.QuerySet) -> models.QuerySet:
    """Return the columns of an entry, in the same order as `checkin_rows`, so that both can be combined with UNION.

    There is no join: `hacks_of` provides the names of hacks, so sorting one member's rows stays cheap.
    """
    return _rows(sessions, SESSION, SESSION_COLUMNS)


def checkin_rows(checkins: models.QuerySet) -> models.QuerySet:
    return _rows(checkins, CHECKIN, CHECKIN_COLUMNS)


def _rows(rows: models.QuerySet, kind: str, columns: Mapping[str, str]) -> models.QuerySet:
    common = {name: F(column) for name, column in columns.items() if name not in SINGLE_KIND_COLUMNS}
    single = {
        name: F(columns[name]) if name in columns else Cast(Value(None), field)
        for name, field in SINGLE_KIND_COLUMNS.items()
    }
    return rows.order_by().values(kind=Cast(Value(kind), models.TextField()), **common, **single)


# sql/journal.sql uses the same names.
HACK_COLUMNS = {
    "category_name": F("category__name"),
    "category_title": F("category__title"),
    "icon": F("category__icon_url"),
    "category_order": F("category__sort_order"),
}


def hacks_of(member: Member) -> dict[UUID, Row]:
    """Return the hacks in a member's journal by id, ordered by name."""
    practised = PracticeSession.objects.visible_to(member).order_by().values("hack")
    chosen = DailyCheckin.objects.visible_to(member).order_by().exclude(selected_hack=None).values("selected_hack")
    mentioned = Hack.objects.filter(Q(pk__in=practised) | Q(pk__in=chosen)).order_by("name", "pk")
    return {row["id"]: row for row in mentioned.values("id", "slug", "name", **HACK_COLUMNS)}
