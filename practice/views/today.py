from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, F, FloatField, Func, OuterRef, Q, QuerySet, Value, When, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from accounts.compiled import Row, compiled
from accounts.models import Member
from analytics.models import Notification
from hacks.models import Hack
from practice.models import DailyCheckin, MemberStats, PracticeSession, RestDay
from practice.rules import day_states, local_date, shown_streak
from practice.views.sessions import SESSION_LINE, session_line

RECENT_SESSIONS = 5
SHOWN_NOTIFICATIONS = 3
MASTERED = 5
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
    """The home of a member. At most five statements, whatever there is to show: no page is opened more often."""
    member, now = request.member, timezone.now()
    day = local_date(now, member.zone, member.profile.day_start)
    week = [day - timedelta(days=back) for back in reversed(range(7))]
    checkins = {checkin["checkin_date"]: checkin for checkin in _checkins(member, week[0], day)}
    running, recent = _sessions(member, now)
    notifications = _unread(member)
    chosen = checkins[day]["selected_hack_id"] if day in checkins else None
    suggestion = None if running else next(iter(_suggestions(member, chosen)), None)
    context = {
        "greeting": _greeting(timezone.localtime(now).hour),
        "day_name": date_format(day, "l, j F"),
        "checkin": checkins.get(day),
        "running": running,
        "recent": recent,
        "suggestion": suggestion,
        "streak": None if member.profile.hide_streaks else _streak(member, now, week, checkins),
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
def _checkins(member: Member, first: date, last: date) -> QuerySet:
    days = DailyCheckin.objects.visible_to(member).filter(checkin_date__range=(first, last))
    return days.values("checkin_date", "streak_count", "selected_hack_id", "mood_before", "mood_after")


def _sessions(member: Member, now: datetime) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The unfinished session, if any, and the latest finished ones."""
    rows = sorted(_latest(member), key=lambda row: row["started_at"], reverse=True)
    unfinished = next((row for row in rows if row["ended_at"] is None), None)
    return unfinished, [session_line(row, now) for row in rows if row["ended_at"]]


@compiled
def _latest(member: Member) -> QuerySet:
    """Each part by its own index."""
    own = PracticeSession.objects.visible_to(member)
    fields = (*SESSION_LINE, "ended_at", "paused_at", "hack__slug")
    running = own.running().order_by().values(*fields)[:1]
    recent = own.finished().order_by("-started_at").values(*fields)[:RECENT_SESSIONS]
    return running.union(recent, all=True)


@compiled
def _unread(member: Member) -> QuerySet:
    """The latest unread notifications, each with the number of all of them."""
    return (
        Notification.objects.visible_to(member)
        .unread()
        .annotate(unread=Window(Count("pk")))
        .order_by("-created_at", "-pk")
        .values("pk", "title", "unread")[:SHOWN_NOTIFICATIONS]
    )


@compiled
def _suggestions(member: Member, chosen: UUID) -> QuerySet:
    """What to practise next, one row or none: what today's check-in chose, if anything, else the first that there is of

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
        .annotate(rank=Case(When(pk=chosen, then=0), default=ranks))
        .order_by("rank", F("own__last_practiced_at").desc(nulls_last=True), *Hack._meta.ordering)
        .values(*SUGGESTED)[:1]
    )


@compiled
def _standing(member: Member, now: datetime, first: date, last: date) -> QuerySet:
    rest_days = RestDay.objects.filter(user=OuterRef("pk"), rest_date__range=(first, last))
    return MemberStats.objects.filter(pk=member.pk).values(
        "current_streak",
        "longest_streak",
        "rest_stock",
        "last_checkin_date",
        "streak_ends_at",
        strength_now=Func(F("pk"), Value(now), function="app.strength_at", output_field=FloatField(null=True)),
        rest_dates=ArraySubquery(rest_days.values("rest_date")),
    )


def _streak(member: Member, now: datetime, week: list[date], checkins: Mapping[date, Row]) -> dict[str, Any]:
    [stats] = _standing(member, now, week[0], week[-1])
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
    name = {0: "today", 1: "tomorrow"}.get((day - timezone.localdate(now)).days) or date_format(day, "l, j F")
    return f"the end of {name}" if is_midnight else f"{clock:%H:%M} {name}"
