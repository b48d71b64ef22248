"""Pages of a member's XP: levels, the history of awards, and the rules."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.decorators import member_post
from accounts.models import Member
from analytics.models import Notification
from analytics.notifications.actions import mark_read
from analytics.notifications.types import NotificationType
from database.compiled import compiled
from gamification.ledger import entries_of, entry_line, latest_entries, limits_of, progress_of
from gamification.rules import LEVEL_STEP, LOGGING_DEADLINE_DAYS, XP_RULES, XpRule, xp_for_level

PAGE_SIZE = 30
SHOWN_LEVELS = 12
CELEBRATED = (NotificationType.LEVEL_REACHED, NotificationType.ACHIEVEMENT_EARNED)
CELEBRATED_AT_ONCE = 5


@require_safe
@login_required
def progress(request: HttpRequest) -> HttpResponse:
    today = request.member.today
    overall, *categories = progress_of(request.member)
    xp_today, limits = limits_of(request.member, today)
    unread = _unread(request.member)
    context = {
        "overall": overall,
        "categories": categories,
        "xp_today": xp_today,
        "limits": limits,
        "latest": [entry_line(row, today) for row in latest_entries(request.member)],
        "celebrations": [row for row in unread if row["type"] in CELEBRATED],
        "unread_notifications": unread[0]["unread"] if unread else 0,
    }
    return render(request, "gamification/progress.html", context)


@member_post
def celebrated(request: HttpRequest) -> HttpResponse:
    """Mark the shown congratulations as read. Newer ones stay unread."""
    try:
        shown = [UUID(each) for each in request.POST.getlist("shown")]
    except ValueError as error:
        raise BadRequest("`shown` must contain ids of notifications.") from error
    mark_read(member=request.member, notification_ids=shown)
    return redirect("gamification:progress")


@require_safe
@login_required
def xp_ledger(request: HttpRequest) -> HttpResponse:
    today = request.member.today
    page = Paginator(entries_of(request.member), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "gamification/xp_ledger.html",
        {"page_obj": page, "entries": [entry_line(row, today) for row in page]},
    )


@require_safe
def xp_rules(request: HttpRequest) -> HttpResponse:
    """Show the rules of XP, also to visitors without an account."""
    context = {
        "rules": [
            {
                "activity": rule.label,
                "amount": _amount_text(rule),
                "limit": str(rule.daily_limit) if rule.daily_limit else rule.limit_text,
            }
            for rule in XP_RULES.values()
            if rule.is_offered
        ],
        "logging_deadline_days": LOGGING_DEADLINE_DAYS,
        "level_step": LEVEL_STEP,
        "levels": [
            {
                "level": level,
                "xp": f"{xp_for_level(level):,}",
                "step": f"{xp_for_level(level + 1) - xp_for_level(level):,}",
            }
            for level in range(1, SHOWN_LEVELS + 1)
        ],
    }
    return render(request, "gamification/xp_rules.html", context)


@compiled
def _unread(member: Member) -> QuerySet:
    """Return the latest unread notifications, celebrations first. `unread` is the number of all unread ones."""
    return (
        Notification.objects.visible_to(member)
        .unread()
        .annotate(unread=Window(Count("pk")), is_celebrated=Q(type__in=CELEBRATED))
        .order_by("-is_celebrated", "-created_at", "-pk")
        .values("pk", "type", "title", "unread")[:CELEBRATED_AT_ONCE]
    )


def _amount_text(rule: XpRule) -> str:
    if rule.amount is None:
        return "Varies"
    minutes = f", plus {rule.per_minute} XP per minute for up to {rule.max_minutes} minutes" if rule.per_minute else ""
    return f"{rule.amount} XP{minutes}"
