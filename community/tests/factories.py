from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from accounts.tests.factories import make_member
from analytics.models import Notification
from community.actions import give_review
from community.models import (
    HackVerification,
    HackVerificationReview,
    PracticeBuddies,
    ReviewerSignals,
    VerificationLease,
)
from community.rules import LEASE, Answers
from database.identity import Role, database_identity
from gamification.models import XpEntry
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackFactory

QUESTIONS = ["What do you feel?", "How has it changed?"]
# In these statuses a submission has a `submitted_at`.
SUBMITTED_STATUSES = ("submitted", "escalated", "returned", "verified")


def make_verified_hack(**fields) -> Hack:
    """Return a hack with two questions that is submitted after 3 practices and reviewed after 5."""
    return HackFactory(
        **{
            "requires_verification": True,
            "verification_questions": QUESTIONS,
            "verification_practice_count": 3,
            "reviewer_practice_count": 5,
            **fields,
        }
    )


def answers_to(hack: Hack, answer: str = "Warm hands.") -> Answers:
    return [{"question": question, "answer": answer} for question in hack.verification_questions]


def make_practised(hack: Hack, times: int, member: Member | None = None) -> Member:
    """Set how often the member (a new one by default) has practised the hack, and return the member."""
    member = member or make_member()
    with database_identity(Role.WORKER):
        UserHackProgress.objects.update_or_create(user=member, hack=hack, defaults={"total_practice_count": times})
    return member


def make_reviewer(hack: Hack) -> Member:
    return make_practised(hack, hack.reviewer_practice_count)


def make_verification(hack: Hack | None = None, author: Member | None = None, **fields) -> HackVerification:
    """Store a submission, by default of a new member and submitted an hour ago.

    Timestamps follow `status`; `fields` override every default.
    """
    hack = hack or make_verified_hack()
    status = fields.setdefault("status", "submitted")
    now = timezone.now()
    values = {
        "verification_questions": answers_to(hack),
        "submitted_at": now - timedelta(hours=1) if status in SUBMITTED_STATUSES else None,
        "decided_at": now if status in ("returned", "verified") else None,
        "escalated_at": now if status == "escalated" else None,
        "verified_at": now if status == "verified" else None,
        "is_verified": status == "verified",
        **fields,
    }
    author = author or make_practised(hack, hack.verification_practice_count)
    with database_identity(Role.WORKER):
        return HackVerification.objects.create(user=author, hack=hack, **values)


def make_known_case(hack: Hack, *, outcome: bool, **fields) -> HackVerification:
    values = {"verification_questions": answers_to(hack), "submitted_at": timezone.now() - timedelta(days=1), **fields}
    with database_identity(Role.STAFF):
        return HackVerification.objects.create(
            user=None, hack=hack, status="submitted", is_anonymous=True, known_outcome=outcome, **values
        )


def make_lease(reviewer: Member, verification: HackVerification, **fields) -> VerificationLease:
    """Store a lease, open by default, without checking whether the reviewer may take the submission."""
    now = timezone.now()
    with database_identity(Role.WORKER):
        return VerificationLease.objects.create(
            reviewer=reviewer, verification=verification, **{"leased_at": now, "expires_at": now + LEASE, **fields}
        )


def make_buddies(one: Member, other: Member, **fields) -> PracticeBuddies:
    with database_identity(Role.STAFF):
        return PracticeBuddies.objects.create(user1=one, user2=other, **fields)


def review_as(
    reviewer: Member, verification: HackVerification, *, is_authentic: bool = True, comment: str = "I know this."
) -> HackVerificationReview:
    """Lease the submission and review it through the database function that the product calls."""
    lease, review = make_lease(reviewer, verification), uuid7()
    call_as(reviewer, "app.review_verification(%s, %s, %s, %s)", lease.pk, review, is_authentic, comment)
    with database_identity(Role.WORKER):
        return HackVerificationReview.objects.get(pk=review)


def decide_by_peers(verification: HackVerification, *, is_authentic: bool = True) -> list[Member]:
    """Give three reviews through the action that the pages call; return the reviewers."""
    reviewers = [make_reviewer(verification.hack) for _ in range(3)]
    for reviewer in reviewers:
        lease = make_lease(reviewer, verification)
        with database_identity(Role.MEMBER, reviewer.pk):
            give_review(
                member=reviewer, lease_id=lease.pk, review_id=lease.pk, is_authentic=is_authentic, comment="Seen."
            )
    return reviewers


def notifications_of(member: Member) -> list[tuple[str, str]]:
    """Return (type, title) of the member's notifications, oldest first."""
    return list(Notification.objects.filter(user=member).order_by("pk").values_list("type", "title"))


def xp_of(member: Member) -> list[tuple]:
    """Return (source, amount, hack) of the member's XP entries, ordered by source."""
    return list(XpEntry.objects.filter(user=member).order_by("source").values_list("source", "amount", "hack"))


def make_review(verification, *, is_authentic: bool = True, comment: str = "Seen.") -> HackVerificationReview:
    """Store a review by a new member without a lease."""
    with database_identity(Role.WORKER):
        return HackVerificationReview.objects.create(
            verification=verification,
            round=1,
            reviewer=make_member(),
            is_authentic=is_authentic,
            comment=comment,
            seconds=40,
        )


def make_signals(reviewer, **fields) -> ReviewerSignals:
    numbers = dict.fromkeys(
        ("reviews", "median_seconds", "reciprocal_pairs", "known_cases", "known_cases_right", "agreements", "outcomes"),
        0,
    )
    with database_identity(Role.WORKER):
        return ReviewerSignals.objects.create(reviewer=reviewer, **numbers | fields)


def call_as(member: Member, call: str, *arguments: object) -> UUID | bool | None:
    """Call a database function as the member; return its result."""
    with database_identity(Role.MEMBER, member.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}", arguments)
        return cursor.fetchone()[0]
