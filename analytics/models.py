"""The activity log, which is also the outbox, and the notifications."""

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from analytics.notifications.types import notification_types


class Activity(models.TextChoices):
    """The types of activity; nrghax/reactions.py lists the reactions to each."""

    SESSION_LOGGED = "session_logged", "Practice logged"
    SESSION_CHANGED = "session_changed", "Practice changed"
    SESSION_DELETED = "session_deleted", "Practice deleted"
    CHECKIN_SAVED = "checkin_saved", "Check-in saved"
    CHECKIN_DELETED = "checkin_deleted", "Check-in deleted"
    HACK_UNLOCKED = "hack_unlocked", "Hack unlocked"
    ACHIEVEMENT_EARNED = "achievement_earned", "Achievement earned"
    CHALLENGE_JOINED = "challenge_joined", "Challenge joined"
    CHALLENGE_LEFT = "challenge_left", "Challenge left"
    CHALLENGE_ENDED = "challenge_ended", "Challenge ended"
    CHALLENGE_CANCELLED = "challenge_cancelled", "Challenge cancelled"
    VERIFICATION_SUBMITTED = "verification_submitted", "Submission sent"
    VERIFICATION_WITHDRAWN = "verification_withdrawn", "Submission withdrawn"
    VERIFICATION_DECIDED = "verification_decided", "Submission decided"
    VERIFICATION_REWARDED = "verification_rewarded", "Verification rewarded"
    VERIFICATION_REVOKED = "verification_revoked", "Verification revoked"
    VERIFICATION_WAITING = "verification_waiting", "Submission still waiting"
    REVIEWERS_WANTED = "reviewers_wanted", "Reviewers needed"
    REVIEW_GIVEN = "review_given", "Review submitted"


def activity_types() -> list[tuple[str, str]]:
    """Return the choices. The migration refers to this function, so a new type needs no migration."""
    return Activity.choices


class UserActivityLogQuerySet(models.QuerySet):
    def pending(self):
        """Activities whose reactions have not run yet and are still retried."""
        return self.filter(processed_at=None, attempts__lt=UserActivityLog.MAX_ATTEMPTS)

    def given_up(self):
        """Activities whose reactions failed `MAX_ATTEMPTS` times. They run again only after staff retry them."""
        return self.filter(processed_at=None, attempts__gte=UserActivityLog.MAX_ATTEMPTS)


class UserActivityLog(models.Model):
    """A transactional outbox: one row per recorded action, written in the transaction of that action.

    The table is partitioned by month. Its primary key in the database is (id, created_at), which
    the first migration sets.
    """

    MAX_ATTEMPTS = 10

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="activities")
    activity_type = models.CharField(max_length=40, choices=activity_types)
    activity_data = models.JSONField(default=dict)
    created_at = models.DateTimeField(editable=False)
    processed_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    objects = UserActivityLogQuerySet.as_manager()

    class Meta:
        db_table = "user_activity_logs"
        verbose_name = "activity"
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.get_activity_type_display()} at {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_private(self) -> bool:
        """True if the results of this activity must not be shown to others."""
        return self.activity_data.get("is_private", False)


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)

    def unread(self):
        return self.filter(is_read=False)

    def tell(self, *notifications: "Notification") -> None:
        """Store notifications. Skip each one whose member already has one of the same type and subject."""
        Notification.objects.bulk_create(notifications, ignore_conflicts=True)


class Notification(models.Model):
    """A message to one member. Type and subject are unique per member, so a repeated reaction adds nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    type = models.CharField(max_length=40, choices=notification_types)
    subject = models.CharField(
        max_length=100, help_text="The ID of the subject. A member gets one notification per type and subject."
    )
    title = models.CharField(max_length=200)
    message = models.TextField(blank=True, default="")
    data = models.JSONField(
        default=dict, blank=True, help_text="The URL name that it links to, with its arguments and query."
    )
    is_read = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notifications"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "type", "subject"], name="notifications_once_a_subject"),
            models.CheckConstraint(
                condition=models.Q(is_read=True, read_at__isnull=False) | models.Q(is_read=False, read_at=None),
                name="notifications_read_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "is_read"], name="notifications_user_unread"),
            models.Index(fields=["created_at"], name="notifications_created"),
        ]

    def __str__(self) -> str:
        return self.title
