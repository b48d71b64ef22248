"""/verification/: what one has submitted and could submit, and what one may review."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import F, FilteredRelation, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Member
from community import queue, rules
from community.models import HackVerification
from community.views.review import OVER, time_left
from community.views.submission import wait_in_words
from hacks.models import Hack

Status = HackVerification.Status

# An icon, the badge's words and its tone, and what is next.
STATES: dict[str, tuple[str, str, str, str]] = {
    Status.DRAFT: ("feather", "Draft", "", "Nobody reads it before you submit it."),
    Status.SUBMITTED: ("hourglass", "With your peers", "accent", ""),
    Status.ESCALATED: ("hourglass", "With our staff", "accent", "It took too long: our staff decide."),
    Status.RETURNED: ("message-circle", "Returned", "warn", "Read why, and answer anew."),
    Status.VERIFIED: ("badge-check", "Verified", "good", "You may review it for others."),
}
# Ends of a lease that its reviewer has not brought about, and may look for.
LOST = ("changed", "withdrawn", "decided", "buddies", "expired")


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    taken = queue.leases()
    leases = [lease for lease in taken if lease.is_open]
    lost = [lease for lease in taken if lease.state in LOST]
    waiting = queue.waiting_reviews()
    hacks = _hacks_around(request.member, [*waiting, *(lease.hack_id for lease in taken)])
    is_waiting = any(hack["proof__status"] == Status.SUBMITTED for hack in hacks)
    queue_positions = queue.queue_positions() if is_waiting else {}
    asked = [_asked_row(hack) for hack in hacks if hack["proof__id"] is None and _is_asked(hack) and hack["done"]]
    names = {hack["id"]: hack["name"] for hack in hacks}
    context = {
        "own": [_own_row(hack, queue_positions.get(hack["proof__id"])) for hack in hacks if hack["proof__id"]],
        "ready": [row for row in asked if row["done"] >= row["needed"]],
        "coming": [row for row in asked if row["done"] < row["needed"]],
        "asking": [_asking_row(hack) for hack in hacks if _is_asked(hack) and not hack["done"]],
        "leases": [_lease_row(lease, names, time_left(lease.expires_at, now)) for lease in leases],
        "lost": [_lease_row(lease, names, OVER[lease.state][0]) for lease in lost],
        "has_hands_full": len(leases) >= rules.MAX_LEASES,
        "waiting": sum(waiting.values()),
        "waiting_in": [(pk, names[pk], number) for pk, number in waiting.items()],
        "may_review": ", ".join(hack["name"] for hack in hacks if _may_review(hack)),
        "nearest": _nearest(hacks),
        "rules": {"leases": rules.MAX_LEASES, "minutes": rules.LEASE // timedelta(minutes=1)},
        "reviews_needed": rules.REVIEWS_TO_DECIDE,
    }
    return render(request, "community/verification_list.html", context)


def _hacks_around(member: Member, to_review: list[UUID]) -> list[dict[str, Any]]:
    """The hacks that ask for verification, with the member's progress and (as proof__…) their submission.

    Those with a submission, and those to review, too where they have been taken from the library since, or ask for no
    verification any more.
    """
    is_asked = Q(requires_verification=True, is_active=True)
    hacks = Hack.objects.annotate(
        own=FilteredRelation("progress", condition=Q(progress__user=member)),
        proof=FilteredRelation("verifications", condition=Q(verifications__user=member)),
        done=F("own__total_practice_count"),
    )
    return list(
        hacks.filter(is_asked | Q(proof__isnull=False) | Q(pk__in=to_review)).values(
            "id",
            "name",
            "slug",
            "category__name",
            "is_active",
            "requires_verification",
            "verification_questions",
            "verification_practice_count",
            "reviewer_practice_count",
            "done",
            "own__verified_at",
            "proof__id",
            "proof__status",
            "proof__submitted_at",
        )
    )


def _is_asked(hack: dict[str, Any]) -> bool:
    return bool(hack["is_active"] and hack["requires_verification"] and hack["verification_questions"])


def _may_review(hack: dict[str, Any]) -> bool:
    return bool(hack["own__verified_at"] or (hack["done"] or 0) >= hack["reviewer_practice_count"])


def _nearest(hacks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The hack of which the fewest practices are missing until one may review it."""
    begun = [hack for hack in hacks if hack["done"]]
    return min(begun, key=lambda hack: hack["reviewer_practice_count"] - hack["done"], default=None)


def _own_row(hack: dict[str, Any], position: queue.QueuePosition | None) -> dict[str, Any]:
    icon, state, tone, words = STATES[hack["proof__status"]]
    if position:
        words = " ".join(wait_in_words(position, hack["proof__submitted_at"]))
    return {**_row(hack), "icon": icon, "state": state, "tone": tone, "words": words}


def _asked_row(hack: dict[str, Any]) -> dict[str, Any]:
    return {**_row(hack), "done": hack["done"], "needed": hack["verification_practice_count"]}


def _row(hack: dict[str, Any]) -> dict[str, Any]:
    url = reverse("community:verification-edit", args=[hack["slug"]])
    return {"name": hack["name"], "category": hack["category__name"], "url": url}


def _asking_row(hack: dict[str, Any]) -> dict[str, Any]:
    return {"name": hack["name"], "url": reverse("hacks:hack-detail", args=[hack["slug"]])}


def _lease_row(lease: queue.Lease, names: dict[UUID, str], words: str) -> dict[str, Any]:
    url = reverse("community:review", args=[lease.id])
    return {"name": names[lease.hack_id], "url": url, "words": words}
