"""Notifications about verifications and reviews."""

from uuid import UUID

from analytics.models import Notification, UserActivityLog
from analytics.notifications.destinations import leads_to, register_destination
from analytics.notifications.types import NotificationType
from community.models import hacks_with_verification_page

register_destination(
    "community:verification-edit",
    targets=hacks_with_verification_page,
    fallback="community:verification-list",
)


def open_verification(member_id: UUID, *, pk: UUID, name: str, slug: str) -> Notification:
    return Notification(
        user_id=member_id,
        type=NotificationType.VERIFICATION_OPEN,
        subject=str(pk),
        title=f"You can now prove your mastery of {name}",
        message="You've practised it often enough. Answer a few questions whenever you like; peers review them.",
        data=leads_to("community:verification-edit", slug=slug),
    )


def decided_verification(activity: UserActivityLog) -> Notification:
    decided = activity.activity_data
    is_verified = decided["outcome"] == "verified"
    late_xp = " Because you submitted anonymously, the XP arrives within a day or so." * decided["is_anonymous"]
    return Notification(
        user_id=activity.user_id,
        type=NotificationType.VERIFICATION_DECIDED,
        subject=f"{decided['verification_id']}:{decided['round']}",
        title=f"You're verified in {decided['name']}" if is_verified else f"{decided['name']} was sent back to you",
        message=(
            f"Others recognise what you've learnt. You can now review their submissions.{late_xp}"
            if is_verified
            else "Read what the reviewers say, keep practising, and submit again whenever you like."
        ),
        data=leads_to("community:verification-edit", slug=decided["slug"]),
    )


def revoked_verification(activity: UserActivityLog) -> Notification:
    revoked = activity.activity_data
    return Notification(
        user_id=activity.user_id,
        type=NotificationType.VERIFICATION_REVOKED,
        subject=f"{revoked['verification_id']}:{revoked['round']}",
        title=f"Your verification in {revoked['name']} was revoked",
        message="Its XP is gone, and you can no longer review others for it. Hacks that it unlocked and achievements "
        f"that you earned stay yours. Our staff's reason: {revoked['reason']}",
        data=leads_to("community:verification-edit", slug=revoked["slug"]),
    )


def waiting_verification(activity: UserActivityLog) -> Notification:
    waiting = activity.activity_data
    is_with_staff = waiting["waits_for"] == "staff"
    return Notification(
        user_id=activity.user_id,
        type=NotificationType.VERIFICATION_WAITING,
        subject=f"{waiting['verification_id']}:{waiting['round']}:{waiting['waits_for']}",
        title=(
            f"Our staff are reviewing your submission for {waiting['name']}"
            if is_with_staff
            else f"Your submission for {waiting['name']} is still waiting"
        ),
        message=(
            "Not enough peers could review it in time, so our staff decide now, as promised."
            if is_with_staff
            else "Not enough peers have reviewed it yet. We're asking some; there's nothing you need to do."
        ),
        data=leads_to("community:verification-edit", slug=waiting["slug"]),
    )


def wanted_decision(activity: UserActivityLog, staff_id: UUID) -> Notification:
    """Tell staff who may decide; at most once a day, however many submissions wait."""
    return Notification(
        user_id=staff_id,
        type=NotificationType.DECISION_WANTED,
        subject=f"{activity.created_at:%Y-%m-%d}",
        title="Submissions are waiting for your decision",
        message="Peers couldn't review them in time, so they are now with our staff.",
        data=leads_to("admin:community_hackverification_changelist", query={"status__exact": "escalated"}),
    )


def wanted_review(activity: UserActivityLog) -> Notification:
    """Ask for a review; at most once a week, however many hacks are waiting for one."""
    return Notification(
        user_id=activity.user_id,
        type=NotificationType.REVIEW_WANTED,
        subject=f"{activity.created_at:%G-W%V}",
        title=f"Someone is hoping for a review of {activity.activity_data['name']}",
        message="You know it well, and they've been waiting for a few days. A review takes a few minutes.",
        data=leads_to("community:verification-list"),
    )
