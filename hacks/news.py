"""Notifications about hacks."""

from analytics.models import Notification, UserActivityLog
from analytics.notifications.destinations import leads_to, register_destination
from analytics.notifications.types import NotificationType
from hacks.models import Hack

register_destination("hacks:hack-detail", targets=Hack.objects.visible_to, fallback="hacks:hack-list")


def unlocked_hack(activity: UserActivityLog) -> Notification:
    hack = activity.activity_data
    return Notification(
        user_id=activity.user_id,
        type=NotificationType.HACK_UNLOCKED,
        subject=hack["hack_id"],
        title=f"You've unlocked {hack['name']}",
        message="Your practice unlocked it. Read the guide whenever you're ready.",
        data=leads_to("hacks:hack-detail", slug=hack["slug"]),
    )
