"""What members are told of an activity: its notification, in words, and where that leads."""

from uuid import UUID

from analytics.models import Notification, UserActivityLog
from gamification.actions import ReachedLevel
from gamification.challenges import ordinal, unit_of
from gamification.models import Challenge, ChallengeParticipant


def unlocked_hack(activity: UserActivityLog) -> Notification:
    hack = activity.activity_data
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.HACK_UNLOCKED,
        subject=hack["hack_id"],
        title=f"{hack['name']} is open to you",
        message="Your practice has unlocked it. Have a look at the guide when you feel like it.",
        data={"path": f"/hacks/{hack['slug']}/"},
    )


def provable_hack(member_id: UUID, *, pk: UUID, name: str, slug: str) -> Notification:
    """Practice has opened its verification; once a hack, as long as the notification is kept."""
    return Notification(
        user_id=member_id,
        type=Notification.Type.HACK_UNLOCKED,
        subject=f"{pk}:verification",
        title=f"You can prove your mastery of {name}",
        message="You have practised it often enough. Answer some questions when you feel like it; peers read them.",
        data={"path": f"/verification/{slug}/"},
    )


def reached_level(member_id: UUID, reached: ReachedLevel) -> Notification:
    where = f" in {reached.title}" if reached.category else ""
    return Notification(
        user_id=member_id,
        type=Notification.Type.LEVEL_REACHED,
        subject=f"{reached.category or 'overall'}:{reached.level}",
        title=f"You have reached level {reached.level}{where}",
        message="Practice by practice: this is how it adds up.",
        data={"path": "/progress/"},
    )


def earned_achievement(activity: UserActivityLog) -> Notification:
    achievement = activity.activity_data
    points = achievement["points"]
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.ACHIEVEMENT_EARNED,
        subject=achievement["achievement_id"],
        title=f"You have earned {achievement['name']}",
        message=f"It brings {points} XP, and it stays yours." if points else "It stays yours.",
        data={"path": f"/achievements/{achievement['slug']}/"},
    )


def ended_challenge(participant: ChallengeParticipant) -> Notification:
    challenge = participant.challenge
    return Notification(
        user_id=participant.user_id,
        type=Notification.Type.CHALLENGE_ENDED,
        subject=str(challenge.pk),
        title=f"You have completed {challenge.name}" if participant.completed_at else f"{challenge.name} is over",
        message=_result_words(participant),
        data={"path": challenge.get_absolute_url()},
    )


def _result_words(participant: ChallengeParticipant) -> str:
    if not participant.score:
        return "Nothing of yours counted this time. There will be others."
    challenge = participant.challenge
    score = f"{participant.score:,} {unit_of(challenge.criteria_json, participant.score)}"
    place = f"You came {ordinal(participant.rank)} of {participant.completion_data['participants']:,}, with {score}."
    return place + (_reward_words(participant) if participant.completed_at else "")


def _reward_words(participant: ChallengeParticipant) -> str:
    challenge = participant.challenge
    match challenge.reward_type:
        case Challenge.Reward.XP:
            return f" It brings you {challenge.reward_value['xp']:,} XP."
        case Challenge.Reward.ACHIEVEMENT:
            return " It brings you an achievement."
        # Whoever hides streaks is not told of rest days either.
        case Challenge.Reward.REST_DAY if not participant.user.profile.hide_streaks:
            return " It brings you a rest day into stock."
    return ""


def cancelled_challenge(member_id: UUID, challenge: Challenge) -> Notification:
    return Notification(
        user_id=member_id,
        type=Notification.Type.CHALLENGE_CANCELLED,
        subject=str(challenge.pk),
        title=f"{challenge.name} is cancelled",
        message=f"{challenge.cancellation_reason} What you have practised stays yours.".strip(),
        data={"path": challenge.get_absolute_url()},
    )


def decided_verification(activity: UserActivityLog) -> Notification:
    decided = activity.activity_data
    is_verified = decided["outcome"] == "verified"
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.VERIFICATION_DECIDED,
        subject=f"{decided['verification_id']}:{decided['round']}",
        title=f"You are verified in {decided['name']}" if is_verified else f"{decided['name']} has come back to you",
        message=(
            "Others recognise what you have learnt. You can now review what they submit."
            + " Its XP comes within a day or so, as you have submitted it without your name." * decided["is_anonymous"]
            if is_verified
            else "Read what the reviewers say, practise on, and submit it again when you feel like it."
        ),
        data={"path": f"/verification/{decided['slug']}/"},
    )


def taken_back_verification(activity: UserActivityLog) -> Notification:
    taken_back = activity.activity_data
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.VERIFICATION_DECIDED,
        subject=f"{taken_back['verification_id']}:{taken_back['round']}:taken_back",
        title=f"Our staff have taken back your verification in {taken_back['name']}",
        message="Its XP goes with it, and so does reviewing it for others. Hacks that it has opened, and what you "
        "have achieved, stay yours. "
        f"They say: {taken_back['reason']}",
        data={"path": f"/verification/{taken_back['slug']}/"},
    )


def waiting_verification(activity: UserActivityLog) -> Notification:
    waiting = activity.activity_data
    is_with_staff = waiting["waits_for"] == "staff"
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.VERIFICATION_WAITING,
        subject=f"{waiting['verification_id']}:{waiting['round']}:{waiting['waits_for']}",
        title=f"Our staff look at your {waiting['name']}" if is_with_staff else f"{waiting['name']} still waits",
        message=(
            "Too few peers could review it in time, so we decide ourselves, as promised."
            if is_with_staff
            else "Not enough reviewers have come by yet. We ask for some; you need not do anything."
        ),
        data={"path": f"/verification/{waiting['slug']}/"},
    )


def escalated_verification(activity: UserActivityLog, staff_id: UUID) -> Notification:
    """For those who decide; once a day, however many there are."""
    return Notification(
        user_id=staff_id,
        type=Notification.Type.VERIFICATION_WAITING,
        subject=f"for_staff:{activity.created_at:%Y-%m-%d}",
        title="Members wait for your decision",
        message="Their peers have not verified in time what they have submitted, so that it is with our staff now.",
        data={"path": "/admin/community/hackverification/?status__exact=escalated"},
    )


def wanted_reviews(activity: UserActivityLog) -> Notification:
    """Once a week, whatever the hack."""
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.REVIEWERS_WANTED,
        subject=f"{activity.created_at:%G-W%V}",
        title=f"Somebody hopes for a review of {activity.activity_data['name']}",
        message="You know it well, and they have waited for some days. A review takes a few minutes.",
        data={"path": "/verification/"},
    )
