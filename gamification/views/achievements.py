"""Pages of a member's achievements."""

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from accounts.decorators import member_post
from accounts.models import Member
from database.compiled import compiled
from database.statements import Row
from gamification.actions import AchievementProgress, achievements_progress
from gamification.discord.actions import has_discord_roles, retry_own_discord_roles
from gamification.kinds import KINDS, Progress, describe_criteria, progress_towards
from gamification.models import Achievement, DiscordRoleGrant
from hacks.models import Hack

COLUMNS = (
    "pk",
    "name",
    "slug",
    "description",
    "icon_url",
    "category",
    "criteria_json",
    "points",
    "discord_role_id",
    "sort_order",
    "earned_at",
    "is_private",
)


class AchievementCard(NamedTuple):
    """An achievement as a page shows it to a member."""

    row: Row
    url: str
    requirement: str
    towards: Progress
    earned_on: str
    """Empty until the member earns it."""
    progress: AchievementProgress
    is_possible: bool
    """False if nothing in the product counts towards it yet."""


@require_safe
@login_required
def achievement_list(request: HttpRequest) -> HttpResponse:
    """Show the achievements by category.

    Each category lists earned achievements first (the latest first), then those nearest to completion, and last those
    that can't be earned yet.
    """
    member = request.member
    progress = achievements_progress(member=member)
    rows = _visible_to(member)
    cards = [_card(row, progress[row["pk"]]) for row in rows if not _is_left_out(row, member)]
    groups: dict[str, list[AchievementCard]] = {}
    for card in cards:
        groups.setdefault(card.row["category"], []).append(card)
    context = {
        "groups": [(_title(category), sorted(group, key=_place)) for category, group in groups.items()],
        "earned_count": sum(bool(card.earned_on) for card in cards),
        "count": sum(card.is_possible or bool(card.earned_on) for card in cards),
        "secret_count": len(progress) - len(rows),
    }
    return render(request, "gamification/achievement_list.html", context)


@require_safe
@login_required
def achievement_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one achievement. A secret that the member has not earned gives 404, like an unknown slug."""
    row = next((each for each in _visible_at(request.member, slug) if not _is_left_out(each, request.member)), None)
    if row is None:
        raise Http404
    progress = achievements_progress(member=request.member, achievement_id=row["pk"])
    card = _card(row, progress[row["pk"]])
    context = {
        "card": card,
        "category": _title(row["category"]),
        "next_step": _next_step(row["criteria_json"], card.progress, request.member),
        "discord_role": _discord_role(request.member, row),
    }
    return render(request, "gamification/achievement_detail.html", context)


@member_post
def retry_discord(request: HttpRequest, slug: str) -> HttpResponse:
    """Retry the member's failed Discord roles: the member may have joined the server since."""
    if not _visible_at(request.member, slug):
        raise Http404
    if retry_own_discord_roles():
        messages.success(request, "Trying again. Check back in a minute.")
    else:
        messages.info(request, "Nothing to retry right now. If you've just tried, wait a minute.")
    return redirect("gamification:achievement-detail", slug)


@compiled
def _visible_to(member: Member) -> QuerySet:
    return Achievement.objects.visible_to(member).with_earned_by(member).values(*COLUMNS)


@compiled
def _visible_at(member: Member, slug: str) -> QuerySet:
    return Achievement.objects.visible_to(member).with_earned_by(member).filter(slug=slug).values(*COLUMNS)


def _discord_role(member: Member, row: Row) -> DiscordRoleGrant | None:
    if not (row["earned_at"] and row["discord_role_id"] and has_discord_roles()):
        return None
    return DiscordRoleGrant.objects.visible_to(member).filter(role_id=row["discord_role_id"]).first()


def _is_left_out(row: Row, member: Member) -> bool:
    """Return whether the achievement is for a streak and the member hides streaks."""
    return row["criteria_json"]["type"] == "streak" and member.profile.hide_streaks


def _card(row: Row, progress: AchievementProgress) -> AchievementCard:
    criteria = row["criteria_json"]
    return AchievementCard(
        row=row,
        url=reverse("gamification:achievement-detail", args=[row["slug"]]),
        requirement=describe_criteria(criteria, hack=progress.hack, category=progress.category),
        towards=progress_towards(criteria, progress.value),
        earned_on=_day(row["earned_at"]) if row["earned_at"] else "",
        progress=progress,
        is_possible=KINDS[criteria["type"]].next_step is not None,
    )


def _place(card: AchievementCard) -> tuple:
    earned_at = card.row["earned_at"]
    return (
        -earned_at.timestamp() if earned_at else 0,
        not card.is_possible,
        -card.towards.share,
        card.towards.needed,
        card.row["sort_order"],
    )


def _title(category: str) -> str:
    return category.replace("_", " ").capitalize() or "More"


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F Y")


def _next_step(criteria: dict[str, Any], progress: AchievementProgress, member: Member) -> tuple[str, str] | None:
    """Return the URL and text of the link to the next step; None if there is no page for it, or no longer."""
    name, words = KINDS[criteria["type"]].next_step or ("", "")
    if not name:
        return None
    if progress.hack and criteria["type"] != "verification":
        if not Hack.objects.visible_to(member).filter(slug=criteria["hack"]).exists():
            return None
        return reverse("hacks:hack-detail", args=[criteria["hack"]]), f"Go to {progress.hack}"
    if progress.category and criteria["type"] != "level":
        query = urlencode({"category": criteria["category"]})
        return f"{reverse('hacks:hack-list')}?{query}", f"Hacks for {progress.category}"
    return reverse(name), words
