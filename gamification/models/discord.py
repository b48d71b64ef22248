"""Roles on the community's Discord server that achievements bring."""

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member


class DiscordRoleGrant(models.Model):
    """That a member shall have a role on Discord, or no longer, and how far the worker has come with it."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for Discord"
        DONE = "done", "Done"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="discord_roles")
    role_id = models.CharField(max_length=32)
    discord_id = models.CharField(max_length=32, help_text="Whose role it is, as Discord knows them.")
    is_wanted = models.BooleanField(default=True, help_text="Off where the role is to be taken.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=300, blank=True, default="")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "discord_role_grants"
        verbose_name = "Discord role"
        constraints = [
            models.UniqueConstraint(fields=["user", "role_id", "discord_id"], name="discord_role_grants_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "done", "failed"]), name="discord_role_grants_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state="pending"), name="discord_role_grants_pending"
            )
        ]

    def __str__(self) -> str:
        return f"Role {self.role_id} of {self.user}"
