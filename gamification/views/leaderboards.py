"""Where members stand beside each other."""

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

# The period, in the sentences of the page.
PERIOD_WORDS = {"week": "this week", "month": "this month", "all": "yet"}


@require_safe
@login_required
def leaderboard(request: HttpRequest) -> HttpResponse:
    """What an address asks for and does not exist is overall, this week or the first page."""
    now = timezone.now()
    period = _period(request.GET.get("period"))
    boards = boards_of(period, now.astimezone(UTC).date())
    asked = request.GET.get("category")
    board = next((each for each in boards if each["category__name"] == asked), boards[0] if boards else None)
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


def _period(asked: str | None) -> Leaderboard.Period:
    return Leaderboard.Period(asked) if asked in Leaderboard.Period.values else Leaderboard.Period.WEEK


def _page(asked: str | None) -> int:
    """At most one beyond the last that there can be."""
    return min(max(int(asked), 1), MAX_LISTED) if asked and asked.isdecimal() and len(asked) < 10 else 1


def _clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "H:i")
