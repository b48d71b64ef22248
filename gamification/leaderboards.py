"""What a member sees of the leaderboards; they are counted by gamification/actions/leaderboards.py."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Member
from accounts.templatetags.people import avatar
from database.compiled import Row, compiled
from database.statements import run_statement
from gamification.models import Challenge, Leaderboard

PAGE_SIZE = 25
# How many are shown on each side of the member's own place.
NEIGHBOURS = 3
SHOWN_CHALLENGES = 5
COUNTED_EVERY = timedelta(minutes=10)
# Whoever stands below finds themselves, not a page of the list.
MOST_LISTED = 1000

SHARED_RANK = '<span aria-hidden="true">=</span><span class="visually-hidden">shared </span>{}'
ROW = (
    '<tr{}><td class="number board__rank">{}</td><th scope="row">{}{}<span class="member__text">'
    '<span class="member__name">{}</span> <span class="member__username">@{}</span></span>{}{}</th>'
    '<td class="number">{}</td></tr>'
)
YOU, HIDDEN, WOULD_BE = (
    format_html(' <span class="badge badge--accent">{}</span>', words)
    for words in ("You", "You: only you see this", "Where you would be")
)


@dataclass(frozen=True)
class Line:
    """A member on a board, as the page writes it."""

    rank: SafeString
    xp: str
    html: SafeString
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


@compiled
def running_challenges(now: datetime) -> QuerySet:
    return Challenge.objects.running(now).values("name", "slug")[:SHOWN_CHALLENGES]


def next_count(now: datetime) -> datetime:
    """When the boards are counted next: at each full ten minutes of the clock."""
    return now + COUNTED_EVERY - (now - datetime.min.replace(tzinfo=UTC)) % COUNTED_EVERY


def standing_of(member: Member, board_id: UUID, page: int) -> Standing:
    """One statement; a page beyond the last is the last."""
    rows = _rows(member, board_id, page)
    listed = Paginator(range(rows[0]["total"] if rows else 0), PAGE_SIZE).get_page(page)
    hides = not member.privacy_settings["leaderboard_visible"]
    # What others do not see is not on the list.
    lines = [_line(row, member) for row in rows if not row["is_near"] and not (hides and row["user_id"] == member.pk)]
    near = [row for row in rows if row["is_near"]]
    own = next((row for row in near if row["user_id"] == member.pk), None)
    return Standing(
        lines=lines,
        page=listed,
        own=_line(own, member) if own else None,
        around=[] if any(line.is_own for line in lines) else [_line(row, member) for row in near],
        is_waiting=own is not None and not hides and not own["is_listed"],
    )


def line_of(row: Row, member: Member, *, is_shared: bool, hidden: SafeString = HIDDEN) -> Line:
    """The line of a row that has the member's card, `has_page`, `rank` and `xp`; `hidden` marks a member who hides."""
    is_own = row["user_id"] == member.pk
    rank, xp = _rank(row["rank"], is_shared), f"{row['xp']:,}"
    shows = member.privacy_settings["leaderboard_visible"]
    badge = (YOU if shows else hidden) if is_own else ""
    card = (row["user_id"], row["username"], row["display_name"], row["avatar_url"], row["has_page"] or is_own)
    return Line(rank, xp, _row(rank, xp, badge, *card), is_own)


@lru_cache(maxsize=1024)
def _rank(rank: int, is_shared: bool) -> SafeString:
    return format_html(SHARED_RANK if is_shared else "{}", f"{rank:,}")


# All that a row says is its key: who changes is another row, and nothing has to be invalidated.
@lru_cache(maxsize=4096)
def _row(
    rank: str, xp: str, badge: str, user_id: UUID, username: str, display_name: str, avatar_url: str, has_page: bool
) -> SafeString:
    picture = avatar({"user_id": user_id, "username": username, "display_name": display_name, "avatar_url": avatar_url})
    begin, end = SafeString('<span class="member">'), SafeString("</span>")
    if has_page:
        url = reverse("accounts:profile", args=[username])
        begin, end = format_html('<a class="member" href="{}">', url), SafeString("</a>")
    current = SafeString(' aria-current="true"' if badge else "")
    return format_html(ROW, current, rank, begin, picture, display_name, username, end, badge, xp)


def _line(row: Row, member: Member) -> Line:
    """Ranks count the list alone: whoever hides has none on it, but the one that they would share."""
    return line_of(row, member, is_shared=row["is_shared"], hidden=WOULD_BE)


def _rows(member: Member, board_id: UUID, page: int) -> list[Row]:
    result = run_statement(
        "gamification",
        "leaderboard_page",
        board=board_id,
        member=member.pk,
        page=page,
        size=PAGE_SIZE,
        most=MOST_LISTED,
        around=NEIGHBOURS,
    )
    return result.dicts
