"""The journal: a member's sessions and check-ins as one history, and each entry the way a page prints it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.compiled import compiled
from accounts.models import Member
from accounts.templatetags.ui import icon
from hacks.models import Hack
from practice.models import DailyCheckin, PracticeSession

SESSION, CHECKIN = "practice", "checkin"
# The latest first; within a day the check-in, which is about the whole of it.
NEWEST_FIRST = ("-day", "kind", "-moment", "-entry")
PAGE_SIZE = 20
EXCERPT_LENGTH = 360
# Looked up for each row: what Django's enumerations work out on every access.
TYPES: dict[str, str] = dict(PracticeSession.Type.choices)
FEEDBACK = {
    score: format_html('<span class="badge{}">{}</span>', " badge--good" * (score == 1), label)
    for score, label in PracticeSession.Feedback.choices
}

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
    if not filters:
        return sum(_totals(member)[0].values())
    sessions, checkins = _matching(member, filters)
    return checkins.order_by().values("pk").union(sessions.order_by().values("pk"), all=True).count()


def find_entries(member: Member, filters: Mapping[str, Any], page: int) -> list[dict[str, Any]]:
    """A page of the entries that pass every filter, newest first; pages count from 1."""
    if not filters and page == 1:
        return _latest(member)
    sessions, checkins = _matching(member, filters)
    return list(_merged(sessions, checkins)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])


def _matching(member: Member, filters: Mapping[str, Any]) -> tuple[models.QuerySet, models.QuerySet]:
    return (
        _narrow(PracticeSession.objects.visible_to(member), SESSION, SESSION_CONDITIONS, filters),
        _narrow(DailyCheckin.objects.visible_to(member), CHECKIN, CHECKIN_CONDITIONS, filters),
    )


def _merged(sessions: models.QuerySet, checkins: models.QuerySet) -> models.QuerySet:
    return checkin_rows(checkins).union(session_rows(sessions), all=True).order_by(*NEWEST_FIRST)


@compiled
def _latest(member: Member) -> models.QuerySet:
    return _merged(*_matching(member, {}))[:PAGE_SIZE]


@compiled
def _totals(member: Member) -> models.QuerySet:
    sessions, checkins = (
        Coalesce(models.Subquery(rows.order_by().values("user").annotate(number=Count("pk")).values("number")), 0)
        for rows in _matching(member, {})
    )
    return Member.objects.filter(pk=member.pk).values(sessions_count=sessions, checkins_count=checkins)


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


def session_rows(sessions: models.QuerySet) -> models.QuerySet:
    """The columns of an entry; the same, in the same order, as those of `checkin_rows`.

    They join nothing: what the hack is called is known from `hacks_of`, and one sort of one member's rows stays cheap.
    """
    return sessions.order_by().values(
        kind=_text(SESSION),
        entry=F("pk"),
        day=F("practice_date"),
        moment=F("started_at"),
        zone=F("timezone"),
        about=F("hack_id"),
        note=F("notes"),
        seconds=F("duration_seconds"),
        how=F("session_type"),
        score=F("feedback_score"),
        before=_nothing(models.PositiveSmallIntegerField()),
        after=_nothing(models.PositiveSmallIntegerField()),
    )


def checkin_rows(checkins: models.QuerySet) -> models.QuerySet:
    return checkins.order_by().values(
        kind=_text(CHECKIN),
        entry=F("pk"),
        day=F("checkin_date"),
        moment=F("created_at"),
        zone=F("timezone"),
        about=F("selected_hack_id"),
        note=F("notes"),
        seconds=_nothing(models.IntegerField()),
        how=_nothing(models.TextField()),
        score=_nothing(models.SmallIntegerField()),
        before=F("mood_before"),
        after=F("mood_after"),
    )


def _text(value: str) -> Cast:
    return Cast(Value(value), models.TextField())


def _nothing(field: models.Field) -> Cast:
    return Cast(Value(None), field)


def hacks_of(member: Member) -> dict[UUID, dict[str, Any]]:
    """The hacks that the journal of a member mentions, by key, in the order of their names."""
    return {row["pk"]: row for row in _mentioned(member)}


@compiled
def _mentioned(member: Member) -> models.QuerySet:
    practised = PracticeSession.objects.visible_to(member).values("hack")
    chosen = DailyCheckin.objects.visible_to(member).exclude(selected_hack=None).values("selected_hack")
    hacks = Hack.objects.filter(Q(pk__in=practised) | Q(pk__in=chosen)).order_by("name", "pk")
    fields = ("slug", "name", "category__name", "category__title", "category__icon_url", "category__sort_order")
    return hacks.values("pk", *fields)


def entry_lines(
    rows: Iterable[Mapping[str, Any]],
    hacks: Mapping[UUID, Mapping[str, Any]],
    *,
    today: date,
    zone: str,
    words: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Entries ready to print; the first of each day carries the day's name. `words` are marked in the notes.

    `zone` is where the member is: times by the clocks of another place say so.
    """
    lines, day = [], None
    for row in rows:
        hack = hacks.get(row["about"])
        line = _session_line(row, hack, zone) if row["kind"] == SESSION else _checkin_line(row, hack)
        line["day_name"] = "" if row["day"] == day else day_name(row["day"], today)
        line["facts"] = format_html_join("", "<span>{}</span>", ((fact,) for fact in line["said"]))
        line["note"] = marked(excerpt(row["note"], words), words)
        lines.append(line)
        day = row["day"]
    return lines


def _session_line(row: Mapping[str, Any], hack: Mapping[str, Any], zone: str) -> dict[str, Any]:
    clock = f"{row['moment'].astimezone(ZoneInfo(row['zone'])):%H:%M}"
    if row["zone"] != zone:
        clock += f" in {row['zone'].rpartition('/')[2].replace('_', ' ')}"
    said = [clock]
    is_running = row["seconds"] is None
    if is_running:
        url = reverse("practice:timer", args=[hack["slug"]])
    else:
        said.append(f"{max(1, round(row['seconds'] / 60))} min")
        url = _address("session-detail").format(row["entry"])
    if row["how"] != "solo":
        said.append(TYPES[row["how"]])
    return {
        "category": hack["category__name"],
        "icon": icon(hack["category__icon_url"]),
        "title": f"{hack['name']} is running" if is_running else hack["name"],
        "url": url,
        "edit_url": "" if is_running else _address("journal-session").format(row["entry"]),
        "said": said,
        "feedback": FEEDBACK.get(row["score"], ""),
    }


def _checkin_line(row: Mapping[str, Any], hack: Mapping[str, Any] | None) -> dict[str, Any]:
    said = [mood_words(row["before"], row["after"])]
    return {
        "category": hack["category__name"] if hack else "",
        "icon": icon("circle-check"),
        "title": "Check-in",
        "url": "",
        "edit_url": _address("journal-checkin").format(row["entry"]),
        "said": [*said, hack["name"]] if hack else said,
        "feedback": "",
    }


@cache
def _address(name: str) -> str:
    """The address of an entry with a gap for its key: to build it from the patterns for each row takes longer."""
    return reverse(f"practice:{name}", args=[UUID(int=0)]).replace(str(UUID(int=0)), "{}")


def mood_words(before: int | None, after: int | None) -> str:
    match before, after:
        case None, None:
            return "No mood noted"
        case int(), None:
            return f"Mood {before} of 10"
        case None, int():
            return f"Mood {after} of 10 after practising"
    return f"Mood {before} before, {after} after"


def day_name(day: date, today: date) -> str:
    name = date_format(day, "l, j F" if day.year == today.year else "l, j F Y")
    ago = {0: "Today", 1: "Yesterday"}.get((today - day).days)
    return f"{ago}, {name}" if ago else name


def excerpt(text: str, words: Sequence[str]) -> str:
    """What a list shows of a long note: its beginning, or what stands around the first word that was looked for."""
    if len(text) <= EXCERPT_LENGTH:
        return text
    found = _pattern(words).search(text) if words else None
    start = max(found.start() - EXCERPT_LENGTH // 3, 0) if found and found.end() > EXCERPT_LENGTH else 0
    end = start + EXCERPT_LENGTH
    return f"{'… ' * bool(start)}{text[start:end].strip()}{' …' * (end < len(text))}"


def marked(text: str, words: Sequence[str]) -> SafeString:
    """The text, escaped, with each of the words marked."""
    if not words:
        return conditional_escape(text)
    parts = _pattern(words).split(text)
    # Every second part is what the pattern's group has caught.
    return SafeString(
        "".join(
            format_html("<mark>{}</mark>", part) if index % 2 else conditional_escape(part)
            for index, part in enumerate(parts)
        )
    )


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})", re.IGNORECASE)
