"""The reactions to each type of activity, in order. The functions are in each app's reactions.py.

A reaction takes the activity's row. A worker runs it under a lock on that row, in the transaction that marks the
activity as processed: delivery is at least once, the effect exactly once. schedule.py lists the tasks that run by the
clock.
"""

from collections.abc import Callable

from analytics.models import Activity, UserActivityLog
from community.reactions import (
    announce,
    award_decision,
    award_mastery,
    award_review,
    notify_of_decision,
    notify_of_open_verification,
    notify_of_revoked,
    notify_of_wait,
    notify_of_wanted_review,
    notify_staff_of_wait,
    revoke_mastery,
)
from gamification.reactions import (
    award,
    award_points,
    celebrate,
    notify_of_achievement,
    notify_of_cancelled_challenge,
    notify_of_result,
    reward,
    score,
    settle,
    want_roles,
)
from hacks.reactions import notify_of_unlocked_hack, unlock
from practice.reactions import recompute

Reaction = Callable[[UserActivityLog], None]

PROGRESS = (settle, score, award, celebrate)
RECOGNITION = (award, celebrate)

REACTIONS: dict[str, tuple[Reaction, ...]] = {
    Activity.SESSION_LOGGED: (unlock, notify_of_open_verification, *PROGRESS),
    Activity.SESSION_CHANGED: (unlock, notify_of_open_verification, *PROGRESS),
    Activity.SESSION_DELETED: (settle, score),
    Activity.CHECKIN_SAVED: (recompute, *PROGRESS),
    Activity.CHECKIN_DELETED: (recompute, settle, score),
    Activity.HACK_UNLOCKED: (notify_of_unlocked_hack,),
    Activity.ACHIEVEMENT_EARNED: (award_points, *RECOGNITION, want_roles, notify_of_achievement),
    Activity.CHALLENGE_JOINED: (score,),
    Activity.CHALLENGE_LEFT: (),
    Activity.CHALLENGE_ENDED: (reward, *RECOGNITION, notify_of_result),
    Activity.CHALLENGE_CANCELLED: (notify_of_cancelled_challenge,),
    Activity.VERIFICATION_SUBMITTED: (),
    Activity.VERIFICATION_WITHDRAWN: (),
    Activity.VERIFICATION_DECIDED: (unlock, award_decision, *RECOGNITION, notify_of_decision),
    Activity.VERIFICATION_REWARDED: (award_mastery, *RECOGNITION),
    Activity.VERIFICATION_REVOKED: (revoke_mastery, notify_of_revoked),
    Activity.VERIFICATION_WAITING: (notify_of_wait, notify_staff_of_wait),
    Activity.REVIEWERS_WANTED: (notify_of_wanted_review,),
    Activity.REVIEW_GIVEN: (announce, award_review, *RECOGNITION),
}
