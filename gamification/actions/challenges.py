"""Challenges: joined and left by members, cancelled by staff; scored, ranked, settled and rewarded by workers."""

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
from gamification.challenges import GRACE
from gamification.models import Challenge, ChallengeParticipant
from gamification.rules import LATEST_LOGGED_DAYS, LEAST_SECONDS
from practice.actions import grant_rest_day

# What the database's guards say, in words for whoever wanted in or out.
REFUSALS = {
    "challenge_full": "All places are taken.",
    "challenge_off": "This challenge does not take place.",
    "challenge_over": "This challenge is over.",
}


class ChallengeRefused(Exception):
    """A rule of the challenge is against it; `reason` says which, to the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def join_challenge(*, member: Member, challenge: Challenge) -> bool:
    """Take part; False where the member does already. Raises ChallengeRefused, and then writes nothing."""
    try:
        _, is_new = ChallengeParticipant.objects.get_or_create(challenge=challenge, user=member)
    except IntegrityError as error:
        raise _refused(error) from error
    if is_new:
        record(member.pk, Activity.CHALLENGE_JOINED, _named(challenge))
    return is_new


@transaction.atomic
def leave_challenge(*, member: Member, challenge: Challenge) -> bool:
    """Take part no longer; False where the member does not. Raises ChallengeRefused, and then writes nothing."""
    try:
        with transaction.atomic():
            deleted, _ = ChallengeParticipant.objects.filter(challenge=challenge, user=member).delete()
    except IntegrityError as error:
        raise _refused(error) from error
    if deleted:
        record(member.pk, Activity.CHALLENGE_LEFT, _named(challenge))
    return bool(deleted)


@transaction.atomic
def cancel_challenge(*, challenge: Challenge, reason: str, now: datetime) -> bool:
    """Call a challenge off, without rewards, and tell who takes part; False where it is off, settled or was never
    announced: its page would tell everybody of it. As staff.
    """
    # Whoever joins meanwhile waits, and is refused.
    locked = Challenge.objects.select_for_update(no_key=True).get(pk=challenge.pk)
    is_draft = not locked.is_active and not locked.participants.exists()
    if locked.cancelled_at or locked.settled_at or is_draft:
        return False
    locked.is_active = False
    locked.cancelled_at = now
    locked.cancellation_reason = reason
    locked.save(update_fields=["is_active", "cancelled_at", "cancellation_reason"])
    members = ChallengeParticipant.objects.filter(challenge=locked).values_list("user_id", flat=True)
    record_all(Activity.CHALLENGE_CANCELLED, [(member_id, _named(locked)) for member_id in members])
    return True


@transaction.atomic
def score_challenges(*, now: datetime, member_id: UUID | None = None, challenge_id: UUID | None = None) -> int:
    """Bring the scores of one member or (None) all, in one challenge or all that are on, up to date with what was
    practised; returns how many differed. As the worker.
    """
    return _work_out(
        "score_challenges",
        {
            "member_id": member_id,
            "challenge_id": challenge_id,
            "now": now,
            "least_seconds": LEAST_SECONDS,
            "latest_logged_days": LATEST_LOGGED_DAYS,
        },
    )


@transaction.atomic
def rank_participants(*, now: datetime, challenge_id: UUID | None = None) -> int:
    """Work out ranks and places from the scores, in one challenge or all that are on; returns how many differed.

    As the worker.
    """
    return _work_out("rank_participants", {"member_id": None, "challenge_id": challenge_id, "now": now})


def settle_challenges(*, now: datetime) -> int:
    """Make the results final of what has been over for a while; returns how many challenges. As the worker."""
    due = Challenge.objects.due(now - GRACE).order_by("end_date").values_list("pk", flat=True)
    return sum(settle_challenge(challenge_id=challenge_id, now=now) for challenge_id in list(due))


@transaction.atomic
def settle_challenge(*, challenge_id: UUID, now: datetime) -> bool:
    """Score and rank for the last time and have everybody rewarded and told, each by a reaction of their own.

    False where another worker does so, or has done so, or it was cancelled.
    """
    due = Challenge.objects.select_for_update(no_key=True, skip_locked=True).due(now - GRACE)
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
    """Give who completed a settled challenge what it brings: each thing once, however often this runs. As the worker.

    The completed challenge is a deed in the ledger of XP also where it brings something else, or nothing.
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


def _work_out(statement: str, parameters: dict[str, Any]) -> int:
    run_statement("gamification", "lock_participants", **parameters)
    # A statement of its own, so that it sees what was committed while this one waited for the rows.
    return run_statement("gamification", statement, **parameters).value


def _named(challenge: Challenge) -> dict[str, str]:
    return {"challenge_id": str(challenge.pk), "name": challenge.name, "slug": challenge.slug}


def _refused(error: IntegrityError) -> Exception:
    """The refusal that a guard's error means, or the error itself."""
    reason = REFUSALS.get(refused_by(error))
    return ChallengeRefused(reason) if reason else error
