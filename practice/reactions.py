from analytics.models import UserActivityLog
from practice.actions import recompute_streak


def recompute(activity: UserActivityLog) -> None:
    recompute_streak(member_id=activity.user_id)
