"""What a member sees of the leaderboards; they are counted by gamification/actions/leaderboards.py."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.compiled import Row, compiled
from accounts.database import read_statement
from accounts.models import Member
from accounts.templatetags.people import avatar
from gamification.models import Leaderboard

PAGE_SIZE = 25
# How many are shown on each side of the member's own place.
NEIGHBOURS = 3
COUNTED_EVERY = timedelta(minutes=10)
MOST_PAGES = 1_000_000

SHARED_RANK = '<span aria-hidden="true">=</span><span class="visually-hidden">shared </span>{}'
NAME = (
    '{}<span class="member__text"><span class="member__name">{}</span> <span class="member__username">@{}</span></span>'
)


@dataclass(frozen=True)
class Line:
    """A member on a board, as the page writes it."""

    rank: SafeString
    person: SafeString
    xp: str
    is_own: bool


@dataclass(frozen=True)
class Standing:
    """What a page of a board shows: a page of the list, and the member's own place among its neighbours.

    There is no own place without XP. `around` is empty where the page of the list shows it already.
    """

    lines: list[Line]
    page: Any
    own: Line | None
    around: list[Line]
    is_waiting: bool  # To be listed: they show themselves since the last count.


def boards_of(period: Leaderboard.Period, today: date) -> list[Row]:
    """The boards that have been counted in the period that `today` is in, overall first."""
    boards = _boards(period.value, period.starts_on(today))
    return sorted(boards, key=lambda board: board["category__name"] is not None)


@compiled
def _boards(period: str, starts_on: date | None) -> QuerySet:
    boards = Leaderboard.objects.filter(period=period, starts_on=starts_on)
    return boards.order_by("category__sort_order", "category__name").values(
        "pk", "counted_at", "category__name", "category__title"
    )


def next_count(now: datetime) -> datetime:
    """When the boards are counted next: at each full ten minutes of the clock."""
    return now + COUNTED_EVERY - (now - datetime.min.replace(tzinfo=UTC)) % COUNTED_EVERY


def standing_of(member: Member, board_id: UUID, page: int) -> Standing:
    """One statement; a page beyond the last is the last."""
    rows = _rows(member, board_id, page)
    listed = Paginator(range(rows[0]["last_place"] or 0 if rows else 0), PAGE_SIZE).get_page(page)
    # By XP, as whoever hides has the rank of the next one. They share a rank, but nobody shares theirs.
    equals = Counter(row["xp"] for row in rows if row["is_listed"])
    lines = [
        line_of(row, member, is_shared=row["rank"] != row["place"] or equals[row["xp"]] > row["is_listed"])
        for row in rows
    ]
    hides = not member.privacy_settings["leaderboard_visible"]
    on_page = [
        line
        for row, line in zip(rows, lines, strict=True)
        if listed.start_index() <= row["place"] <= listed.end_index()
        and row["is_listed"]
        and not (line.is_own and hides)
    ]
    at = next((number for number, line in enumerate(lines) if line.is_own), None)
    if at is None:
        return Standing(on_page, listed, None, [], is_waiting=False)
    own = lines[at]
    around = [] if own in on_page else _around(rows, lines, at)
    return Standing(on_page, listed, own, around, is_waiting=not hides and not rows[at]["is_listed"])


def _around(rows: Sequence[Row], lines: Sequence[Line], at: int) -> list[Line]:
    """The member's line and those beside it; a page of the list may stand between the rows, too."""
    first = max(0, at - NEIGHBOURS)
    near = zip(rows[first : at + NEIGHBOURS + 1], lines[first : at + NEIGHBOURS + 1], strict=True)
    return [line for row, line in near if abs(row["place"] - rows[at]["place"]) <= NEIGHBOURS]


def _rows(member: Member, board_id: UUID, page: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            read_statement("gamification", "leaderboard_page"),
            {"board": board_id, "member": member.pk, "page": page, "size": PAGE_SIZE, "around": NEIGHBOURS},
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def line_of(row: Row, member: Member, *, is_shared: bool) -> Line:
    is_own = row["user_id"] == member.pk
    name = format_html(NAME, avatar(row), row["display_name"], row["username"])
    if row["has_page"] or is_own:
        url = reverse("accounts:profile", args=[row["username"]])
        person = format_html('<a class="member" href="{}">{}</a>', url, name)
    else:
        person = format_html('<span class="member">{}</span>', name)
    rank = format_html(SHARED_RANK if is_shared else "{}", f"{row['rank']:,}")
    return Line(rank, person, f"{row['xp']:,}", is_own)
