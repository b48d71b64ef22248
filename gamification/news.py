"""Notifications about levels, achievements and challenges."""

from uuid import UUID

from analytics.models import Notification, UserActivityLog
from analytics.notifications.destinations import leads_to, register_destination
from analytics.notifications.types import NotificationType
from gamification.actions import ReachedLevel
from gamification.challenges import ordinal, unit_of
from gamification.models import Achievement, Challenge, ChallengeParticipant

register_destination(
    "gamification:achievement-detail",
    targets=Achievement.objects.with_page_for,
    fallback="gamification:achievement-list",
)
register_destination(
    "gamification:challenge-detail", targets=Challenge.objects.visible_to, fallback="gamification:challenge-list"
)


def reached_level(member_id: UUID, reached: ReachedLevel) -> Notification:
    where = f" in {reached.title}" if reached.category else ""
    return Notification(
        user_id=member_id,
        type=NotificationType.LEVEL_REACHED,
        subject=f"{reached.category or 'overall'}:{reached.level}",
        title=f"You've reached level {reached.level}{where}",
        message="Every practice adds up.",
        data=leads_to("gamification:progress"),
    )


def earned_achievement(activity: UserActivityLog) -> Notification:
    achievement = activity.activity_data
    points = achievement["points"]
    return Notification(
        user_id=activity.user_id,
        type=NotificationType.ACHIEVEMENT_EARNED,
        subject=achievement["achievement_id"],
        title=f"You've earned {achievement['name']}",
        message=f"+{points} XP" if points else "",
        data=leads_to("gamification:achievement-detail", slug=achievement["slug"]),
    )


def ended_challenge(participant: ChallengeParticipant) -> Notification:
    challenge = participant.challenge
    return Notification(
        user_id=participant.user_id,
        type=NotificationType.CHALLENGE_ENDED,
        subject=str(challenge.pk),
        title=f"You've completed {challenge.name}" if participant.completed_at else f"{challenge.name} has ended",
        message=_result_words(participant),
        data=leads_to("gamification:challenge-detail", slug=challenge.slug),
    )


def cancelled_challenge(member_id: UUID, challenge: Challenge) -> Notification:
    return Notification(
        user_id=member_id,
        type=NotificationType.CHALLENGE_CANCELLED,
        subject=str(challenge.pk),
        title=f"{challenge.name} was cancelled",
        message=f"{challenge.cancellation_reason} The practice you've done still counts towards your totals.".strip(),
        data=leads_to("gamification:challenge-detail", slug=challenge.slug),
    )


def _result_words(participant: ChallengeParticipant) -> str:
    if not participant.score:
        return "You didn't score this time. There'll be other challenges."
    challenge = participant.challenge
    score = f"{participant.score:,} {unit_of(challenge.criteria_json, participant.score)}"
    place = f"You came {ordinal(participant.rank)} of {participant.completion_data['participants']:,}, with {score}."
    return place + (_reward_words(participant) if participant.completed_at else "")


def _reward_words(participant: ChallengeParticipant) -> str:
    challenge = participant.challenge
    match challenge.reward_type:
        case Challenge.Reward.XP:
            return f" +{challenge.reward_value['xp']:,} XP."
        case Challenge.Reward.ACHIEVEMENT:
            return " You've earned an achievement."
        # A message to a member who hides streaks does not mention rest days.
        case Challenge.Reward.REST_DAY if not participant.user.profile.hide_streaks:
            return " You've earned a rest day."
    return ""
