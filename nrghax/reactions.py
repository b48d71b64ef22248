"""What happens when: from each type of activity to its reactions, in order.

A reaction takes the activity's row and runs in a worker, in one transaction with the mark that the activity is
done, under a lock on that row: delivered at least once, effective exactly once. A reaction that spans rows is one
call of an app's action.
"""

from collections.abc import Callable

from analytics.models import Activity, Notification, UserActivityLog
from hacks.actions import unlock_hacks
from practice.actions import recompute_streak

Reaction = Callable[[UserActivityLog], None]


def unlock(activity: UserActivityLog) -> None:
    unlock_hacks(member_id=activity.user_id)


def notify_of_unlocked_hack(activity: UserActivityLog) -> None:
    Notification.objects.bulk_create([unlocked_hack_notification(activity)], ignore_conflicts=True)


def unlocked_hack_notification(activity: UserActivityLog) -> Notification:
    hack = activity.activity_data
    return Notification(
        user_id=activity.user_id,
        type=Notification.Type.HACK_UNLOCKED,
        subject=hack["hack_id"],
        title=f"{hack['name']} is open to you",
        message="Your practice has unlocked it. Have a look at the guide when you feel like it.",
        data={"path": f"/hacks/{hack['slug']}/"},
    )


def recompute(activity: UserActivityLog) -> None:
    recompute_streak(member_id=activity.user_id)


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    Activity.SESSION_LOGGED: (unlock,),
    Activity.SESSION_CHANGED: (unlock,),
    Activity.SESSION_DELETED: (),
    Activity.CHECKIN_SAVED: (recompute,),
    Activity.CHECKIN_DELETED: (recompute,),
    Activity.HACK_UNLOCKED: (notify_of_unlocked_hack,),
}
