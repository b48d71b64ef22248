from uuid import UUID

from django.utils import timezone

from accounts.models import Profile
from analytics.models import Notification, UserActivityLog
from gamification.actions import (
    award_achievements,
    award_xp,
    celebrate_levels,
    reward_participant,
    score_challenges,
    settle_xp,
)
from gamification.discord.actions import want_discord_roles
from gamification.models import Challenge, ChallengeParticipant
from gamification.news import cancelled_challenge, earned_achievement, ended_challenge, reached_level


def settle(activity: UserActivityLog) -> None:
    settle_xp(member_id=activity.user_id)


def score(activity: UserActivityLog) -> None:
    score_challenges(member_id=activity.user_id, now=timezone.now())


def award(activity: UserActivityLog) -> None:
    """Award achievements. A private activity makes them private too."""
    award_achievements(member_id=activity.user_id, is_private=activity.is_private)


def award_points(activity: UserActivityLog) -> None:
    achievement = activity.activity_data
    award_xp(
        member_id=activity.user_id,
        source="achievement",
        source_id=UUID(achievement["achievement_id"]),
        amount=achievement["points"],
        done_at=activity.created_at,
        is_private=activity.is_private,
    )


def celebrate(activity: UserActivityLog) -> None:
    levels = celebrate_levels(member_id=activity.user_id)
    Notification.objects.tell(*(reached_level(activity.user_id, level) for level in levels))


def want_roles(activity: UserActivityLog) -> None:
    want_discord_roles(member_id=activity.user_id)


def notify_of_achievement(activity: UserActivityLog) -> None:
    """Notify the member of an achievement, except of one for a streak if they hide streaks."""
    is_streak = activity.activity_data["type"] == "streak"
    if is_streak and Profile.objects.filter(pk=activity.user_id, hide_streaks=True).exists():
        return
    Notification.objects.tell(earned_achievement(activity))


def reward(activity: UserActivityLog) -> None:
    if participant := _participant(activity):
        reward_participant(participant=participant)


def notify_of_result(activity: UserActivityLog) -> None:
    if participant := _participant(activity):
        Notification.objects.tell(ended_challenge(participant))


def notify_of_cancelled_challenge(activity: UserActivityLog) -> None:
    challenge = Challenge.objects.get(pk=activity.activity_data["challenge_id"])
    Notification.objects.tell(cancelled_challenge(activity.user_id, challenge))


def _participant(activity: UserActivityLog) -> ChallengeParticipant | None:
    """Return the participant of the activity's challenge; None if the row has been deleted since."""
    participants = ChallengeParticipant.objects.select_related("challenge").filter(user_id=activity.user_id)
    return participants.filter(challenge_id=activity.activity_data["challenge_id"]).first()
