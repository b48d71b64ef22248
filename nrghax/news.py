"""What members are told of an activity: its notification, in words, and where that leads."""

from analytics.models import Notification, UserActivityLog


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
