"""The content of a hack's page, for a member or a visitor."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import Member
from database.compiled import compiled
from hacks import rules
from hacks.guides import render_guide
from hacks.models import Hack

# The text of the link to the member's submission, by its status.
SUBMISSION_LINKS = {
    "submitted": "Waiting for review",
    "escalated": "With our staff",
    "returned": "Sent back: see why",
    "verified": "Mastery verified",
}


class PageKey(NamedTuple):
    """The content of the page that many members share. The template renders it once per key."""

    slug: str
    name: str
    short_description: str
    description: str
    text_guide: str
    media: rules.Media | None
    duration_minutes: int
    difficulty_level: int
    is_active: bool
    category: str
    category_title: str
    category_icon: str
    prerequisite_slug: str
    prerequisite_name: str
    questions: tuple[str, ...]
    is_member: bool
    is_open: bool
    is_practised: bool
    can_submit: bool
    is_verified: bool
    submission_link: str

    @property
    def guide(self) -> SafeString:
        return render_guide(self.text_guide)

    @property
    def url(self) -> str:
        return reverse("hacks:hack-detail", args=[self.slug])


def hack_context(hack: Hack, member: Member | None) -> dict[str, Any]:
    """Return the context of hack_detail.html without its form. `hack` needs the annotations of the view's query."""
    return {
        "hack": hack,
        "page": _page_key(hack, member),
        "unlocking": None if hack.is_open else _unlocking(hack, member),
        "leads_to": _leads_to(hack, member),
    }


def _page_key(hack: Hack, member: Member | None) -> PageKey:
    category, prerequisite = hack.category, hack.prerequisite_hack
    return PageKey(
        slug=hack.slug,
        name=hack.name,
        short_description=hack.short_description,
        description=hack.description,
        text_guide=hack.text_guide,
        media=rules.media_of(hack.content_url, settings.MEDIA_SOURCES),
        duration_minutes=hack.duration_minutes,
        difficulty_level=hack.difficulty_level,
        is_active=hack.is_active,
        category=category.name,
        category_title=category.title,
        category_icon=category.icon_url,
        prerequisite_slug=prerequisite.slug if prerequisite else "",
        prerequisite_name=prerequisite.name if prerequisite else "",
        questions=tuple(map(str, hack.verification_questions)) if hack.requires_verification else (),
        is_member=member is not None,
        is_open=hack.is_open,
        is_practised=hack.practice_count > 0,
        can_submit=member is not None and hack.practice_count >= hack.verification_practice_count,
        is_verified=hack.is_verified,
        submission_link=SUBMISSION_LINKS.get("verified" if hack.is_verified else hack.submission_status, ""),
    )


def _unlocking(hack: Hack, member: Member | None) -> dict[str, Any]:
    """Return the steps that unlock a locked hack, and the hack to practise next: its nearest open prerequisite."""
    hacks = {row["id"]: row for row in _all_hacks(member)}
    chain = rules.prerequisite_chain(hack.id, {key: row["prerequisite_hack_id"] for key, row in hacks.items()})
    first = hacks[chain[0]]
    steps = rules.steps_to_unlock(
        hack.unlock_criteria,
        practice_count=first["practice_count"],
        days_active=first["days_active"],
        is_verified=first["is_verified"],
    )
    return {
        "steps": steps,
        "is_complete": all(step.done == step.needed for step in steps),
        "next": next((hacks[key] for key in chain if hacks[key]["is_open"]), None),
    }


@compiled
def _all_hacks(member: Member | None) -> QuerySet:
    hacks = Hack.objects.with_progress_of(member)
    columns = ("id", "name", "slug", "prerequisite_hack_id", "is_open", "practice_count", "days_active", "is_verified")
    return hacks.values(*columns)


def _leads_to(hack: Hack, member: Member | None) -> list[dict[str, Any]]:
    """Return the hacks that this hack unlocks, each with the member's progress towards it."""
    return [
        {
            "name": row["name"],
            "url": reverse("hacks:hack-detail", args=[row["slug"]]),
            "words": _unlock_words(row, hack, member),
        }
        for row in _unlocked_by(member, hack.pk)
    ]


@compiled
def _unlocked_by(member: Member | None, hack_id: UUID) -> QuerySet:
    return (
        Hack.objects.published()
        .with_progress_of(member)
        .filter(prerequisite_hack=hack_id)
        .order_by("position", "difficulty_level", "name")
        .values("name", "slug", "unlock_criteria", "is_open")
    )


def _unlock_words(row: Mapping[str, Any], hack: Hack, member: Member | None) -> str:
    if row["is_open"]:
        return "Unlocked" if member else "Open"
    steps = rules.steps_to_unlock(
        row["unlock_criteria"],
        practice_count=hack.practice_count,
        days_active=hack.days_active,
        is_verified=hack.is_verified,
    )
    if member is None:
        return f"After {', '.join(f'{step.needed} {step.unit}' for step in steps)}"
    return ", ".join(f"{step.done} of {step.needed} {step.unit}" for step in steps)
