"""A member's XP as the pages show it: totals, daily limits, and the ledger in words."""

from datetime import date
from typing import Any

from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.formats import date_format

from accounts.models import Member, Profile
from database.compiled import compiled
from database.local_days import day_word
from database.statements import Row
from gamification.models import Achievement, Challenge, UserXp, XpEntry
from gamification.rules import XP_RULES, level_of, xp_for_level
from hacks.models import HackCategory

ICONS = {
    "session": "leaf",
    "checkin": "calendar-check",
    "verification": "badge-check",
    "review": "scan-eye",
    "validation": "user-check",
    "teaching": "lightbulb",
    "group": "users",
    "referral": "heart-handshake",
    "achievement": "award",
    "challenge": "flag",
    "graduation": "graduation-cap",
}
LATEST_SHOWN = 5


def progress_of(member: Member) -> list[dict[str, Any]]:
    """Return the member's XP and level: overall first, then in each category, also those without XP."""
    overall = next((row["xp_amount"] for row in _overall(member)), 0)
    return [
        {"category": None, "title": "Overall", "icon": "zap", **_level_progress(overall)},
        *(
            {
                "category": row["name"],
                "title": row["title"],
                "icon": row["icon_url"],
                **_level_progress(row["own__xp_amount"] or 0),
            }
            for row in _categories(member)
        ),
    ]


def limits_of(member: Member, day: date) -> tuple[int, list[dict[str, Any]]]:
    """Return the XP of a local day, and the use of each daily limit: `count` is the number of awards with XP."""
    counted = {row["source"]: row for row in _awards_by_source(member, day)}
    limits = [
        {
            "label": rule.plural_label,
            "count": counted[source]["paid"] if source in counted else 0,
            "limit": rule.daily_limit,
        }
        for source, rule in XP_RULES.items()
        if rule.is_offered and rule.daily_limit
    ]
    return sum(row["xp"] for row in counted.values()), limits


def entries_of(member: Member) -> QuerySet:
    """Return the member's awards, latest first. `about` names the hack, achievement or challenge of each.

    `about` leaves out achievements for streaks if the member hides streaks.
    """
    shows_streaks = Profile.objects.filter(pk=OuterRef(OuterRef("user")), hide_streaks=False)
    achievement = Achievement.objects.filter(~Q(criteria_json__type="streak") | Exists(shows_streaks))
    named = (rows.filter(pk=OuterRef("source_id")).values("name")[:1] for rows in (achievement, Challenge.objects))
    return (
        XpEntry.objects.visible_to(member)
        .annotate(about=Coalesce("hack__name", *(Subquery(names) for names in named)))
        .order_by("-earned_on", "-created_at", "-pk")
        .values("source", "amount", "earned_on", "about", "category__name", "category__title")
    )


def entry_line(row: Row, today: date) -> dict[str, Any]:
    """Put a row of `entries_of` into words."""
    rule = XP_RULES[row["source"]]
    beyond = row["amount"] == 0 and rule.daily_limit is not None
    return {
        "icon": ICONS[row["source"]],
        "category": row["category__name"],
        "title": row["about"] or XpEntry.Source(row["source"]).label,
        "source": XpEntry.Source(row["source"]).label if row["about"] else "",
        "place": row["category__title"] or "",
        "day": _day(row["earned_on"], today),
        "amount": "Daily limit reached" if beyond else f"+{row['amount']:,} XP",
        "counts": row["amount"] > 0,
    }


@compiled
def latest_entries(member: Member) -> QuerySet:
    return entries_of(member)[:LATEST_SHOWN]


@compiled
def _overall(member: Member) -> QuerySet:
    return UserXp.objects.visible_to(member).filter(category=None).values("xp_amount")


@compiled
def _categories(member: Member) -> QuerySet:
    return HackCategory.objects.annotate(own=FilteredRelation("xp", condition=Q(xp__user=member))).values(
        "name", "title", "icon_url", "own__xp_amount"
    )


@compiled
def _awards_by_source(member: Member, day: date) -> QuerySet:
    return (
        XpEntry.objects.visible_to(member)
        .filter(earned_on=day)
        .order_by()
        .values("source")
        .annotate(paid=Count("pk", filter=Q(amount__gt=0)), xp=Sum("amount"))
        .values("source", "paid", "xp")
    )


def _level_progress(xp: int) -> dict[str, Any]:
    level = level_of(xp)
    begins, ends = xp_for_level(level), xp_for_level(level + 1)
    return {
        "xp": xp,
        "level": level,
        "next": level + 1,
        "done": xp - begins,
        "step": ends - begins,
        "missing": ends - xp,
        "percent": 100 * (xp - begins) // (ends - begins),
    }


def _day(day: date, today: date) -> str:
    return day_word(day, today) or date_format(day, "j F" if day.year == today.year else "j F Y")
