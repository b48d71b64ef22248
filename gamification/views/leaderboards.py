"""The page of the leaderboards."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from gamification.leaderboards import MAX_LISTED, boards_of, next_count, read_board_page, running_challenges
from gamification.models import Leaderboard

# The period in words, for the end of a sentence.
PERIOD_WORDS = {"week": "this week", "month": "this month", "all": "yet"}


@require_safe
@login_required
def leaderboard(request: HttpRequest) -> HttpResponse:
    """Show a board. Unknown query parameters fall back to overall, this week, page 1."""
    now = timezone.now()
    period = _period(request.GET.get("period"))
    boards = boards_of(period, now.astimezone(UTC).date())
    requested = request.GET.get("category")
    board = next((each for each in boards if each["category__name"] == requested), boards[0] if boards else None)
    context: dict[str, Any] = {
        "period": period.value,
        "when": PERIOD_WORDS[period],
        "periods": tuple(Leaderboard.Period.choices),
        "category": board["category__name"] or "" if board else "",
        "categories": tuple((each["category__name"] or "", each["category__title"] or "Overall") for each in boards),
        "hides": not request.member.privacy_settings["leaderboard_visible"],
        "next_count": _clock(next_count(now)),
        "challenges": running_challenges(now),
    }
    if board:
        context["counted_at"] = _clock(board["counted_at"])
        context["board"] = read_board_page(request.member, board["pk"], _page(request.GET.get("page")))
    return render(request, "gamification/leaderboard.html", context)


def _period(value: str | None) -> Leaderboard.Period:
    return Leaderboard.Period(value) if value in Leaderboard.Period.values else Leaderboard.Period.WEEK


def _page(value: str | None) -> int:
    """Parse a page number, from 1 to MAX_LISTED; return 1 for an invalid value."""
    return min(max(int(value), 1), MAX_LISTED) if value and value.isdecimal() and len(value) < 10 else 1


def _clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "H:i")
