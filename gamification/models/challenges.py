"""Time-limited challenges, and who takes part."""

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
from gamification.challenges import AIMS, validate_aim
from gamification.models.achievements import Achievement
from gamification.models.criteria import NAMES_ONE_THING, WHOLE_VALUE, narrowed_as_allowed
from hacks.models import Hack, HackCategory


class ChallengeQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """All but those that are not announced yet: of a cancelled one, whoever follows a link learns the reason."""
        announced = self.filter(models.Q(is_active=True) | models.Q(cancelled_at__isnull=False))
        return announced | self.joined_by(member)

    def running(self, now: datetime):
        return self.filter(is_active=True, start_date__lte=now, end_date__gt=now)

    def coming(self, now: datetime):
        return self.filter(is_active=True, start_date__gt=now)

    def over(self, now: datetime):
        """Cancelled ones too."""
        return self.filter(models.Q(is_active=False) | models.Q(end_date__lte=now))

    def joined_by(self, member: Member):
        return self.filter(models.Exists(ChallengeParticipant.objects.filter(challenge=OuterRef("pk"), user=member)))

    def due(self, ended_by: datetime):
        """Over by then, and not settled yet."""
        return self.filter(is_active=True, end_date__lte=ended_by, settled_at=None)

    def for_page(self, member: Member):
        """Annotate what pages show beside a challenge: how the member does in it, and the names of what it names."""
        hack = Hack.objects.filter(slug=KeyTextTransform("hack", OuterRef("criteria_json")))
        category = HackCategory.objects.filter(name=KeyTextTransform("category", OuterRef("criteria_json")))
        achievement = Achievement.objects.visible_to(member).filter(
            slug=KeyTextTransform("achievement", OuterRef("reward_value"))
        )
        if member.profile.hide_streaks:
            achievement = achievement.exclude(criteria_json__type="streak")
        return self.with_taking_part().annotate(
            own=models.FilteredRelation("participants", condition=models.Q(participants__user=member)),
            own_id=models.F("own__pk"),
            own_score=models.F("own__score"),
            own_rank=models.F("own__rank"),
            own_place=models.F("own__place"),
            own_completed_at=models.F("own__completed_at"),
            own_data=models.F("own__completion_data"),
            hack_name=models.Subquery(hack.values("name")),
            # Staff may have unpublished it since.
            hack_has_page=models.Exists(hack.visible_to(member)),
            category_title=models.Subquery(category.values("title")),
            achievement_name=models.Subquery(achievement.values("name")),
        )

    def with_taking_part(self):
        """Annotate `participant_count`: how many do, of whom a member may see some only."""
        return self.annotate(
            participant_count=models.Func(
                models.F("pk"), function="app.participant_count", output_field=models.PositiveIntegerField()
            )
        )


class Challenge(models.Model):
    """What counts is what was practised from `start_date` on and before `end_date`."""

    class Reward(models.TextChoices):
        NOTHING = "", "Nothing but the joy of it"
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
        "criteria", validators=[validate_aim], help_text='{"type": "practice_count", "value": 10}'
    )
    reward_type = models.CharField(max_length=20, choices=Reward, blank=True, default="")
    reward_value = models.JSONField(default=dict, blank=True, help_text='{"xp": 100} or {"achievement": "a-slug"}')
    max_participants = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: as many as come.")
    is_active = models.BooleanField("on", default=True, help_text="Cancelled, or not announced yet, where it is off.")
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancellation_reason = models.CharField(max_length=300, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the ranks became final.")
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
                sql=f"COALESCE(criteria_json ->> 'type', '') IN ({sql_list(AIMS)})", name="challenges_criteria_kind"
            ),
            SqlCheck(sql=WHOLE_VALUE, name="challenges_criteria_value"),
            SqlCheck(sql=f"{narrowed_as_allowed(AIMS)} AND {NAMES_ONE_THING}", name="challenges_criteria_narrowed"),
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
        """Their own, and of whoever shows their totals. The database's policies say the same."""
        shown = models.Q(user__is_active=True, user__privacy_settings__leaderboard_visible=True)
        return self.filter(shown | models.Q(user=member))


class ChallengeParticipant(models.Model):
    """Where somebody stands in a challenge. They join and leave; score and rank are workers'.

    The score is brought up to date with each practice, rank and place every few minutes, from `ranked_score`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    challenge = models.ForeignKey(Challenge, on_delete=models.PROTECT, related_name="participants")
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="challenges")
    joined_at = models.DateTimeField(db_default=Now(), editable=False)
    score = models.PositiveIntegerField(db_default=0, editable=False)
    scored_at = models.DateTimeField(
        null=True, editable=False, help_text="When the practice ended that brought the score: earlier goes first."
    )
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    completion_data = models.JSONField(
        default=dict, editable=False, help_text='Once the result is final: {"participants": 12}.'
    )
    rank = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="Among all who take part, shared by equals: 1, 2, 2, 4."
    )
    ranked_score = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="The score that rank and place were worked out from."
    )
    place = models.PositiveIntegerField(
        null=True, editable=False, help_text="The order of the list of those who show themselves."
    )
    is_listed = models.BooleanField(
        db_default=False, editable=False, help_text="Whether they showed themselves when the places were worked out."
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
