"""The leaderboards as a member sees them. gamification/actions/leaderboards.py counts them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import Member
from database.compiled import compiled
from database.statements import Row, run_statement
from gamification.models import Challenge, Leaderboard

PAGE_SIZE = 25
# The number of rows shown above and below the reader's own place.
NEIGHBOURS = 3
SHOWN_CHALLENGES = 5
COUNT_INTERVAL = timedelta(minutes=10)
# The list ends after this many members. A member below still sees their own place.
MAX_LISTED = 1000
# The badges beside the reader's own row: listed, hidden in a challenge, hidden on a leaderboard.
OWN_MARK, HIDDEN_MARK, UNLISTED_MARK = "You", "Only you see this", "Where you'd be"


class BoardRow(NamedTuple):
    """A member's row on a board, as the reader sees it."""

    rank: int
    is_shared: bool
    xp: int
    mark: str  # The badge beside the reader's own name; empty for other members.
    user_id: UUID
    username: str
    display_name: str
    avatar_url: str
    has_page: bool

    @property
    def is_own(self) -> bool:
        return bool(self.mark)

    @property
    def rank_text(self) -> str:
        return f"{self.rank:,}"

    @property
    def xp_text(self) -> str:
        return f"{self.xp:,}"

    @property
    def url(self) -> str:
        """The URL of the member's profile; empty if the reader may not see it."""
        return reverse("accounts:profile", args=[self.username]) if self.has_page else ""

    @property
    def html(self) -> SafeString:
        return _render_row(self)


# The row is the key. If a member changes, the row does too, so that the cache needs no invalidation.
@lru_cache(maxsize=4096)
def _render_row(row: BoardRow) -> SafeString:
    return SafeString(render_to_string("gamification/_board_row.html", {"row": row}))


@dataclass(frozen=True)
class BoardPage:
    """A page of a board: a page of the list, and the reader's own place with its neighbours."""

    rows: list[BoardRow]
    page: Any
    own: BoardRow | None  # None if the reader has no XP on this board.
    around: list[BoardRow]  # Empty if `rows` contains the reader's own row.
    is_waiting: bool  # The reader turned on their totals since the last count, and is not listed yet.


def boards_of(period: Leaderboard.Period, today: date) -> list[Row]:
    """Return the counted boards of the period that contains `today`, the overall one first."""
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
    """Return the time of the next count: the next multiple of ten minutes on the clock."""
    return now + COUNT_INTERVAL - (now - datetime.min.replace(tzinfo=UTC)) % COUNT_INTERVAL


def read_board_page(member: Member, board_id: UUID, page: int) -> BoardPage:
    """Read a page of the list in one statement. A page number beyond the last one gives the last page."""
    found = _rows(member, board_id, page)
    listed = Paginator(range(found[0]["total"] if found else 0), PAGE_SIZE).get_page(page)
    hides = not member.privacy_settings["leaderboard_visible"]
    # The list leaves out a reader who hides their totals, because other members don't see them either.
    rows = [_row(row, member) for row in found if not row["is_near"] and not (hides and row["user_id"] == member.pk)]
    near = [row for row in found if row["is_near"]]
    own = next((row for row in near if row["user_id"] == member.pk), None)
    return BoardPage(
        rows=rows,
        page=listed,
        own=_row(own, member) if own else None,
        around=[] if any(row.is_own for row in rows) else [_row(row, member) for row in near],
        is_waiting=own is not None and not hides and not own["is_listed"],
    )


def board_row(row: Row, member: Member, *, is_shared: bool, hidden: str = HIDDEN_MARK) -> BoardRow:
    """Convert a statement's row with the member's card, `has_page`, `rank` and `xp`.

    `hidden` is the badge of the reader's own row if they hide their totals.
    """
    is_own = row["user_id"] == member.pk
    shows = member.privacy_settings["leaderboard_visible"]
    return BoardRow(
        rank=row["rank"],
        is_shared=is_shared,
        xp=row["xp"],
        mark=(OWN_MARK if shows else hidden) if is_own else "",
        user_id=row["user_id"],
        username=row["username"],
        display_name=row["display_name"],
        avatar_url=row["avatar_url"],
        has_page=row["has_page"] or is_own,
    )


def _row(row: Row, member: Member) -> BoardRow:
    """Convert a row of a leaderboard. Ranks count listed members only, so that a hidden reader has a would-be rank."""
    return board_row(row, member, is_shared=row["is_shared"], hidden=UNLISTED_MARK)


def _rows(member: Member, board_id: UUID, page: int) -> list[Row]:
    result = run_statement(
        "gamification",
        "leaderboard_page",
        board=board_id,
        member=member.pk,
        page=page,
        size=PAGE_SIZE,
        most=MAX_LISTED,
        around=NEIGHBOURS,
    )
    return result.dicts
