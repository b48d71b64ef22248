"""What members are told of an activity: its notification, in words, and where that leads."""

from uuid import UUID

from analytics.models import Notification, UserActivityLog
from gamification.actions import ReachedLevel


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
