from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Member
from database.local_days import day_word
from database.statements import Row, run_statement
from practice.journal_rows import FEEDBACK, entry_address
from practice.rules import day_states, shown_streak


class Suggestion(NamedTuple):
    """The hack to practise next."""

    name: str
    slug: str
    short_description: str
    duration_minutes: int
    category: str
    icon: str
    rank: int  # the reason for the suggestion; sql/today.sql lists the ranks


@require_safe
@login_required
def today(request: HttpRequest) -> HttpResponse:
    """Show the member's home page. One statement reads all its data, because no page is opened more often."""
    member, now = request.member, timezone.now()
    day = member.date_at(now)
    week = [day - timedelta(days=back) for back in reversed(range(7))]
    data = _todays_data(member, now, week)
    checkins = {date.fromisoformat(row["checkin_date"]): row for row in data["checkins"]}
    running = data["running"]
    if running:
        running["started_at"] = datetime.fromisoformat(running["started_at"])
    suggestion = None if running else data["suggestion"]
    times_practised = suggestion.pop("practice_count") if suggestion else 0
    context = {
        "greeting": _greeting(timezone.localtime(now).hour),
        "day_name": f"{day:%A}, {day.day} {day:%B}",
        "checkin": checkins.get(day),
        "running": running,
        "recent": [_session_line(row, now) for row in data["recent"]],
        "suggestion": suggestion and Suggestion(**suggestion),
        "times_practised": times_practised,
        "streak": None if member.profile.hide_streaks else _streak(member, now, week, checkins, data),
        "notifications": data["unread"],
        "unread_notifications": data["unread"][0]["unread_count"] if data["unread"] else 0,
        "primary": "running" if running else "suggestion" if day in checkins else "checkin",
    }
    return render(request, "practice/today.html", context)


def _todays_data(member: Member, now: datetime, week: list[date]) -> Row:
    return run_statement("practice", "today", member_id=member.pk, now=now, first=week[0], last=week[-1]).dicts[0]


def _greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


def _session_line(row: Row, now: datetime) -> dict[str, Any]:
    """Return a recent session formatted for the template, with dates in the session's own time zone."""
    zone = ZoneInfo(row["timezone"])
    started = datetime.fromisoformat(row["started_at"]).astimezone(zone)
    today = now.astimezone(zone).date()
    is_long_ago = (today - started.date()).days > 300
    date_words = f"{started.day} {started:%b %Y}" if is_long_ago else f"{started:%a} {started.day} {started:%b}"
    day = day_word(started.date(), today) or date_words
    return {
        "url": entry_address("session-detail").format(row["id"]),
        "hack": row["name"],
        "category": row["category"],
        "icon": row["icon"],
        "when": f"{day}, {started:%H:%M}",
        "minutes": max(1, round(row["duration_seconds"] / 60)),
        "feedback": FEEDBACK.get(row["feedback_score"], ""),
    }


def _streak(
    member: Member, now: datetime, week: list[date], checkins: Mapping[date, Row], stats: Row
) -> dict[str, Any]:
    count = shown_streak(stats["current_streak"], stats["streak_ends_at"], now)
    streaks = {each: checkin["streak_count"] for each, checkin in checkins.items()}
    begun = timezone.localdate(member.created_at) if stats["last_checkin_date"] else week[-1]
    states = day_states(week, streaks, stats["rest_dates"], is_alive=count > 0, begun=begun)
    return {
        "count": count,
        "longest": stats["longest_streak"],
        "strength": round(100 * (stats["strength"] or 0)),
        "rest_stock": stats["rest_stock"],
        "has_begun": stats["last_checkin_date"] is not None,
        "safe_until": safe_until(stats["streak_ends_at"], now, member) if count else "",
        "week": [
            {"label": f"{each:%a}"[0], "name": f"{each:%A}", "state": state}
            for each, state in zip(week, states, strict=True)
        ],
    }


def safe_until(ends_at: datetime, now: datetime, member: Member) -> str:
    """Return when the streak ends, in words and in the member's time zone: "the end of today", "04:00 tomorrow"."""
    clock = timezone.localtime(ends_at)
    # Midnight is named as the end of a day, which is easier to read than 00:00 of the next day.
    is_midnight = clock.time() == time(0)
    day = clock.date() - timedelta(days=1) if is_midnight else clock.date()
    name = {0: "today", 1: "tomorrow"}.get((day - timezone.localdate(now)).days)
    words = f"{day:%A}, {day.day} {day:%B}"
    return f"the end of {name or words}" if is_midnight else f"{clock:%H:%M} {name or f'on {words}'}"
