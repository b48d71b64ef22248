"""The challenges of the demo: one has ended, two are running, one is coming and one was cancelled."""

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
    """A challenge. It starts and ends `days` from now; the demo learner takes part if `has_learner`."""

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
        "Practise on ten days in two weeks. Take four days off, whichever you like.",
        (-18, -4),
        {"type": "days_active", "value": 10},
        ("xp", {"xp": 150}),
        18,
        True,
    ),
    Plan(
        "Two quiet hours",
        "two-quiet-hours",
        "Practise for two hours in three weeks. That's six minutes a day, or whatever fits your days.",
        (-9, 12),
        {"type": "practice_minutes", "value": 120},
        ("rest_day", {}),
        22,
        True,
    ),
    Plan(
        "A small circle",
        "a-small-circle",
        "Eight people check in daily for two weeks and see each other do it.",
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
        "Try five different relaxation hacks in four weeks. You may find one to keep.",
        (6, 34),
        {"type": "hacks_tried", "value": 5, "category": "relaxation"},
        ("achievement", {"achievement": "five-ways-to-rest"}),
        5,
        False,
    ),
    Plan(
        "Sunrise week",
        "sunrise-week",
        "Practise before your day begins, seven days in a row.",
        (2, 9),
        {"type": "days_active", "value": 7},
        ("xp", {"xp": 60}),
        4,
        True,
        cancelled_for="Too few of you could get up that early. We'll try an evening instead.",
    ),
)


def make_challenges(learner_id: UUID | None, member_ids: Sequence[UUID], now: datetime) -> list[Notification]:
    """Make the challenges that are missing. Return the notifications for their participants."""
    notifications = []
    for plan in PLANS:
        challenge, is_new = Challenge.objects.get_or_create(slug=plan.slug, defaults=_fields(plan, now))
        if not is_new:
            continue
        _fill(challenge, plan, learner_id, member_ids, now)
        if plan.cancelled_for:
            cancel_challenge(challenge=challenge, reason=plan.cancelled_for, now=now - CANCELLED_AGO)
            notifications += _react_to_cancelled(challenge)
    # The challenge that has ended was settled in the past, not today.
    settle_challenges(now=now - timedelta(days=2))
    score_challenges(now=now)
    rank_participants(now=now)
    return notifications + _react_to_ended()


def _fields(plan: Plan, now: datetime) -> dict[str, Any]:
    # Challenges start on the hour.
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
    participants = dice.sample(others, min(plan.participants, len(others)))
    if plan.has_learner and learner_id:
        participants[-1:] = [learner_id]
    latest = now - CANCELLED_AGO if plan.cancelled_for else min(challenge.start_date, now)
    ChallengeParticipant.objects.bulk_create(
        ChallengeParticipant(
            challenge=challenge,
            user_id=member_id,
            joined_at=latest - timedelta(minutes=dice.randint(10, 9000)),
        )
        for member_id in participants
    )


def _react_to_ended() -> list[Notification]:
    """Do what the reactions to the end of a challenge do, with dates in the past. Return the notifications."""
    notifications = []
    ended = list(UserActivityLog.objects.pending().filter(activity_type=Activity.CHALLENGE_ENDED))
    for activity in ended:
        participant = ChallengeParticipant.objects.select_related("challenge").get(
            user=activity.user_id, challenge=activity.activity_data["challenge_id"]
        )
        reward_participant(participant=participant)
        activity.created_at = participant.challenge.settled_at
        notifications.append(ended_challenge(participant))
        notifications[-1].created_at = activity.created_at
    react_to(ended)
    return notifications


def _react_to_cancelled(challenge: Challenge) -> list[Notification]:
    activities = list(UserActivityLog.objects.pending().filter(activity_type=Activity.CHALLENGE_CANCELLED))
    challenge.refresh_from_db()
    notifications = [cancelled_challenge(activity.user_id, challenge) for activity in activities]
    for activity, notification in zip(activities, notifications, strict=True):
        activity.created_at = notification.created_at = challenge.cancelled_at
    react_to(activities)
    return notifications
