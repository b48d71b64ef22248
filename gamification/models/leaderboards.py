"""Leaderboards. A task counts their rows, so that pages only read them."""

from datetime import date, timedelta

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from hacks.models import HackCategory


class Leaderboard(models.Model):
    """A board for a period and a category, or overall if the category is null. All members see the same boards."""

    class Period(models.TextChoices):
        WEEK = "week", "This week"
        MONTH = "month", "This month"
        ALL = "all", "All time"

        def starts_on(self, today: date) -> date | None:
            """Return the first day of the period that contains `today`; None for all time."""
            if self == Leaderboard.Period.ALL:
                return None
            return today.replace(day=1) if self == Leaderboard.Period.MONTH else today - timedelta(days=today.weekday())

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    period = models.CharField(max_length=5, choices=Period)
    category = models.ForeignKey(HackCategory, on_delete=models.CASCADE, null=True, related_name="leaderboards")
    starts_on = models.DateField(null=True, help_text="The first day of the period; empty for all time.")
    counted_at = models.DateTimeField()

    class Meta:
        db_table = "leaderboards"
        constraints = [
            models.UniqueConstraint(
                fields=["period", "category"], nulls_distinct=False, name="leaderboards_once_a_period"
            ),
            models.CheckConstraint(
                condition=models.Q(period="all", starts_on=None)
                | models.Q(period__in=["week", "month"], starts_on__isnull=False),
                name="leaderboards_period_known_and_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_period_display()}, {self.category or 'overall'}"


class LeaderboardEntry(models.Model):
    """A member's XP on one board. Members who hide their totals have rows too, which only they can read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    board = models.ForeignKey(Leaderboard, on_delete=models.CASCADE, related_name="entries", db_index=False)
    # No index: the unique constraint below begins with this column.
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="places", db_index=False)
    xp = models.PositiveIntegerField()
    is_listed = models.BooleanField(help_text="Whether the member showed their totals at the last count.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "leaderboard_entries"
        verbose_name = "leaderboard entry"
        verbose_name_plural = "leaderboard entries"
        constraints = [models.UniqueConstraint(fields=["user", "board"], name="leaderboard_entries_once_a_board")]
        indexes = [
            # The order of the list. Members with equal XP are listed in the order in which they signed up.
            models.Index(
                fields=["board", "-xp", "user"], condition=models.Q(is_listed=True), name="leaderboard_entries_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.xp} XP"


class LeaderboardStep(models.Model):
    """The rank of an amount of XP on a board. A member who overtakes others changes steps, not the others' rows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    board = models.ForeignKey(Leaderboard, on_delete=models.CASCADE, related_name="steps", db_index=False)
    xp = models.PositiveIntegerField()
    rank = models.PositiveIntegerField(help_text="1 + the number of listed members with more XP.")
    members = models.PositiveIntegerField(help_text="The number of listed members who share the rank.")

    class Meta:
        db_table = "leaderboard_steps"
        verbose_name = "leaderboard step"
        constraints = [models.UniqueConstraint(fields=["board", "xp"], name="leaderboard_steps_once")]

    def __str__(self) -> str:
        return f"{self.rank}: {self.xp} XP"
