"""What happened (the activity log, which is the outbox too) and what members are told of it."""

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member


class Activity(models.TextChoices):
    """The types of activity; nrghax/reactions.py says what each of them sets off."""

    SESSION_LOGGED = "session_logged", "Practice logged"
    SESSION_CHANGED = "session_changed", "Practice changed"
    SESSION_DELETED = "session_deleted", "Practice deleted"
    CHECKIN_SAVED = "checkin_saved", "Checked in"
    CHECKIN_DELETED = "checkin_deleted", "Check-in deleted"
    HACK_UNLOCKED = "hack_unlocked", "Hack unlocked"
    ACHIEVEMENT_EARNED = "achievement_earned", "Achievement earned"
    CHALLENGE_JOINED = "challenge_joined", "Challenge joined"
    CHALLENGE_LEFT = "challenge_left", "Challenge left"
    CHALLENGE_ENDED = "challenge_ended", "Challenge ended"
    CHALLENGE_CANCELLED = "challenge_cancelled", "Challenge cancelled"
    VERIFICATION_SUBMITTED = "verification_submitted", "Submitted for verification"
    VERIFICATION_WITHDRAWN = "verification_withdrawn", "Withdrawn from verification"
    VERIFICATION_DECIDED = "verification_decided", "Verification decided"
    VERIFICATION_REWARDED = "verification_rewarded", "Verification rewarded"
    VERIFICATION_TAKEN_BACK = "verification_taken_back", "Verification taken back"
    VERIFICATION_WAITING = "verification_waiting", "Verification still waiting"
    REVIEWERS_WANTED = "reviewers_wanted", "Reviewers wanted"
    REVIEW_GIVEN = "review_given", "Review given"


class UserActivityLogQuerySet(models.QuerySet):
    def pending(self):
        """Not reacted to yet, and not given up on."""
        return self.filter(processed_at=None, attempts__lt=UserActivityLog.MAX_ATTEMPTS)

    def given_up(self):
        """What failed again and again: staff look at it and have it tried again."""
        return self.filter(processed_at=None, attempts__gte=UserActivityLog.MAX_ATTEMPTS)


class UserActivityLog(models.Model):
    """One row an action that matters, written in the action's own transaction: a transactional outbox.

    The table is partitioned by month, its key in the database is (id, created_at); see analytics/sql/.
    """

    MAX_ATTEMPTS = 10

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="activities")
    activity_type = models.CharField(max_length=40, choices=Activity)
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


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)

    def unread(self):
        return self.filter(is_read=False)


class Notification(models.Model):
    """What a member is told: one row a subject, so that a repeated reaction tells it once."""

    class Type(models.TextChoices):
        HACK_UNLOCKED = "hack_unlocked", "Hack unlocked"
        LEVEL_REACHED = "level_reached", "Level reached"
        ACHIEVEMENT_EARNED = "achievement_earned", "Achievement earned"
        CHALLENGE_ENDED = "challenge_ended", "Challenge ended"
        CHALLENGE_CANCELLED = "challenge_cancelled", "Challenge cancelled"
        VERIFICATION_DECIDED = "verification_decided", "Verification decided"
        VERIFICATION_WAITING = "verification_waiting", "Verification still waiting"
        REVIEWERS_WANTED = "reviewers_wanted", "Reviewers wanted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notifications")
    type = models.CharField(max_length=40, choices=Type)
    subject = models.CharField(max_length=100, help_text="What it is about; unique a member and type.")
    title = models.CharField(max_length=200)
    message = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True, help_text='{"path": "/hacks/…/"} is where it leads.')
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
            models.CheckConstraint(
                condition=models.Q(
                    type__in=[
                        "hack_unlocked",
                        "level_reached",
                        "achievement_earned",
                        "challenge_ended",
                        "challenge_cancelled",
                        "verification_decided",
                        "verification_waiting",
                        "reviewers_wanted",
                    ]
                ),
                name="notifications_type_known",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "is_read"], name="notifications_user_unread"),
            models.Index(fields=["created_at"], name="notifications_created"),
        ]

    def __str__(self) -> str:
        return self.title
