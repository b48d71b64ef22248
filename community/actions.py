"""Writes on verifications: an author's, a reviewer's, and the decision of staff.

Members' actions run as the member. What they may not do, the database refuses (community/sql/), by the name of a
constraint; here the name becomes an exception that a page can put into words.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Member
from analytics.actions import enqueue_on_commit, record
from analytics.models import Activity, UserActivityLog
from community.models import HackVerification, HackVerificationReview, VerificationLease
from community.rules import (
    ASK_AGAIN_AFTER,
    KEEP_LEASES,
    NUDGE_AFTER,
    REVIEWERS_ASKED,
    STAFF_AFTER,
    Answers,
    rewarded_before,
)
from database.constraints import refused_by
from database.statements import call_function, run_statement
from hacks.models import Hack, UserHackProgress


class Refusal(StrEnum):
    """Why something could not be done: the names with which the database refuses it."""

    NOT_ASKED = "hack_verifications_not_asked"
    PRACTISE_FIRST = "hack_verifications_practise_first"
    ANSWER_ALL = "hack_verifications_answer_all"
    UNCHANGED = "hack_verifications_unchanged"
    UNDER_REVIEW = "hack_verifications_under_review"
    WITHDRAWN = "hack_verifications_withdrawn"
    NO_SUCH_STEP = "hack_verifications_no_such_step"
    ALREADY_DECIDED = "hack_verifications_already_decided"
    NOT_VERIFIED = "hack_verifications_not_verified"
    OWN = "hack_verifications_not_decided_by_author"


class VerificationRefused(Exception):
    """`reason` says why; nothing was written."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class TooManyReviewsOpen(Exception):
    """The reviewer holds as many as one may."""


class LeaseLost(Exception):
    """The review can't be given any more; `state` is the lease's (see community.queue), nothing was written."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@transaction.atomic
def save_draft(*, member: Member, hack: Hack, answers: Answers, is_anonymous: bool) -> HackVerification:
    """Keep answers for later, as the member. What was returned becomes the draft of a new round.

    Raises VerificationRefused: NOT_ASKED, or NO_SUCH_STEP for what is submitted or verified.
    """
    with _refusals():
        verification = _begin(member, hack, answers, is_anonymous)
        if verification.status not in (HackVerification.Status.DRAFT, HackVerification.Status.RETURNED):
            raise VerificationRefused(Refusal.NO_SUCH_STEP)
        return _write(member, verification, HackVerification.Status.DRAFT, answers, is_anonymous)


@transaction.atomic
def submit_verification(
    *, member: Member, hack: Hack, answers: Answers, is_anonymous: bool, is_change: bool = False
) -> HackVerification:
    """Submit, or change what nobody has reviewed yet; as the member.

    A change keeps the place in the queue, and takes the submission out of the hands of whoever reads it now; with
    `is_change` nothing else is meant. Raises VerificationRefused: NOT_ASKED, PRACTISE_FIRST, ANSWER_ALL, UNCHANGED,
    UNDER_REVIEW, WITHDRAWN, NO_SUCH_STEP.
    """
    with _refusals():
        verification = _begin(member, hack, answers, is_anonymous)
        if is_change and verification.status == HackVerification.Status.DRAFT:
            raise VerificationRefused(Refusal.WITHDRAWN)
        if is_change and verification.status == HackVerification.Status.RETURNED:
            raise VerificationRefused(Refusal.NO_SUCH_STEP)
        if verification.status == HackVerification.Status.RETURNED:
            verification = _write(member, verification, HackVerification.Status.DRAFT, answers, is_anonymous)
        was_draft = verification.status == HackVerification.Status.DRAFT
        verification = _write(member, verification, HackVerification.Status.SUBMITTED, answers, is_anonymous)
    if was_draft:
        record(member.pk, Activity.VERIFICATION_SUBMITTED, _about(verification, hack))
    return verification


@transaction.atomic
def withdraw_verification(*, member: Member, hack: Hack) -> HackVerification | None:
    """Make a draft of what is submitted, as the member; None where nothing is. Reviews it had stay, as history."""
    verification = _own(member, hack)
    waiting = (HackVerification.Status.SUBMITTED, HackVerification.Status.ESCALATED)
    if verification is None or verification.status not in waiting:
        return None
    data = _about(verification, hack)
    answers, is_anonymous = verification.verification_questions, verification.is_anonymous
    verification = _write(member, verification, HackVerification.Status.DRAFT, answers, is_anonymous)
    record(member.pk, Activity.VERIFICATION_WITHDRAWN, data)
    return verification


# A savepoint would be of no use: whoever is refused is done with.
@transaction.atomic(savepoint=False)
def take_review(*, hack_id: UUID | None = None) -> UUID | None:
    """Lease the oldest submission (of a hack) that the member who asks may review, for half an hour.

    Returns the lease's id, or None where there is nothing to review. Raises TooManyReviewsOpen. Should not share a
    transaction with `give_review`: each waits for a submission's lock.
    """
    try:
        return call_function("app.lease_verification", hack_id)
    except IntegrityError as error:
        if refused_by(error) == "hack_verification_leases_at_most_four":
            raise TooManyReviewsOpen from error
        raise


@transaction.atomic
def release_review(*, lease_id: UUID) -> bool:
    """Give the member's lease back; False where there is none that is open."""
    return call_function("app.release_lease", lease_id)


@transaction.atomic
def give_review(*, member: Member, lease_id: UUID, review_id: UUID, is_authentic: bool, comment: str) -> bool:
    """Store the member's review; False for one that is stored already: the client makes its id.

    Should be called with a comment where `is_authentic` is false. Raises LeaseLost.
    """
    try:
        is_new = call_function("app.review_verification", lease_id, review_id, is_authentic, comment)
    except IntegrityError as error:
        name = refused_by(error)
        if name.startswith(LEASE_LOST):
            raise LeaseLost(name.removeprefix(LEASE_LOST)) from error
        raise
    if is_new:
        record(member.pk, Activity.REVIEW_GIVEN, {"review_id": str(review_id)})
    return is_new


LEASE_LOST = "hack_verification_lease_"


@transaction.atomic
def decide_verification(*, staff: Member, verification_id: UUID, is_authentic: bool, reason: str) -> None:
    """Decide in place of the peers, as staff; the author is told with the reason.

    Raises VerificationRefused: OWN, ALREADY_DECIDED (also where the author has withdrawn it meanwhile).
    """
    waiting = HackVerification.objects.waiting().filter(pk=verification_id)
    with _refusals():
        if not waiting.update(decided_by=staff, decision_reason=reason):
            raise VerificationRefused(Refusal.ALREADY_DECIDED)
    enqueue_on_commit(call_function("app.close_verification", verification_id, is_authentic))


@transaction.atomic
def revoke_verification(*, staff: Member, verification_id: UUID, reason: str) -> None:
    """Return what peers or staff have verified, as staff; the author is told with the reason, and may revise it.

    Raises VerificationRefused: OWN, NOT_VERIFIED.
    """
    verified = HackVerification.objects.filter(pk=verification_id, is_verified=True)
    with _refusals():
        revoked = verified.update(
            status=HackVerification.Status.RETURNED,
            is_verified=False,
            verified_at=None,
            revoked_at=timezone.now(),
            decided_by=staff,
            decision_reason=reason,
        )
        if not revoked:
            raise VerificationRefused(Refusal.NOT_VERIFIED)
    verification = HackVerification.objects.select_related("hack").get(pk=verification_id)
    author = Member.objects.get(verifications=verification)
    UserHackProgress.objects.filter(user=author, hack=verification.hack).update(verified_at=None)
    data = {**_about(verification, verification.hack), "reason": reason}
    record(author.pk, Activity.VERIFICATION_REVOKED, data)


@transaction.atomic
def announce_decision(*, review_id: UUID) -> None:
    """Have the decision that a review brought about reacted to, as the worker; does nothing where there is none.

    The reviewer's own transaction can't: they would learn whose activity it is.
    """
    author = HackVerificationReview.objects.filter(pk=review_id).values("author")
    decided = UserActivityLog.objects.pending().filter(user__in=author, activity_type=Activity.VERIFICATION_DECIDED)
    enqueue_on_commit(*decided.values_list("pk", flat=True))


@transaction.atomic
def forget_leases(*, now: datetime) -> int:
    """As the worker: delete what ended so long ago that nobody asks why; returns how many."""
    return VerificationLease.objects.filter(expires_at__lt=now - KEEP_LEASES).delete()[0]


@transaction.atomic
def remind_authors(*, now: datetime) -> int:
    """As the worker: tell those whose submission has waited for some time, once a round; returns how many."""
    return _record_all("remind_authors", Activity.VERIFICATION_WAITING, before=now - NUDGE_AFTER)


@transaction.atomic
def escalate_verifications(*, now: datetime) -> int:
    """As the worker: hand over to the staff what peers have not decided by the promised date; returns how many."""
    return _record_all("escalate_verifications", Activity.VERIFICATION_WAITING, before=now - STAFF_AFTER)


@transaction.atomic
def ask_reviewers(*, now: datetime) -> int:
    """As the worker: ask some who may review what waits for long, nobody twice a week; returns how many."""
    return _record_all(
        "ask_reviewers",
        Activity.REVIEWERS_WANTED,
        before=now - NUDGE_AFTER,
        asked_since=now - ASK_AGAIN_AFTER,
        most=REVIEWERS_ASKED,
    )


@transaction.atomic
def reward_anonymous(*, now: datetime) -> int:
    """As the worker: have those rewarded whose anonymous submissions were verified before today (UTC)."""
    return _record_all("reward_anonymous", Activity.VERIFICATION_REWARDED, before=rewarded_before(now))


@transaction.atomic
def recount_reviews() -> int:
    """As the worker: hold every count against the reviews and repair it; returns how many had drifted."""
    return run_statement("community", "recount_reviews").count


@transaction.atomic
def compute_reviewer_signals() -> int:
    """As the worker: compute how everybody reviews who does; returns for how many that has changed."""
    return run_statement("community", "compute_reviewer_signals").count


def _record_all(statement: str, activity: Activity, **parameters: Any) -> int:
    """Runs a statement that writes activities, and has them reacted to."""
    activities = run_statement("community", statement, activity=activity, **parameters).values
    enqueue_on_commit(*activities)
    return len(activities)


def _own(member: Member, hack: Hack) -> HackVerification | None:
    return HackVerification.objects.visible_to(member).locked().filter(hack=hack).first()


def _begin(member: Member, hack: Hack, answers: Answers, is_anonymous: bool) -> HackVerification:
    """The member's own, locked; of two that begin at once, the second finds the first one's."""
    own = HackVerification.objects.visible_to(member)
    own.get_or_create(
        user=member, hack=hack, defaults={"verification_questions": answers, "is_anonymous": is_anonymous}
    )
    return own.locked().get(hack=hack)


def _write(
    member: Member,
    verification: HackVerification,
    status: HackVerification.Status,
    answers: Answers,
    is_anonymous: bool,
) -> HackVerification:
    """Writes what members may write; a trigger judges the step and moves the rest, which is read back."""
    verification.verification_questions = answers
    verification.is_anonymous = is_anonymous
    verification.status = status
    verification.save(update_fields=["verification_questions", "is_anonymous", "status"])
    verification.refresh_from_db(from_queryset=HackVerification.objects.visible_to(member))
    return verification


def _about(verification: HackVerification, hack: Hack) -> dict[str, Any]:
    return {
        "verification_id": str(verification.pk),
        "hack_id": str(hack.pk),
        "name": hack.name,
        "slug": hack.slug,
        "round": verification.round,
    }


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        try:
            reason = Refusal(refused_by(error))
        except ValueError:
            raise error from None
        raise VerificationRefused(reason) from error
