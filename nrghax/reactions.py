"""What happens when: from each type of activity to its reactions, in order.

A reaction takes the activity's row and runs in a worker, in one transaction with the mark that the activity is
done, under a lock on that row: delivered at least once, effective exactly once. A reaction that spans rows is one
call of an app's action.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Profile
from analytics.models import Activity, Notification, UserActivityLog
from community.actions import announce_decision
from community.models import HackVerification, HackVerificationReview
from gamification.actions import (
    award_achievements,
    award_xp,
    celebrate_levels,
    hold_xp,
    reward_participant,
    score_challenges,
    settle_xp,
    take_back_xp,
    want_discord_roles,
)
from gamification.models import Challenge, ChallengeParticipant
from hacks.actions import unlock_hacks
from hacks.models import Hack
from nrghax.news import (
    cancelled_challenge,
    decided_verification,
    earned_achievement,
    ended_challenge,
    escalated_verification,
    provable_hack,
    reached_level,
    taken_back_verification,
    unlocked_hack,
    waiting_verification,
    wanted_reviews,
)
from practice.actions import recompute_streak

Reaction = Callable[[UserActivityLog], None]


def unlock(activity: UserActivityLog) -> None:
    unlock_hacks(member_id=activity.user_id)


def notify_of_unlocked_hack(activity: UserActivityLog) -> None:
    Notification.objects.bulk_create([unlocked_hack(activity)], ignore_conflicts=True)


def notify_of_provable_hacks(activity: UserActivityLog) -> None:
    """Of the hack that was practised, if it was as often as its verification asks for; not where they know of it."""
    own = HackVerification.objects.filter(user=activity.user_id, hack=OuterRef("pk"))
    hacks = Hack.objects.published().filter(
        ~Exists(own),
        pk=activity.activity_data.get("hack_id"),
        requires_verification=True,
        progress__user=activity.user_id,
        progress__total_practice_count__gte=F("verification_practice_count"),
    )
    provable = hacks.exclude(verification_questions=[]).values("pk", "name", "slug")
    Notification.objects.bulk_create(
        [provable_hack(activity.user_id, **hack) for hack in provable], ignore_conflicts=True
    )


def recompute(activity: UserActivityLog) -> None:
    recompute_streak(member_id=activity.user_id)


def settle(activity: UserActivityLog) -> None:
    settle_xp(member_id=activity.user_id)


def award(activity: UserActivityLog) -> None:
    """What comes of something private is private, and so is what comes of that."""
    award_achievements(member_id=activity.user_id, is_private=_is_private(activity))


def award_points(activity: UserActivityLog) -> None:
    achievement = activity.activity_data
    award_xp(
        member_id=activity.user_id,
        source="achievement",
        source_id=UUID(achievement["achievement_id"]),
        amount=achievement["points"],
        done_at=activity.created_at,
        is_private=_is_private(activity),
    )


def want_roles(activity: UserActivityLog) -> None:
    want_discord_roles(member_id=activity.user_id)


def notify_of_achievement(activity: UserActivityLog) -> None:
    """Whoever hides streaks is not told of those either."""
    is_streak = activity.activity_data["type"] == "streak"
    if is_streak and Profile.objects.filter(pk=activity.user_id, hide_streaks=True).exists():
        return
    Notification.objects.bulk_create([earned_achievement(activity)], ignore_conflicts=True)


def celebrate(activity: UserActivityLog) -> None:
    levels = celebrate_levels(member_id=activity.user_id)
    Notification.objects.bulk_create(
        [reached_level(activity.user_id, level) for level in levels], ignore_conflicts=True
    )


def score(activity: UserActivityLog) -> None:
    score_challenges(member_id=activity.user_id, now=timezone.now())


def reward(activity: UserActivityLog) -> None:
    if participant := _participant(activity):
        reward_participant(participant=participant)


def notify_of_result(activity: UserActivityLog) -> None:
    if participant := _participant(activity):
        Notification.objects.bulk_create([ended_challenge(participant)], ignore_conflicts=True)


def notify_of_cancelled_challenge(activity: UserActivityLog) -> None:
    challenge = Challenge.objects.get(pk=activity.activity_data["challenge_id"])
    Notification.objects.bulk_create([cancelled_challenge(activity.user_id, challenge)], ignore_conflicts=True)


def award_mastery(activity: UserActivityLog) -> None:
    """Not where staff have taken it back since; of two workers, the later one sees what the earlier one has done."""
    hold_xp(member_id=activity.user_id)
    if not _verified(activity).exists():
        return
    verified = activity.activity_data
    award_xp(
        member_id=activity.user_id,
        source="verification",
        source_id=UUID(verified["verification_id"]),
        hack_id=UUID(verified["hack_id"]),
        done_at=activity.created_at,
        is_private=_is_private(activity),
    )


def take_back_mastery(activity: UserActivityLog) -> None:
    """Not where it has been verified anew since: that brings the same award."""
    hold_xp(member_id=activity.user_id)
    verification_id = UUID(activity.activity_data["verification_id"])
    if not HackVerification.objects.filter(pk=verification_id, is_verified=True).exists():
        take_back_xp(member_id=activity.user_id, source="verification", source_id=verification_id)


def award_decision(activity: UserActivityLog) -> None:
    """At once, unless that would tell reviewers who it was (community/sql/reward_anonymous.sql)."""
    verified = activity.activity_data
    if verified["outcome"] == "verified" and not verified["is_anonymous"]:
        award_mastery(activity)


def award_review(activity: UserActivityLog) -> None:
    """By the review itself, as the activity is written by a member, who could name any."""
    reviews = HackVerificationReview.objects.filter(reviewer=activity.user_id).select_related("verification")
    if review := reviews.filter(pk=UUID(activity.activity_data["review_id"])).first():
        award_xp(
            member_id=activity.user_id,
            source="review",
            source_id=review.pk,
            hack_id=review.verification.hack_id,
            done_at=review.reviewed_at,
        )


def announce(activity: UserActivityLog) -> None:
    announce_decision(review_id=UUID(activity.activity_data["review_id"]))


def notify_of_decision(activity: UserActivityLog) -> None:
    """Nobody is told that they are verified after they were told that they no longer are."""
    if activity.activity_data["outcome"] == "verified" and not _verified(activity).exists():
        return
    Notification.objects.bulk_create([decided_verification(activity)], ignore_conflicts=True)


def notify_of_taken_back(activity: UserActivityLog) -> None:
    Notification.objects.bulk_create([taken_back_verification(activity)], ignore_conflicts=True)


def notify_of_wait(activity: UserActivityLog) -> None:
    Notification.objects.bulk_create([waiting_verification(activity)], ignore_conflicts=True)


def notify_staff_of_wait(activity: UserActivityLog) -> None:
    """Those who may decide it: nobody decides their own."""
    if activity.activity_data["waits_for"] != "staff":
        return
    may_decide = ModelBackend().with_perm("community.change_hackverification").filter(is_staff=True)
    who_decide = may_decide.exclude(pk=activity.user_id).values_list("pk", flat=True)
    Notification.objects.bulk_create(
        [escalated_verification(activity, staff_id) for staff_id in who_decide], ignore_conflicts=True
    )


def notify_of_wanted_reviews(activity: UserActivityLog) -> None:
    Notification.objects.bulk_create([wanted_reviews(activity)], ignore_conflicts=True)


def _verified(activity: UserActivityLog) -> QuerySet[HackVerification]:
    """The submission, where the verification that the activity is of stands: a later one has an activity of its own."""
    verification_id = UUID(activity.activity_data["verification_id"])
    return HackVerification.objects.filter(pk=verification_id, verified_at__lte=activity.created_at)


def _is_private(activity: UserActivityLog) -> bool:
    return activity.activity_data.get("is_private", False)


def _participant(activity: UserActivityLog) -> ChallengeParticipant | None:
    """None where staff have taken the row away since."""
    participants = ChallengeParticipant.objects.select_related("challenge").filter(user_id=activity.user_id)
    return participants.filter(challenge_id=activity.activity_data["challenge_id"]).first()


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    Activity.SESSION_LOGGED: (unlock, notify_of_provable_hacks, settle, score, award, celebrate),
    Activity.SESSION_CHANGED: (unlock, notify_of_provable_hacks, settle, score, award, celebrate),
    Activity.SESSION_DELETED: (settle, score),
    Activity.CHECKIN_SAVED: (recompute, settle, score, award, celebrate),
    Activity.CHECKIN_DELETED: (recompute, settle, score),
    Activity.HACK_UNLOCKED: (notify_of_unlocked_hack,),
    Activity.ACHIEVEMENT_EARNED: (award_points, award, celebrate, want_roles, notify_of_achievement),
    Activity.CHALLENGE_JOINED: (score,),
    Activity.CHALLENGE_LEFT: (),
    Activity.CHALLENGE_ENDED: (reward, award, celebrate, notify_of_result),
    Activity.CHALLENGE_CANCELLED: (notify_of_cancelled_challenge,),
    Activity.VERIFICATION_SUBMITTED: (),
    Activity.VERIFICATION_WITHDRAWN: (),
    Activity.VERIFICATION_DECIDED: (unlock, award_decision, award, celebrate, notify_of_decision),
    Activity.VERIFICATION_REWARDED: (award_mastery, award, celebrate),
    Activity.VERIFICATION_TAKEN_BACK: (take_back_mastery, notify_of_taken_back),
    Activity.VERIFICATION_WAITING: (notify_of_wait, notify_staff_of_wait),
    Activity.REVIEWERS_WANTED: (notify_of_wanted_reviews,),
    Activity.REVIEW_GIVEN: (announce, award_review, award, celebrate),
}
