"""Achievements, and which members have earned them."""

from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from database.constraints import SqlCheck, sql_list
from gamification.kinds import KINDS, validate_criteria
from gamification.models.criteria import NAMES_ONE_THING, WHOLE_VALUE, narrowed_as_allowed


class AchievementQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Leave out secret achievements that the member has not earned."""
        return self.filter(
            models.Q(is_hidden=False)
            | models.Exists(UserAchievement.objects.filter(achievement=models.OuterRef("pk"), user=member))
        )

    def with_page_for(self, member: Member):
        """Leave out secret achievements, and those for streaks if the member hides streaks."""
        visible = self.visible_to(member)
        return visible.exclude(criteria_json__type="streak") if member.profile.hide_streaks else visible

    def with_earned_by(self, member: Member):
        """Annotate `earned_at` and `is_private`; both are None if the member has not earned the achievement."""
        return self.annotate(
            own=models.FilteredRelation("earned", condition=models.Q(earned__user=member)),
            earned_at=models.F("own__earned_at"),
            is_private=models.F("own__is_private"),
        )


class Achievement(models.Model):
    """An achievement, and the criteria to earn it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True, default="")
    icon_url = models.CharField(
        max_length=200, blank=True, default="", help_text="The name of an icon, or a path under /static/."
    )
    category = models.CharField(max_length=40, blank=True, default="", db_index=True)
    criteria_json = models.JSONField(
        "criteria", validators=[validate_criteria], help_text='{"type": "streak", "value": 7}'
    )
    points = models.PositiveIntegerField(default=10)
    is_hidden = models.BooleanField(default=False)
    discord_role_id = models.CharField(
        "Discord role",
        max_length=32,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[0-9]{1,32}\Z", "Enter the role's id: a long number that Discord shows.")],
        help_text="The id of the role on our Discord server: a long number. Members who earn this get it.",
    )
    sort_order = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AchievementQuerySet.as_manager()

    class Meta:
        db_table = "achievements"
        ordering = ["sort_order", "name"]
        constraints = [
            SqlCheck(
                sql=f"COALESCE(criteria_json ->> 'type', '') IN ({sql_list(KINDS)})", name="achievements_criteria_kind"
            ),
            SqlCheck(sql=WHOLE_VALUE, name="achievements_criteria_value"),
            SqlCheck(sql=f"{narrowed_as_allowed(KINDS)} AND {NAMES_ONE_THING}", name="achievements_criteria_narrowed"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("gamification:achievement-detail", args=[self.slug])


class UserAchievementQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)

    def shown_to_others(self):
        """Leave out secret and private achievements, and those for streaks of members who hide streaks.

        The policies enforce the same.
        """
        return self.filter(achievement__is_hidden=False, is_private=False).exclude(
            achievement__criteria_json__type="streak", user__profile__hide_streaks=True
        )


class UserAchievement(models.Model):
    """An achievement that a member has earned. A worker writes the row once, and it is never revoked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="achievements", db_index=False)
    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="earned")
    earned_at = models.DateTimeField(default=timezone.now, editable=False)
    progress_data = models.JSONField(default=dict, editable=False, help_text='The count at the time: {"value": 7}.')
    is_private = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Hidden from other members: it would reveal an anonymous verification.",
    )

    objects = UserAchievementQuerySet.as_manager()

    class Meta:
        db_table = "user_achievements"
        ordering = ["-earned_at"]
        verbose_name = "earned achievement"
        constraints = [models.UniqueConstraint(fields=["user", "achievement"], name="user_achievements_once")]
        indexes = [models.Index(fields=["earned_at"], name="user_achievements_earned_at")]

    def __str__(self) -> str:
        return f"{self.achievement} of {self.user}"
