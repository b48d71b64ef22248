"""/verification/: the member's submissions, the hacks they could submit for, and the reviews they could give."""

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
from community.views.review import LEASE_ENDINGS, time_left
from community.views.submission import wait_in_words
from hacks.models import Hack

Status = HackVerification.Status

# By status: icon, label and tone of the badge, and what happens next.
STATUS_DISPLAY: dict[str, tuple[str, str, str, str]] = {
    Status.DRAFT: ("feather", "Draft", "", "Only you can see it until you submit it."),
    Status.SUBMITTED: ("hourglass", "With your peers", "accent", ""),
    Status.ESCALATED: ("hourglass", "With our staff", "accent", "Your peers took too long, so our staff decide."),
    Status.RETURNED: ("message-circle", "Sent back", "warn", "Read the feedback, then revise your answers."),
    Status.VERIFIED: ("badge-check", "Verified", "good", "You can now review it for others."),
}
# States of a lease that did not end by the reviewer's own action. The page lists them so that the reviewer notices.
LOST_LEASE_STATES = ("changed", "withdrawn", "decided", "buddies", "expired")


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    leases = queue.leases()
    open_leases = [lease for lease in leases if lease.is_open]
    lost_leases = [lease for lease in leases if lease.state in LOST_LEASE_STATES]
    waiting = queue.waiting_reviews()
    hacks = _relevant_hacks(request.member, [*waiting, *(lease.hack_id for lease in leases)])
    is_waiting = any(hack["submission__status"] == Status.SUBMITTED for hack in hacks)
    queue_positions = queue.queue_positions() if is_waiting else {}
    practised = [
        _practised_row(hack)
        for hack in hacks
        if hack["submission__id"] is None and _requires_verification(hack) and hack["done"]
    ]
    names = {hack["id"]: hack["name"] for hack in hacks}
    context = {
        "submissions": [
            _submission_row(hack, queue_positions.get(hack["submission__id"]))
            for hack in hacks
            if hack["submission__id"]
        ],
        "ready": [row for row in practised if row["done"] >= row["needed"]],
        "coming": [row for row in practised if row["done"] < row["needed"]],
        "unpractised": [_unpractised_row(hack) for hack in hacks if _requires_verification(hack) and not hack["done"]],
        "leases": [_lease_row(lease, names, time_left(lease.expires_at, now)) for lease in open_leases],
        "lost": [_lease_row(lease, names, LEASE_ENDINGS[lease.state][0]) for lease in lost_leases],
        "has_max_leases": len(open_leases) >= rules.MAX_LEASES,
        "waiting": sum(waiting.values()),
        "waiting_in": [(pk, names[pk], number) for pk, number in waiting.items()],
        "may_review": ", ".join(hack["name"] for hack in hacks if _may_review(hack)),
        "nearest": _nearest(hacks),
        "rules": {"leases": rules.MAX_LEASES, "minutes": rules.LEASE // timedelta(minutes=1)},
        "reviews_needed": rules.REVIEWS_TO_DECIDE,
    }
    return render(request, "community/verification_list.html", context)


def _relevant_hacks(member: Member, to_review: list[UUID]) -> list[dict[str, Any]]:
    """Return the hacks that require verification, with the member's progress and, as submission__…, their submission.

    Hacks with a submission or with reviews to give are included even if they have left the library or no longer require
    verification.
    """
    is_asked = Q(requires_verification=True, is_active=True)
    hacks = Hack.objects.annotate(
        own=FilteredRelation("progress", condition=Q(progress__user=member)),
        submission=FilteredRelation("verifications", condition=Q(verifications__user=member)),
        done=F("own__total_practice_count"),
    )
    return list(
        hacks.filter(is_asked | Q(submission__isnull=False) | Q(pk__in=to_review)).values(
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
            "submission__id",
            "submission__status",
            "submission__submitted_at",
        )
    )


def _requires_verification(hack: dict[str, Any]) -> bool:
    return bool(hack["is_active"] and hack["requires_verification"] and hack["verification_questions"])


def _may_review(hack: dict[str, Any]) -> bool:
    return bool(hack["own__verified_at"] or (hack["done"] or 0) >= hack["reviewer_practice_count"])


def _nearest(hacks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the practised hack that needs the fewest further practices until the member may review it."""
    practised = [hack for hack in hacks if hack["done"]]
    return min(practised, key=lambda hack: hack["reviewer_practice_count"] - hack["done"], default=None)


def _submission_row(hack: dict[str, Any], position: queue.QueuePosition | None) -> dict[str, Any]:
    icon, state, tone, words = STATUS_DISPLAY[hack["submission__status"]]
    if position:
        words = " ".join(wait_in_words(position, hack["submission__submitted_at"]))
    return {**_row(hack), "icon": icon, "state": state, "tone": tone, "words": words}


def _practised_row(hack: dict[str, Any]) -> dict[str, Any]:
    return {**_row(hack), "done": hack["done"], "needed": hack["verification_practice_count"]}


def _row(hack: dict[str, Any]) -> dict[str, Any]:
    url = reverse("community:verification-edit", args=[hack["slug"]])
    return {"name": hack["name"], "category": hack["category__name"], "url": url}


def _unpractised_row(hack: dict[str, Any]) -> dict[str, Any]:
    return {"name": hack["name"], "url": reverse("hacks:hack-detail", args=[hack["slug"]])}


def _lease_row(lease: queue.Lease, names: dict[UUID, str], words: str) -> dict[str, Any]:
    url = reverse("community:review", args=[lease.id])
    return {"name": names[lease.hack_id], "url": url, "words": words}
