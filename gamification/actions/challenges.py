"""Actions on challenges. Members join and leave; staff cancel; workers score, rank, settle and reward."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Member
from analytics.actions import enqueue_on_commit, record, record_all
from analytics.models import Activity
from database.constraints import refused_by
from database.statements import run_statement
from gamification.actions.xp import award_xp
from gamification.challenges import GRACE_PERIOD
from gamification.models import Challenge, ChallengeParticipant
from gamification.rules import LOGGING_DEADLINE_DAYS, MIN_COUNTED_SECONDS
from practice.actions import grant_rest_day

# The messages for members, by the constraint name that the triggers raise.
REFUSAL_MESSAGES = {
    "challenge_full": "This challenge is full.",
    "challenge_off": "This challenge isn't taking place.",
    "challenge_over": "This challenge is over.",
}


class ChallengeRefused(Exception):
    """A rule of the challenge forbids joining or leaving. `reason` is the message for the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def join_challenge(*, member: Member, challenge: Challenge) -> bool:
    """Join the challenge; return False if the member is already in it. Raise ChallengeRefused if a rule forbids it."""
    try:
        _, is_new = ChallengeParticipant.objects.get_or_create(challenge=challenge, user=member)
    except IntegrityError as error:
        raise _refusal(error) from error
    if is_new:
        record(member.pk, Activity.CHALLENGE_JOINED, _activity_data(challenge))
    return is_new


@transaction.atomic
def leave_challenge(*, member: Member, challenge: Challenge) -> bool:
    """Leave the challenge; return False if the member has not joined. Raise ChallengeRefused if a rule forbids it."""
    try:
        with transaction.atomic():
            deleted, _ = ChallengeParticipant.objects.filter(challenge=challenge, user=member).delete()
    except IntegrityError as error:
        raise _refusal(error) from error
    if deleted:
        record(member.pk, Activity.CHALLENGE_LEFT, _activity_data(challenge))
    return bool(deleted)


@transaction.atomic
def cancel_challenge(*, challenge: Challenge, reason: str, now: datetime) -> bool:
    """Cancel a challenge without rewards, and notify the participants.

    Return False if it is already cancelled or settled, or was never announced: the page of a cancelled challenge is
    visible to all members. Should be called as staff.
    """
    # A member who joins at the same time waits for this lock and is then refused.
    locked = Challenge.objects.select_for_update(no_key=True).get(pk=challenge.pk)
    is_draft = not locked.is_active and not locked.participants.exists()
    if locked.cancelled_at or locked.settled_at or is_draft:
        return False
    locked.is_active = False
    locked.cancelled_at = now
    locked.cancellation_reason = reason
    locked.save(update_fields=["is_active", "cancelled_at", "cancellation_reason"])
    members = ChallengeParticipant.objects.filter(challenge=locked).values_list("user_id", flat=True)
    record_all(Activity.CHALLENGE_CANCELLED, [(member_id, _activity_data(locked)) for member_id in members])
    return True


@transaction.atomic
def score_challenges(*, now: datetime, member_id: UUID | None = None, challenge_id: UUID | None = None) -> int:
    """Update the scores of one member or (None) all, in one challenge or (None) all open ones; return how many changed.

    Should be called as the worker.
    """
    return _run_locked(
        "score_challenges",
        {
            "member_id": member_id,
            "challenge_id": challenge_id,
            "now": now,
            "min_counted_seconds": MIN_COUNTED_SECONDS,
            "logging_deadline_days": LOGGING_DEADLINE_DAYS,
        },
    )


@transaction.atomic
def rank_participants(*, now: datetime, challenge_id: UUID | None = None) -> int:
    """Compute ranks and places from the scores, in one challenge or (None) all open ones; return how many differed.

    Should be called as the worker.
    """
    return _run_locked("rank_participants", {"member_id": None, "challenge_id": challenge_id, "now": now})


def settle_challenges(*, now: datetime) -> int:
    """Settle all challenges that ended before the grace period; return how many. Should be called as the worker."""
    due = Challenge.objects.due(now - GRACE_PERIOD).order_by("end_date").values_list("pk", flat=True)
    return sum(settle_challenge(challenge_id=challenge_id, now=now) for challenge_id in list(due))


@transaction.atomic
def settle_challenge(*, challenge_id: UUID, now: datetime) -> bool:
    """Compute the final scores and ranks, and record an activity for each participant.

    The reactions to the activities reward and notify the members. Return False if another worker settles or has settled
    the challenge, or if it was cancelled.
    """
    due = Challenge.objects.select_for_update(no_key=True, skip_locked=True).due(now - GRACE_PERIOD)
    if due.filter(pk=challenge_id).first() is None:
        return False
    score_challenges(now=now, challenge_id=challenge_id)
    rank_participants(now=now, challenge_id=challenge_id)
    ended = run_statement(
        "gamification", "settle_challenge", challenge_id=challenge_id, now=now, activity=Activity.CHALLENGE_ENDED
    )
    enqueue_on_commit(*ended.values)
    return True


@transaction.atomic
def reward_participant(*, participant: ChallengeParticipant) -> None:
    """Give the reward of a settled challenge to a member who completed it. A repeat gives nothing more.

    A challenge without XP gets an award of 0 XP, because achievements count the awards. Should be called as the worker.
    """
    challenge = participant.challenge
    if participant.completed_at is None or challenge.settled_at is None:
        return
    award_xp(
        member_id=participant.user_id,
        source="challenge",
        source_id=challenge.pk,
        amount=challenge.reward_value.get("xp", 0),
        done_at=challenge.settled_at,
    )
    if challenge.reward_type == Challenge.Reward.REST_DAY:
        grant_rest_day(member_id=participant.user_id, source_id=challenge.pk, now=challenge.settled_at)
    if challenge.reward_type == Challenge.Reward.ACHIEVEMENT:
        _grant_achievement(participant)


def _grant_achievement(participant: ChallengeParticipant) -> None:
    granted = run_statement(
        "gamification",
        "grant_achievement",
        member_id=participant.user_id,
        slug=participant.challenge.reward_value["achievement"],
        progress=json.dumps({"value": participant.score, "challenge": participant.challenge.slug}),
        activity=Activity.ACHIEVEMENT_EARNED,
    )
    enqueue_on_commit(*granted.values)


def _run_locked(statement: str, parameters: dict[str, Any]) -> int:
    run_statement("gamification", "lock_participants", **parameters)
    # A separate statement sees the rows that were committed while the first one waited for the locks.
    return run_statement("gamification", statement, **parameters).value


def _activity_data(challenge: Challenge) -> dict[str, str]:
    return {"challenge_id": str(challenge.pk), "name": challenge.name, "slug": challenge.slug}


def _refusal(error: IntegrityError) -> Exception:
    """Return the ChallengeRefused for a trigger's error, or the error itself if it is another one."""
    reason = REFUSAL_MESSAGES.get(refused_by(error))
    return ChallengeRefused(reason) if reason else error
