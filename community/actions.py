"""Writes on verifications by authors, reviewers and staff, and the jobs of the worker.

Members' actions run as the member. The database refuses forbidden writes (community/sql/) with the name of a
constraint. These actions turn the name into an exception, for which a page has a message.
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
    ESCALATE_AFTER,
    LEASE_RETENTION,
    MAX_REVIEWERS_ASKED,
    NUDGE_AFTER,
    Answers,
    anonymous_xp_cutoff,
)
from database.constraints import refused_by
from database.statements import call_function, run_statement
from hacks.models import Hack, UserHackProgress


class Refusal(StrEnum):
    """The reasons for which the database refuses a write; each value is the name of a constraint."""

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
    """The database refused the write; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class TooManyReviewsOpen(Exception):
    """The reviewer has MAX_LEASES open leases already."""


class LeaseLost(Exception):
    """The lease is no longer open and nothing was written; `state` is as in community.queue.Lease."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@transaction.atomic
def save_draft(*, member: Member, hack: Hack, answers: Answers, is_anonymous: bool) -> HackVerification:
    """Save answers as a draft, as the member. A submission that was sent back becomes the draft of a new round.

    Raises VerificationRefused: NOT_ASKED; NO_SUCH_STEP if the submission is in the queue, with staff or verified.
    """
    with _translate_refusals():
        verification = _get_or_create_locked(member, hack, answers, is_anonymous)
        if verification.status not in (HackVerification.Status.DRAFT, HackVerification.Status.RETURNED):
            raise VerificationRefused(Refusal.NO_SUCH_STEP)
        return _update(member, verification, HackVerification.Status.DRAFT, answers, is_anonymous)


@transaction.atomic
def submit_verification(
    *, member: Member, hack: Hack, answers: Answers, is_anonymous: bool, is_change: bool = False
) -> HackVerification:
    """Submit answers, or change a submission that has no review yet, as the member.

    A change keeps the place in the queue and ends the leases of the submission. With `is_change` only a change is
    allowed: a draft or a submission that was sent back is refused. Raises VerificationRefused: NOT_ASKED,
    PRACTISE_FIRST, ANSWER_ALL, UNCHANGED, UNDER_REVIEW, WITHDRAWN, NO_SUCH_STEP.
    """
    with _translate_refusals():
        verification = _get_or_create_locked(member, hack, answers, is_anonymous)
        if is_change and verification.status == HackVerification.Status.DRAFT:
            raise VerificationRefused(Refusal.WITHDRAWN)
        if is_change and verification.status == HackVerification.Status.RETURNED:
            raise VerificationRefused(Refusal.NO_SUCH_STEP)
        if verification.status == HackVerification.Status.RETURNED:
            verification = _update(member, verification, HackVerification.Status.DRAFT, answers, is_anonymous)
        was_draft = verification.status == HackVerification.Status.DRAFT
        verification = _update(member, verification, HackVerification.Status.SUBMITTED, answers, is_anonymous)
    if was_draft:
        record(member.pk, Activity.VERIFICATION_SUBMITTED, _activity_data(verification, hack))
    return verification


@transaction.atomic
def withdraw_verification(*, member: Member, hack: Hack) -> HackVerification | None:
    """Turn a submission back into a draft, as the member. Its reviews stay in the history.

    Returns None if the member has no submission with peers or staff.
    """
    verification = HackVerification.objects.visible_to(member).locked().filter(hack=hack).first()
    waiting = (HackVerification.Status.SUBMITTED, HackVerification.Status.ESCALATED)
    if verification is None or verification.status not in waiting:
        return None
    data = _activity_data(verification, hack)
    answers, is_anonymous = verification.verification_questions, verification.is_anonymous
    verification = _update(member, verification, HackVerification.Status.DRAFT, answers, is_anonymous)
    record(member.pk, Activity.VERIFICATION_WITHDRAWN, data)
    return verification


# No savepoint: nothing else happens in the transaction after a refusal.
@transaction.atomic(savepoint=False)
def take_review(*, hack_id: UUID | None = None) -> UUID | None:
    """Lease the oldest submission that the member may review, of any hack or of the given one, for half an hour.

    Returns the id of the lease, or None if there is nothing to review. Raises TooManyReviewsOpen. Should not share a
    transaction with `give_review`: both wait for the lock of a submission.
    """
    try:
        return call_function("app.lease_verification", hack_id)
    except IntegrityError as error:
        if refused_by(error) == "hack_verification_leases_at_most_four":
            raise TooManyReviewsOpen from error
        raise


@transaction.atomic
def release_review(*, lease_id: UUID) -> bool:
    """End the member's open lease. Return False if the lease is not open or not theirs."""
    return call_function("app.release_lease", lease_id)


@transaction.atomic
def give_review(*, member: Member, lease_id: UUID, review_id: UUID, is_authentic: bool, comment: str) -> bool:
    """Store the member's review. Return False if a review with this id, which the client makes, is stored already.

    A review that is not authentic needs a comment. Raises LeaseLost.
    """
    try:
        is_new = call_function("app.review_verification", lease_id, review_id, is_authentic, comment)
    except IntegrityError as error:
        name = refused_by(error)
        if name.startswith(LEASE_LOST_PREFIX):
            raise LeaseLost(name.removeprefix(LEASE_LOST_PREFIX)) from error
        raise
    if is_new:
        record(member.pk, Activity.REVIEW_GIVEN, {"review_id": str(review_id)})
    return is_new


LEASE_LOST_PREFIX = "hack_verification_lease_"


@transaction.atomic
def decide_verification(*, staff: Member, verification_id: UUID, is_authentic: bool, reason: str) -> None:
    """Decide in place of the peers, as staff. The author is notified of the outcome and reads the reason.

    Raises VerificationRefused: OWN; ALREADY_DECIDED, also if the author has withdrawn the submission.
    """
    waiting = HackVerification.objects.waiting().filter(pk=verification_id)
    with _translate_refusals():
        if not waiting.update(decided_by=staff, decision_reason=reason):
            raise VerificationRefused(Refusal.ALREADY_DECIDED)
    enqueue_on_commit(call_function("app.close_verification", verification_id, is_authentic))


@transaction.atomic
def revoke_verification(*, staff: Member, verification_id: UUID, reason: str) -> None:
    """Send a verified submission back, as staff. The author is notified with the reason and may submit again.

    Raises VerificationRefused: OWN, NOT_VERIFIED.
    """
    verified = HackVerification.objects.filter(pk=verification_id, is_verified=True)
    with _translate_refusals():
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
    data = {**_activity_data(verification, verification.hack), "reason": reason}
    record(author.pk, Activity.VERIFICATION_REVOKED, data)


@transaction.atomic
def announce_decision(*, review_id: UUID) -> None:
    """Enqueue the reactions to the decision that this review caused, if it caused one; as the worker.

    The reviewer's transaction can't do this: reading the activity would reveal the author.
    """
    author = HackVerificationReview.objects.filter(pk=review_id).values("author")
    decided = UserActivityLog.objects.pending().filter(user__in=author, activity_type=Activity.VERIFICATION_DECIDED)
    enqueue_on_commit(*decided.values_list("pk", flat=True))


@transaction.atomic
def delete_old_leases(*, now: datetime) -> int:
    """Delete the leases that ended before the retention time, as the worker. Return the number of rows."""
    return VerificationLease.objects.filter(expires_at__lt=now - LEASE_RETENTION).delete()[0]


@transaction.atomic
def remind_authors(*, now: datetime) -> int:
    """Notify authors whose submission has waited for two days, once a round, as the worker. Return their number."""
    return _record_all("remind_authors", Activity.VERIFICATION_WAITING, before=now - NUDGE_AFTER)


@transaction.atomic
def escalate_verifications(*, now: datetime) -> int:
    """Hand over to staff what peers have not decided by the promised date, as the worker. Return the number."""
    return _record_all("escalate_verifications", Activity.VERIFICATION_WAITING, before=now - ESCALATE_AFTER)


@transaction.atomic
def ask_reviewers(*, now: datetime) -> int:
    """Ask some members to review what has waited for two days, each at most once a week, as the worker.

    Returns the number of members.
    """
    return _record_all(
        "ask_reviewers",
        Activity.REVIEWERS_WANTED,
        before=now - NUDGE_AFTER,
        asked_since=now - ASK_AGAIN_AFTER,
        most=MAX_REVIEWERS_ASKED,
    )


@transaction.atomic
def reward_anonymous(*, now: datetime) -> int:
    """Enqueue the XP of anonymous submissions that were verified before today (UTC), as the worker.

    Returns the number of submissions.
    """
    return _record_all("reward_anonymous", Activity.VERIFICATION_REWARDED, before=anonymous_xp_cutoff(now))


@transaction.atomic
def recount_reviews() -> int:
    """Repair the review counts that differ from the reviews, as the worker. Return the number of rows repaired."""
    return run_statement("community", "recount_reviews").count


@transaction.atomic
def compute_reviewer_signals() -> int:
    """Compute the signals of all reviewers, as the worker. Return the number of rows that changed."""
    return run_statement("community", "compute_reviewer_signals").count


def _record_all(statement: str, activity: Activity, **parameters: Any) -> int:
    """Run a statement that writes activities, and enqueue the reactions to them. Return the number of activities."""
    activities = run_statement("community", statement, activity=activity, **parameters).values
    enqueue_on_commit(*activities)
    return len(activities)


def _get_or_create_locked(member: Member, hack: Hack, answers: Answers, is_anonymous: bool) -> HackVerification:
    """Return the member's submission, locked. Create it if there is none, also under concurrent requests."""
    own = HackVerification.objects.visible_to(member)
    own.get_or_create(
        user=member, hack=hack, defaults={"verification_questions": answers, "is_anonymous": is_anonymous}
    )
    return own.locked().get(hack=hack)


def _update(
    member: Member,
    verification: HackVerification,
    status: HackVerification.Status,
    answers: Answers,
    is_anonymous: bool,
) -> HackVerification:
    """Write the columns that members may write, and read the row back.

    A trigger checks the change of status and sets the other columns.
    """
    verification.verification_questions = answers
    verification.is_anonymous = is_anonymous
    verification.status = status
    verification.save(update_fields=["verification_questions", "is_anonymous", "status"])
    verification.refresh_from_db(from_queryset=HackVerification.objects.visible_to(member))
    return verification


def _activity_data(verification: HackVerification, hack: Hack) -> dict[str, Any]:
    return {
        "verification_id": str(verification.pk),
        "hack_id": str(hack.pk),
        "name": hack.name,
        "slug": hack.slug,
        "round": verification.round,
    }


@contextmanager
def _translate_refusals() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        try:
            reason = Refusal(refused_by(error))
        except ValueError:
            raise error from None
        raise VerificationRefused(reason) from error
