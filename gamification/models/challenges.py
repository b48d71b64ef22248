"""Time-limited challenges, and their participants."""

from datetime import datetime

from django.db import models
from django.db.models import OuterRef
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from database.constraints import SqlCheck, sql_list
from gamification.challenges import CHALLENGE_KINDS, validate_challenge_criteria
from gamification.models.achievements import Achievement
from gamification.models.criteria import NAMES_ONE_THING, WHOLE_VALUE, narrowed_as_allowed
from hacks.models import Hack, HackCategory


class ChallengeQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Leave out challenges that are not announced, unless the member has joined them.

        Cancelled challenges stay visible, because their page gives the reason.
        """
        announced = self.filter(models.Q(is_active=True) | models.Q(cancelled_at__isnull=False))
        return announced | self.joined_by(member)

    def running(self, now: datetime):
        return self.filter(is_active=True, start_date__lte=now, end_date__gt=now)

    def coming(self, now: datetime):
        return self.filter(is_active=True, start_date__gt=now)

    def over(self, now: datetime):
        """Keep challenges that have ended or were cancelled."""
        return self.filter(models.Q(is_active=False) | models.Q(end_date__lte=now))

    def joined_by(self, member: Member):
        return self.filter(models.Exists(ChallengeParticipant.objects.filter(challenge=OuterRef("pk"), user=member)))

    def due(self, ended_by: datetime):
        """Keep challenges that ended by that time and are not settled yet."""
        return self.filter(is_active=True, end_date__lte=ended_by, settled_at=None)

    def for_page(self, member: Member):
        """Annotate the member's own participation, and the names of the hack, category and achievement."""
        hack = Hack.objects.filter(slug=KeyTextTransform("hack", OuterRef("criteria_json")))
        category = HackCategory.objects.filter(name=KeyTextTransform("category", OuterRef("criteria_json")))
        achievement = Achievement.objects.visible_to(member).filter(
            slug=KeyTextTransform("achievement", OuterRef("reward_value"))
        )
        if member.profile.hide_streaks:
            achievement = achievement.exclude(criteria_json__type="streak")
        return self.with_participant_count().annotate(
            own=models.FilteredRelation("participants", condition=models.Q(participants__user=member)),
            own_id=models.F("own__pk"),
            own_score=models.F("own__score"),
            own_rank=models.F("own__rank"),
            own_place=models.F("own__place"),
            own_completed_at=models.F("own__completed_at"),
            own_data=models.F("own__completion_data"),
            hack_name=models.Subquery(hack.values("name")),
            # Staff may have unpublished the hack since.
            hack_has_page=models.Exists(hack.visible_to(member)),
            category_title=models.Subquery(category.values("title")),
            achievement_name=models.Subquery(achievement.values("name")),
        )

    def with_participant_count(self):
        """Annotate `participant_count`, which includes participants that the member may not see."""
        return self.annotate(
            participant_count=models.Func(
                models.F("pk"), function="app.participant_count", output_field=models.PositiveIntegerField()
            )
        )


class Challenge(models.Model):
    """A challenge. Practice counts if it begins at `start_date` or later and before `end_date`."""

    class Reward(models.TextChoices):
        NOTHING = "", "No reward"
        XP = "xp", "XP"
        ACHIEVEMENT = "achievement", "An achievement"
        REST_DAY = "rest_day", "A rest day"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True, default="")
    start_date = models.DateTimeField("begins")
    end_date = models.DateTimeField("ends")
    criteria_json = models.JSONField(
        "criteria", validators=[validate_challenge_criteria], help_text='{"type": "practice_count", "value": 10}'
    )
    reward_type = models.CharField(max_length=20, choices=Reward, blank=True, default="")
    reward_value = models.JSONField(default=dict, blank=True, help_text='{"xp": 100} or {"achievement": "a-slug"}')
    max_participants = models.PositiveIntegerField(null=True, blank=True, help_text="Leave empty for no limit.")
    is_active = models.BooleanField(
        "on", default=True, help_text="Off if the challenge is cancelled or not announced yet."
    )
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancellation_reason = models.CharField(max_length=300, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the result became final.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        db_table = "challenges"
        ordering = ["start_date", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_date__gt=models.F("start_date")), name="challenges_end_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(reward_type__in=["", "xp", "achievement", "rest_day"]),
                name="challenges_reward_type_known",
            ),
            models.CheckConstraint(
                condition=models.Q(max_participants=None) | models.Q(max_participants__gte=1),
                name="challenges_room_for_one",
            ),
            models.CheckConstraint(
                condition=models.Q(cancelled_at=None) | models.Q(is_active=False, settled_at=None),
                name="challenges_cancelled_is_off",
            ),
            SqlCheck(
                sql=f"COALESCE(criteria_json ->> 'type', '') IN ({sql_list(CHALLENGE_KINDS)})",
                name="challenges_criteria_kind",
            ),
            SqlCheck(sql=WHOLE_VALUE, name="challenges_criteria_value"),
            SqlCheck(
                sql=f"{narrowed_as_allowed(CHALLENGE_KINDS)} AND {NAMES_ONE_THING}", name="challenges_criteria_narrowed"
            ),
            SqlCheck(
                sql="CASE reward_type"
                " WHEN 'xp' THEN reward_value - 'xp' = '{}'"
                " AND COALESCE(jsonb_typeof(reward_value -> 'xp'), '') = 'number'"
                " AND reward_value ->> 'xp' ~ '^[1-9][0-9]{0,3}$'"
                " WHEN 'achievement' THEN reward_value - 'achievement' = '{}'"
                " AND COALESCE(jsonb_typeof(reward_value -> 'achievement'), '') = 'string'"
                " AND reward_value ->> 'achievement' <> ''"
                " ELSE reward_value = '{}' END",
                name="challenges_reward_fits",
            ),
        ]
        indexes = [models.Index(fields=["is_active", "start_date"], name="challenges_active_start")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("gamification:challenge-detail", args=[self.slug])

    def state_at(self, now: datetime) -> str:
        """ "cancelled", "coming", "running", "counting" (over, but late practice may still arrive) or "over"."""
        if not self.is_active:
            return "cancelled"
        if now < self.start_date:
            return "coming"
        if now < self.end_date:
            return "running"
        return "over" if self.settled_at else "counting"


class ChallengeParticipantQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Keep the member's own row, and those of members who show their totals. The policies enforce the same."""
        shown = models.Q(user__is_active=True, user__privacy_settings__leaderboard_visible=True)
        return self.filter(shown | models.Q(user=member))


class ChallengeParticipant(models.Model):
    """A member's participation in a challenge. Members insert and delete rows; workers write score and rank.

    The score is updated after each practice. Rank and place are updated every five minutes, from `ranked_score`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    challenge = models.ForeignKey(Challenge, on_delete=models.PROTECT, related_name="participants", db_index=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="challenges", db_index=False)
    joined_at = models.DateTimeField(db_default=Now(), editable=False)
    score = models.PositiveIntegerField(db_default=0, editable=False)
    scored_at = models.DateTimeField(
        null=True, editable=False, help_text="When the score was reached: on equal scores the earlier one is ahead."
    )
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    completion_data = models.JSONField(
        default=dict, editable=False, help_text='Set when the result is final: {"participants": 12}.'
    )
    rank = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="Among all participants. Ties share a rank: 1, 2, 2, 4."
    )
    ranked_score = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="The score that rank and place were computed from."
    )
    place = models.PositiveIntegerField(
        null=True, editable=False, help_text="The position in the list of participants who show their totals."
    )
    is_listed = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Whether the member showed their totals when the places were computed.",
    )

    objects = ChallengeParticipantQuerySet.as_manager()

    class Meta:
        db_table = "challenge_participants"
        verbose_name = "participant"
        constraints = [models.UniqueConstraint(fields=["challenge", "user"], name="challenge_participants_once")]
        indexes = [
            models.Index(fields=["user", "challenge"], name="challenge_participants_user"),
            models.Index(
                fields=["challenge", "place"], condition=models.Q(is_listed=True), name="challenge_participants_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.challenge}"
