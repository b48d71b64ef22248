from analytics.models import Notification, UserActivityLog
from hacks.actions import unlock_hacks
from hacks.news import unlocked_hack


def unlock(activity: UserActivityLog) -> None:
    """Unlock the hacks whose criteria the member now meets."""
    unlock_hacks(member_id=activity.user_id)


def notify_of_unlocked_hack(activity: UserActivityLog) -> None:
    Notification.objects.tell(unlocked_hack(activity))
