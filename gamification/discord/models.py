"""Roles on the community's Discord server that achievements bring."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from gamification.discord.api import NOT_ON_SERVER


class DiscordRoleGrantQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Those that they shall have: what is being taken is over for them."""
        return self.filter(user=member, is_wanted=True)

    def due(self, now: datetime):
        """What Discord is to be asked next, the longest waiting first."""
        return self.filter(state=DiscordRoleGrant.State.PENDING, next_attempt_at__lte=now).order_by(
            "next_attempt_at", "id"
        )

    def erased_before(self, moment: datetime):
        """What has still not been taken from an account whose member had been erased by then."""
        return self.filter(user=None, updated_at__lt=moment)


class DiscordRoleGrant(models.Model):
    """That an account on Discord shall have a role, or no longer, and how far the worker has come with it.

    What has been taken leaves no row. A row outlives its member until the role is taken.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for Discord"
        DONE = "done", "Done"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        related_name="discord_roles",
        help_text="None once their account is erased.",
    )
    role_id = models.CharField("role", max_length=32)
    discord_id = models.CharField(
        "Discord account", max_length=32, help_text="Whose role it is, as Discord knows them."
    )
    is_wanted = models.BooleanField("wanted", default=True, help_text="Off where the role is to be taken.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=300, blank=True, default="")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = DiscordRoleGrantQuerySet.as_manager()

    class Meta:
        db_table = "discord_role_grants"
        verbose_name = "Discord role"
        constraints = [
            # Of the account, not of the member: who connects an account that was another's takes its row over, so that
            # nobody takes away what somebody else has just been given.
            models.UniqueConstraint(fields=["role_id", "discord_id"], name="discord_role_grants_once"),
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
        return f"Role {self.role_id} of {self.user or self.discord_id}"

    @property
    def state_words(self) -> str:
        """The state, as the member reads it."""
        if self.state == self.State.DONE:
            return "You have it."
        if self.state == self.State.PENDING:
            return "It is on its way."
        if self.last_error == NOT_ON_SERVER:
            return "It could not be given: you are not on our server."
        return "It could not be given: Discord refused it. Staff can see why."
