"""The XP ledger, and the totals and levels derived from it."""

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from hacks.models import Hack, HackCategory


class XpEntryQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)


class XpEntry(models.Model):
    """One award of XP. Undoing the activity deletes it. Only workers write here (gamification/sql/)."""

    class Source(models.TextChoices):
        SESSION = "session", "Practice"
        CHECKIN = "checkin", "Check-in"
        VERIFICATION = "verification", "Verified mastery"
        REVIEW = "review", "Review given"
        VALIDATION = "validation", "Validation given"
        TEACHING = "teaching", "Teaching"
        GROUP = "group", "Group session"
        REFERRAL = "referral", "Friend invited"
        ACHIEVEMENT = "achievement", "Achievement"
        CHALLENGE = "challenge", "Challenge completed"
        GRADUATION = "graduation", "Graduation"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="xp_entries", db_index=False)
    source = models.CharField(max_length=20, choices=Source)
    source_id = models.UUIDField(
        help_text="The row that the award is for. No foreign key, because the award may outlive it."
    )
    hack = models.ForeignKey(Hack, on_delete=models.PROTECT, null=True, related_name="xp_entries")
    category = models.ForeignKey(HackCategory, on_delete=models.PROTECT, null=True, related_name="xp_entries")
    amount = models.PositiveIntegerField(help_text="0 beyond the daily limit; achievements still count the award.")
    earned_on = models.DateField(help_text="The member's local day.")
    is_private = models.BooleanField(
        db_default=False,
        help_text="From an anonymous verification: achievements that count it are hidden from others.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = XpEntryQuerySet.as_manager()

    class Meta:
        db_table = "xp_ledger"
        ordering = ["-earned_on", "-created_at"]
        verbose_name = "XP award"
        constraints = [
            models.UniqueConstraint(fields=["user", "source", "source_id"], name="xp_ledger_once_a_source"),
            models.CheckConstraint(
                condition=models.Q(
                    source__in=[
                        "session",
                        "checkin",
                        "verification",
                        "review",
                        "validation",
                        "teaching",
                        "group",
                        "referral",
                        "achievement",
                        "challenge",
                        "graduation",
                    ]
                ),
                name="xp_ledger_source_known",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "category"], include=["amount"], name="xp_ledger_totals"),
            models.Index(fields=["user", "earned_on"], name="xp_ledger_days"),
            models.Index(fields=["earned_on"], include=["user", "category", "amount"], name="xp_ledger_periods"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} XP for {self.get_source_display()}"


class UserXpQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)


class UserXp(models.Model):
    """A member's XP and level in a category, or overall if the category is null. The ledger's trigger derives it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="xp", db_index=False)
    category = models.ForeignKey(HackCategory, on_delete=models.CASCADE, null=True, related_name="xp")
    xp_amount = models.PositiveIntegerField(db_default=0)
    level = models.PositiveSmallIntegerField(db_default=1)
    celebrated_level = models.PositiveSmallIntegerField(
        db_default=1, editable=False, help_text="The highest level that the member was congratulated on."
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserXpQuerySet.as_manager()

    class Meta:
        db_table = "user_xp"
        verbose_name = "member's XP"
        verbose_name_plural = "members' XP"
        constraints = [
            models.UniqueConstraint(fields=["user", "category"], nulls_distinct=False, name="user_xp_once_a_category")
        ]

    def __str__(self) -> str:
        return f"Level {self.level} of {self.user}"
