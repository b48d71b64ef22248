"""Roles on the community's Discord server that achievements bring."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from gamification.discord.api import NOT_ON_SERVER


class DiscordRoleGrantQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Keep the member's wanted roles. Roles that are being removed are not shown to them."""
        return self.filter(user=member, is_wanted=True)

    def due(self, now: datetime):
        """Keep the requests that are due, the longest waiting first."""
        return self.filter(state=DiscordRoleGrant.State.PENDING, next_attempt_at__lte=now).order_by(
            "next_attempt_at", "id"
        )

    def erased_before(self, moment: datetime):
        """Keep the roles of erased members that were last updated before `moment`."""
        return self.filter(user=None, updated_at__lt=moment)


class DiscordRoleGrant(models.Model):
    """A role that a Discord account should have, or should lose, and the state of the request to Discord.

    The row is deleted once the role is removed. It stays until then even if its member is erased.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for Discord"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        related_name="discord_roles",
        help_text="Empty once the member's account is erased.",
    )
    role_id = models.CharField("role", max_length=32)
    discord_id = models.CharField("Discord account", max_length=32, help_text="The Discord id of the account.")
    is_wanted = models.BooleanField("wanted", default=True, help_text="Off if the role should be removed.")
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
            # A row belongs to the account, not to the member. If another member connects the account, the row changes
            # its member, so that no worker removes the role that this member has just got.
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
        """The state in words, for the member."""
        if self.state == self.State.DONE:
            return "You've got it."
        if self.state == self.State.PENDING:
            return "It's on its way."
        if self.last_error == NOT_ON_SERVER:
            return "You're not on our Discord server yet. Join it, then try again."
        return "Discord refused to give you this role. Our staff can see why."
