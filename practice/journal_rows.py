"""Format journal entries for the rows of the list."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from html import escape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from database.local_days import day_word
from practice.journal import SESSION, Hacks
from practice.models import PracticeSession

EXCERPT_LENGTH = 360
# Cached for use in every row: Django's enumerations compute labels on each access.
TYPES: dict[str, str] = dict(PracticeSession.Type.choices)
FEEDBACK = {
    score: format_html('<span class="badge{}">{}</span>', " badge--good" * (score == 1), label)
    for score, label in PracticeSession.Feedback.choices
}


def entry_lines(
    rows: Iterable[Mapping[str, Any]],
    hacks: Hacks,
    *,
    today: date,
    zone: str,
    words: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the entries formatted for the template.

    The first entry of each day has a `day_name`. `words` are highlighted in the notes. `zone` is the member's current
    time zone; a time in another zone names its place.
    """
    lines, day = [], None
    for row in rows:
        hack = hacks.get(row["about"])
        line = _session_line(row, hack, zone) if row["kind"] == SESSION else _checkin_line(row, hack)
        line["day_name"] = "" if row["day"] == day else day_name(row["day"], today)
        line["note"] = marked(excerpt(row["note"], words), words)
        line["facts_html"] = SafeString("".join(f"<span>{escape(fact)}</span>" for fact in line["facts"]))
        line["edit_label"] = f"Edit: {line['title']}, {line['facts'][0]}"
        lines.append(line)
        day = row["day"]
    return lines


def _session_line(row: Mapping[str, Any], hack: Mapping[str, Any], zone: str) -> dict[str, Any]:
    clock = f"{row['moment'].astimezone(ZoneInfo(row['zone'])):%H:%M}"
    if row["zone"] != zone:
        clock += f" in {row['zone'].rpartition('/')[2].replace('_', ' ')}"
    facts = [clock]
    is_running = row["seconds"] is None
    if is_running:
        url = reverse("practice:timer", args=[hack["slug"]])
    else:
        facts.append(f"{max(1, round(row['seconds'] / 60))} min")
        url = entry_address("session-detail").format(row["entry"])
    if row["how"] != "solo":
        facts.append(TYPES[row["how"]])
    return {
        "category": hack["category_name"],
        "icon": hack["icon"],
        "title": f"{hack['name']} is running" if is_running else hack["name"],
        "url": url,
        "edit_url": "" if is_running else entry_address("journal-session").format(row["entry"]),
        "facts": facts,
        "feedback": FEEDBACK.get(row["score"], ""),
    }


def _checkin_line(row: Mapping[str, Any], hack: Mapping[str, Any] | None) -> dict[str, Any]:
    facts = [mood_words(row["before"], row["after"])]
    return {
        "category": hack["category_name"] if hack else "",
        "icon": "circle-check",
        "title": "Check-in",
        "url": "",
        "edit_url": entry_address("journal-checkin").format(row["entry"]),
        "facts": [*facts, hack["name"]] if hack else facts,
        "feedback": "",
    }


@cache
def entry_address(name: str) -> str:
    """Return a URL template with "{}" in place of the entry's id; formatting it is faster than reverse() per row."""
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
    name = f"{day:%A}, {day.day} {day:%B}" + f" {day.year}" * (day.year != today.year)
    return ", ".join(filter(None, [day_word(day, today), name]))


def excerpt(text: str, words: Sequence[str]) -> str:
    """Return at most EXCERPT_LENGTH characters of a note: its beginning, or the part around the first match."""
    if len(text) <= EXCERPT_LENGTH:
        return text
    found = _pattern(words).search(text) if words else None
    start = max(found.start() - EXCERPT_LENGTH // 3, 0) if found and found.end() > EXCERPT_LENGTH else 0
    end = start + EXCERPT_LENGTH
    return f"{'… ' * bool(start)}{text[start:end].strip()}{' …' * (end < len(text))}"


def marked(text: str, words: Sequence[str]) -> SafeString:
    """Return the escaped text with each of the words inside <mark>."""
    parts = _pattern(words).split(text) if words else [text]
    # Every second part is a match, because the pattern has one group.
    return SafeString(
        "".join(f"<mark>{escape(part)}</mark>" if index % 2 else escape(part) for index, part in enumerate(parts))
    )


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})", re.IGNORECASE)
