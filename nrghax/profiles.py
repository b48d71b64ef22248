"""A member's profile page as others see it: the card, a few facts and the achievements."""

from typing import Any

from django.db.models import Case, F, OuterRef, Subquery, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Member, Profile
from gamification.models import UserAchievement, UserXp

CARD = ("pk", "username", "display_name", "avatar_url", "created_at", "graduation_status")


# Never cached: a changed privacy setting or username takes effect at the next request.
@never_cache
@require_safe
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """Show the profile. Hidden and missing profiles get the same response, so that usernames can't be probed."""
    visible = Member.objects.visible_to(request.member)
    person = visible.named(username).values(*CARD, "privacy_settings", **_shown_parts()).first()
    if person is None:
        current_name = visible.once_named(username).values_list("username", flat=True).first()
        if current_name is None:
            return render(request, "accounts/profile_missing.html", status=404)
        return redirect("accounts:profile", current_name, permanent=True)
    if person["username"] != username:
        return redirect("accounts:profile", person["username"], permanent=True)
    context = {
        "person": person,
        "is_own": request.member is not None and request.member.pk == person["pk"],
        "is_public": person["privacy_settings"]["profile_public"],
        "facts": _facts(person),
        "achievements": _achievements(person),
    }
    return render(request, "accounts/profile.html", context)


def _shown_parts() -> dict[str, Any]:
    """Return the values beside the card. The owner sees no more than others do."""
    shows_streak = When(
        privacy_settings__leaderboard_visible=True, profile__hide_streaks=False, then="stats__longest_streak"
    )
    overall = UserXp.objects.filter(user=OuterRef("pk"), category=None).values("level")
    shows_level = When(privacy_settings__leaderboard_visible=True, then=Subquery(overall))
    return {
        "bio": F("profile__bio"),
        "path": F("profile__selected_path"),
        "longest_streak": Case(shows_streak),
        "level": Case(shows_level),
    }


def _facts(person: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [("Member since", date_format(person["created_at"], "F Y"))]
    if person["path"]:
        facts.append(("Path", Profile.Path(person["path"]).label))
    if person["graduation_status"] != Member.GraduationStatus.ACTIVE:
        facts.append(("Status", Member.GraduationStatus(person["graduation_status"]).label))
    if person["level"]:
        facts.append(("Level", str(person["level"])))
    if person["longest_streak"]:
        days = person["longest_streak"]
        facts.append(("Longest streak", f"{days} day{'' if days == 1 else 's'}"))
    return facts


def _achievements(person: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the achievements that others may see, latest first."""
    earned = (
        UserAchievement.objects.filter(user_id=person["pk"]).shown_to_others().order_by("-earned_at", "achievement")
    )
    return [
        {"name": name, "icon": icon, "earned_on": date_format(timezone.localtime(earned_at), "j F Y")}
        for name, icon, earned_at in earned.values_list("achievement__name", "achievement__icon_url", "earned_at")
    ]
