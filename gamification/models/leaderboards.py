"""Where members stand beside each other: rows that a task keeps, so that no page counts."""

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from hacks.models import HackCategory


class LeaderboardEntry(models.Model):
    """A member's place on one board: a period, and a category or (without one) overall."""

    class Period(models.TextChoices):
        WEEK = "week", "This week"
        MONTH = "month", "This month"
        ALL = "all", "All time"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    period = models.CharField(max_length=5, choices=Period)
    category = models.ForeignKey(HackCategory, on_delete=models.CASCADE, null=True, related_name="leaderboard")
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="places")
    xp = models.PositiveIntegerField()
    rank = models.PositiveIntegerField(help_text="Shared by those with as much XP: 1, 2, 2, 4.")
    place = models.PositiveIntegerField(help_text="The order of the list; nobody shares it.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "leaderboard_entries"
        verbose_name = "leaderboard entry"
        verbose_name_plural = "leaderboard entries"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "period", "category"], nulls_distinct=False, name="leaderboard_once_a_board"
            ),
            models.CheckConstraint(
                condition=models.Q(period__in=["week", "month", "all"]), name="leaderboard_period_known"
            ),
        ]
        indexes = [models.Index(fields=["period", "category", "place"], name="leaderboard_order")]

    def __str__(self) -> str:
        return f"{self.user} at {self.rank}"
