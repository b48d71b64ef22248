"""The challenges of the demo: one that is over, some that are on, one to come and one that was called off."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from analytics.models import Activity, Notification, UserActivityLog
from dev.demo.progress import react_to
from gamification.actions import (
    cancel_challenge,
    rank_participants,
    reward_participant,
    score_challenges,
    settle_challenges,
)
from gamification.models import Challenge, ChallengeParticipant
from gamification.news import cancelled_challenge, ended_challenge

CANCELLED_AGO = timedelta(days=5)


class Plan(NamedTuple):
    """`days` are when it begins and ends, counted from now; the learner takes part where it says so."""

    name: str
    slug: str
    description: str
    days: tuple[int, int]
    criteria: dict[str, Any]
    reward: tuple[str, dict[str, Any]]
    participants: int
    has_learner: bool
    places: int | None = None
    cancelled_for: str = ""


PLANS = (
    Plan(
        "Ten days out of fourteen",
        "ten-days-out-of-fourteen",
        "Two weeks, ten days with a practice. Four days are free, and nobody asks which ones.",
        (-18, -4),
        {"type": "days_active", "value": 10},
        ("xp", {"xp": 150}),
        18,
        True,
    ),
    Plan(
        "Two quiet hours",
        "two-quiet-hours",
        "Two hours of practice within three weeks: six minutes a day, or whatever shape your days have.",
        (-9, 12),
        {"type": "practice_minutes", "value": 120},
        ("rest_day", {}),
        22,
        True,
    ),
    Plan(
        "A small circle",
        "a-small-circle",
        "Eight people who check in each day for two weeks, and see each other do it.",
        (-5, 9),
        {"type": "checkins", "value": 12},
        ("xp", {"xp": 80}),
        8,
        False,
        places=8,
    ),
    Plan(
        "Five ways to come down",
        "five-ways-to-come-down",
        "Try five different hacks of relaxation in a month. One of them may stay with you.",
        (6, 34),
        {"type": "hacks_tried", "value": 5, "category": "relaxation"},
        ("achievement", {"achievement": "five-ways-to-rest"}),
        5,
        False,
    ),
    Plan(
        "Sunrise week",
        "sunrise-week",
        "A practice before the day begins, seven days in a row.",
        (2, 9),
        {"type": "days_active", "value": 7},
        ("xp", {"xp": 60}),
        4,
        True,
        cancelled_for="Too few could get up that early. We will try an evening instead.",
    ),
)


def make_challenges(learner_id: UUID | None, member_ids: Sequence[UUID], now: datetime) -> list[Notification]:
    """Make those that are missing; returns what whoever took part is told."""
    told = []
    for plan in PLANS:
        challenge, is_new = Challenge.objects.get_or_create(slug=plan.slug, defaults=_fields(plan, now))
        if not is_new:
            continue
        _fill(challenge, plan, learner_id, member_ids, now)
        if plan.cancelled_for:
            cancel_challenge(challenge=challenge, reason=plan.cancelled_for, now=now - CANCELLED_AGO)
            told += _cancelled(challenge)
    # What is over was settled a day after it.
    settle_challenges(now=now - timedelta(days=2))
    score_challenges(now=now)
    rank_participants(now=now)
    return told + _settled()


def _fields(plan: Plan, now: datetime) -> dict[str, Any]:
    # A challenge begins at the full hour.
    hour = now.replace(minute=0, second=0, microsecond=0)
    begins, ends = (hour + timedelta(days=days) for days in plan.days)
    return {
        "name": plan.name,
        "description": plan.description,
        "start_date": begins,
        "end_date": ends,
        "criteria_json": plan.criteria,
        "reward_type": plan.reward[0],
        "reward_value": plan.reward[1],
        "max_participants": plan.places,
        "created_at": begins - timedelta(days=10),
    }


def _fill(challenge: Challenge, plan: Plan, learner_id: UUID | None, member_ids: Sequence[UUID], now: datetime) -> None:
    dice = Random(plan.slug)
    others = [member_id for member_id in member_ids if member_id != learner_id]
    joining = dice.sample(others, min(plan.participants, len(others)))
    if plan.has_learner and learner_id:
        joining[-1:] = [learner_id]
    latest = now - CANCELLED_AGO if plan.cancelled_for else min(challenge.start_date, now)
    ChallengeParticipant.objects.bulk_create(
        ChallengeParticipant(
            challenge=challenge,
            user_id=member_id,
            joined_at=latest - timedelta(minutes=dice.randint(10, 9000)),
        )
        for member_id in joining
    )


def _settled() -> list[Notification]:
    """What the reactions to the end of a challenge would do."""
    told = []
    ended = list(UserActivityLog.objects.pending().filter(activity_type=Activity.CHALLENGE_ENDED))
    for activity in ended:
        participant = ChallengeParticipant.objects.select_related("challenge").get(
            user=activity.user_id, challenge=activity.activity_data["challenge_id"]
        )
        reward_participant(participant=participant)
        activity.created_at = participant.challenge.settled_at
        told.append(ended_challenge(participant))
        told[-1].created_at = activity.created_at
    react_to(ended)
    return told


def _cancelled(challenge: Challenge) -> list[Notification]:
    activities = list(UserActivityLog.objects.pending().filter(activity_type=Activity.CHALLENGE_CANCELLED))
    challenge.refresh_from_db()
    told = [cancelled_challenge(activity.user_id, challenge) for activity in activities]
    for activity, notification in zip(activities, told, strict=True):
        activity.created_at = notification.created_at = challenge.cancelled_at
    react_to(activities)
    return told
