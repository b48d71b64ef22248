from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, F, OuterRef, QuerySet

from analytics.models import Notification, UserActivityLog
from community.actions import announce_decision
from community.models import HackVerification, HackVerificationReview
from community.news import (
    decided_verification,
    open_verification,
    revoked_verification,
    waiting_verification,
    wanted_decision,
    wanted_review,
)
from gamification.actions import award_xp, lock_xp, revoke_xp
from hacks.models import Hack


def notify_of_open_verification(activity: UserActivityLog) -> None:
    """Tell the member once they have practised this hack often enough to be verified in it.

    A member with a submission knows already.
    """
    own = HackVerification.objects.filter(user=activity.user_id, hack=OuterRef("pk"))
    hacks = Hack.objects.published().filter(
        ~Exists(own),
        pk=activity.activity_data.get("hack_id"),
        requires_verification=True,
        progress__user=activity.user_id,
        progress__total_practice_count__gte=F("verification_practice_count"),
    )
    with_questions = hacks.exclude(verification_questions=[]).values("pk", "name", "slug")
    Notification.objects.tell(*(open_verification(activity.user_id, **hack) for hack in with_questions))


def award_mastery(activity: UserActivityLog) -> None:
    """Award the XP of a verification, unless staff have revoked it since.

    The lock comes first: of two workers, the later one sees what the earlier one did.
    """
    lock_xp(member_id=activity.user_id)
    if not _verified(activity).exists():
        return
    verified = activity.activity_data
    award_xp(
        member_id=activity.user_id,
        source="verification",
        source_id=UUID(verified["verification_id"]),
        hack_id=UUID(verified["hack_id"]),
        done_at=activity.created_at,
        is_private=activity.is_private,
    )


def revoke_mastery(activity: UserActivityLog) -> None:
    """Take back the XP of a revoked verification, unless it has been verified again since."""
    lock_xp(member_id=activity.user_id)
    verification_id = UUID(activity.activity_data["verification_id"])
    if not HackVerification.objects.filter(pk=verification_id, is_verified=True).exists():
        revoke_xp(member_id=activity.user_id, source="verification", source_id=verification_id)


def award_decision(activity: UserActivityLog) -> None:
    """Award a verification at once, unless that would tell reviewers who its author is (sql/reward_anonymous.sql)."""
    verified = activity.activity_data
    if verified["outcome"] == "verified" and not verified["is_anonymous"]:
        award_mastery(activity)


def award_review(activity: UserActivityLog) -> None:
    """Award the review as it is stored: the activity is written by the member, who could name any review."""
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
    """Tell the author of a decision; a verification that was revoked since is not announced."""
    if activity.activity_data["outcome"] == "verified" and not _verified(activity).exists():
        return
    Notification.objects.tell(decided_verification(activity))


def notify_of_revoked(activity: UserActivityLog) -> None:
    Notification.objects.tell(revoked_verification(activity))


def notify_of_wait(activity: UserActivityLog) -> None:
    Notification.objects.tell(waiting_verification(activity))


def notify_staff_of_wait(activity: UserActivityLog) -> None:
    """Notify the staff who may decide, except the author."""
    if activity.activity_data["waits_for"] != "staff":
        return
    may_decide = ModelBackend().with_perm("community.change_hackverification").filter(is_staff=True)
    staff_ids = may_decide.exclude(pk=activity.user_id).values_list("pk", flat=True)
    Notification.objects.tell(*(wanted_decision(activity, staff_id) for staff_id in staff_ids))


def notify_of_wanted_review(activity: UserActivityLog) -> None:
    Notification.objects.tell(wanted_review(activity))


def _verified(activity: UserActivityLog) -> QuerySet[HackVerification]:
    """Return the submission if the verification that this activity announced still stands.

    A later verification of the same submission has an activity of its own.
    """
    verification_id = UUID(activity.activity_data["verification_id"])
    return HackVerification.objects.filter(pk=verification_id, verified_at__lte=activity.created_at)
