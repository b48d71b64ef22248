from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, F, FloatField, Func, Q, QuerySet, Subquery, Value, When, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Member
from analytics.models import Notification
from database.compiled import Row, compiled, json_rows
from hacks.models import Hack
from practice.entries import FEEDBACK, entry_address
from practice.models import DailyCheckin, MemberStats, PracticeSession, RestDay
from practice.rules import day_states, shown_streak

RECENT_SESSIONS = 5
SHOWN_NOTIFICATIONS = 3
MASTERED = 5
# No more columns than are shown: what psycopg has made of a statement it keeps up to 4096 characters alone.
RUNNING = ("pk", "started_at", "paused_at", "hack__name", "hack__slug", "hack__category__name")
RECENT = (
    "pk",
    "started_at",
    "timezone",
    "duration_seconds",
    "feedback_score",
    "hack__name",
    "hack__category__name",
    "hack__category__icon_url",
)
SUGGESTED = (
    "name",
    "slug",
    "short_description",
    "duration_minutes",
    "category__name",
    "category__icon_url",
    "practice_count",
    "rank",
)


@require_safe
@login_required
def today(request: HttpRequest) -> HttpResponse:
    """The home of a member: one statement for all that there is to show, as no page is opened more often."""
    member, now = request.member, timezone.now()
    day = member.date_at(now)
    week = [day - timedelta(days=back) for back in reversed(range(7))]
    [there_is] = _there_is(member, now, week[0], day)
    checkins = {date.fromisoformat(row["checkin_date"]): row for row in there_is["checkins"]}
    running = next(iter(there_is["running"]), None)
    if running:
        running["started_at"] = datetime.fromisoformat(running["started_at"])
    suggestion = None if running else next(iter(there_is["suggestion"]), None)
    at = reverse("analytics:notification-list")
    notifications = [
        {**row, "open_url": f"{at}{row['pk']}/open/", "read_url": f"{at}{row['pk']}/read/"}
        for row in there_is["unread"]
    ]
    context = {
        "greeting": _greeting(timezone.localtime(now).hour),
        "day_name": f"{day:%A}, {day.day} {day:%B}",
        "checkin": checkins.get(day),
        "running": running,
        "recent": [_session_line(row, now) for row in there_is["recent"]],
        "suggestion": suggestion,
        "streak": None if member.profile.hide_streaks else _streak(member, now, week, checkins, there_is),
        "notifications": notifications,
        "unread_notifications": notifications[0]["unread"] if notifications else 0,
        "primary": "running" if running else "suggestion" if day in checkins else "checkin",
    }
    return render(request, "practice/today.html", context)


def _greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


@compiled
def _there_is(member: Member, now: datetime, first: date, last: date) -> QuerySet:
    """One row with all that the page shows, the days of a week and the lists as JSON."""
    checkins = DailyCheckin.objects.visible_to(member)
    week = checkins.filter(checkin_date__range=(first, last)).order_by("checkin_date")
    own = PracticeSession.objects.visible_to(member)
    rest_days = RestDay.objects.visible_to(member).filter(rest_date__range=(first, last))
    chosen = checkins.filter(checkin_date=last).order_by().values("selected_hack")
    return MemberStats.objects.filter(pk=member.pk).values(
        "current_streak",
        "longest_streak",
        "rest_stock",
        "last_checkin_date",
        "streak_ends_at",
        strength_now=Func(F("pk"), Value(now), function="app.strength_at", output_field=FloatField(null=True)),
        rest_dates=ArraySubquery(rest_days.order_by().values("rest_date")),
        checkins=json_rows(week, **_named("checkin_date", "streak_count", "mood_before", "mood_after")),
        # Each by its own index.
        running=json_rows(own.running().order_by()[:1], **_named(*RUNNING)),
        recent=json_rows(own.finished().order_by("-started_at")[:RECENT_SESSIONS], **_named(*RECENT)),
        unread=json_rows(_unread(member), **_named("pk", "title", "unread")),
        suggestion=json_rows(_suggestions(member, chosen)[:1], **_named(*SUGGESTED)),
    )


def _named(*columns: str) -> dict[str, str]:
    return {column: column for column in columns}


def _session_line(row: Row, now: datetime) -> dict[str, Any]:
    """A row of the list, ready to print: dates are those of the clocks it was practised by."""
    zone = ZoneInfo(row["timezone"])
    started = datetime.fromisoformat(row["started_at"]).astimezone(zone)
    days_ago = (now.astimezone(zone).date() - started.date()).days
    day = {0: "Today", 1: "Yesterday"}.get(days_ago) or (
        f"{started.day} {started:%b %Y}" if days_ago > 300 else f"{started:%a} {started.day} {started:%b}"
    )
    return {
        "url": entry_address("session-detail").format(row["pk"]),
        "hack": row["hack__name"],
        "category": row["hack__category__name"],
        "icon": row["hack__category__icon_url"],
        "when": f"{day}, {started:%H:%M}",
        "minutes": max(1, round(row["duration_seconds"] / 60)),
        "feedback": FEEDBACK.get(row["feedback_score"], ""),
    }


def _unread(member: Member) -> QuerySet:
    """The latest unread notifications, each with the number of all of them."""
    waiting = Notification.objects.visible_to(member).unread().annotate(unread=Window(Count("pk")))
    return waiting.order_by("-created_at", "-pk")[:SHOWN_NOTIFICATIONS]


def _suggestions(member: Member, chosen: QuerySet) -> QuerySet:
    """What to practise next, the best first: what today's check-in chose, if anything, else the first that there is of

    1. what is being learnt: practised and not mastered yet, the latest first
    2. what was unlocked and never tried
    3. a gateway hack never tried
    4. anything else that is open and never tried, in the library's order
    5. what is mastered, the latest first
    """
    untried = Q(practice_count=0)
    ranks = Case(
        When(~untried & Q(mastery_level__lt=MASTERED), then=1),
        When(untried & Q(own__unlocked_at__isnull=False), then=2),
        When(untried & Q(is_gateway=True), then=3),
        When(untried, then=4),
        default=5,
    )
    return (
        Hack.objects.published()
        .with_progress_of(member)
        .filter(is_open=True)
        .annotate(rank=Case(When(pk=Subquery(chosen), then=0), default=ranks))
        .order_by("rank", F("own__last_practiced_at").desc(nulls_last=True), *Hack._meta.ordering)
    )


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
        "strength": round(100 * (stats["strength_now"] or 0)),
        "rest_stock": stats["rest_stock"],
        "has_begun": stats["last_checkin_date"] is not None,
        "safe_until": safe_until(stats["streak_ends_at"], now, member) if count else "",
        "week": [
            {"label": f"{each:%a}"[0], "name": f"{each:%A}", "state": state}
            for each, state in zip(week, states, strict=True)
        ],
    }


def safe_until(ends_at: datetime, now: datetime, member: Member) -> str:
    """When the last day is over that still carries the streak on, in the member's own clock."""
    clock = timezone.localtime(ends_at)
    # A day that ends at midnight is better named than the moment after it.
    is_midnight = clock.time() == time(0)
    day = clock.date() - timedelta(days=1) if is_midnight else clock.date()
    name = {0: "today", 1: "tomorrow"}.get((day - timezone.localdate(now)).days) or f"{day:%A}, {day.day} {day:%B}"
    return f"the end of {name}" if is_midnight else f"{clock:%H:%M} {name}"
