"""The library of hacks, and where each member stands on each of them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVector,
    SearchVectorField,
    TrigramWordSimilarity,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Coalesce, Lower, Now
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from database.constraints import SqlCheck, sql_list
from hacks import rules


class HackCategory(models.Model):
    """A shelf of the library, with the colour that its hacks carry through the product."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.SlugField(max_length=40, unique=True, allow_unicode=False)
    title = models.CharField(max_length=60)
    description = models.TextField(blank=True, default="")
    icon_url = models.CharField(
        max_length=200, blank=True, default="", help_text="The name of an icon, or a path under /static/."
    )
    color_hex = models.CharField(
        max_length=7, validators=[RegexValidator(r"\A#[0-9A-Fa-f]{6}\Z", "Write it as #RRGGBB.")]
    )
    sort_order = models.IntegerField(default=0)

    class Meta:
        db_table = "hack_categories"
        ordering = ["sort_order", "name"]
        verbose_name = "category"
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(color_hex__regex=r"^#[0-9A-Fa-f]{6}$"), name="hack_categories_color_is_hex"
            )
        ]

    def __str__(self) -> str:
        return self.title


# The share of a search's trigrams that a name has in common: with part of it rightly typed, and with a slip or two
# in it ("sheild", "engery bal"). Measured on the seeds; unrelated names stay below 0.2.
CLOSE_LIKENESS = 0.5
LEAST_LIKENESS = 0.25

# What a member's progress says about a hack, as `with_progress_of` names it, and what it is without progress.
PROGRESS_ANNOTATIONS = {
    "is_favourite": ("is_favorite", False),
    "practice_count": ("total_practice_count", 0),
    "practice_minutes": ("total_practice_minutes", 0),
    "days_active": ("days_active", 0),
    "mastery_level": ("mastery_level", 0),
}


class HackQuerySet(models.QuerySet):
    def published(self):
        return self.filter(is_active=True)

    def visible_to(self, member: Member | None):
        """Published hacks, and those that the member has a history with."""
        if member is None:
            return self.published()
        return self.filter(
            models.Q(is_active=True)
            | models.Exists(
                UserHackProgress.objects.filter(hack=models.OuterRef("pk"), user=member, total_practice_count__gt=0)
            )
        )

    def path_problems(self) -> list[str]:
        """What keeps members from walking the path, a sentence each; of the whole library, whatever is chosen."""
        names: dict[object, str] = {}
        stones: dict[object, rules.Stone] = {}
        for hack in Hack.objects.order_by("name").defer("text_guide", "search"):
            names[hack.pk] = hack.name
            stones[hack.pk] = rules.Stone(
                hack.prerequisite_hack_id,
                hack.is_active,
                hack.is_gateway,
                asks_to_be_verified="verified" in hack.unlock_criteria,
                can_be_verified=hack.can_be_verified,
            )
        problems = [f"{names[pk]}: {reason}." for pk, reason in rules.path_problems(stones).items()]
        has_door = any(stone.is_published and stone.is_gateway for stone in stones.values())
        if not has_door and any(stone.is_published for stone in stones.values()):
            problems.append("No published hack is a gateway: newcomers are offered nothing to start with.")
        return problems

    def matching(self, text: str) -> "HackQuerySet":
        """Hacks that a search finds, with their `relevance`: by whole words anywhere, or by part of the name.

        Where neither is found in the library, names that are merely like it are: somebody has mistyped.
        """
        words = SearchQuery(text, config="english", search_type="websearch")
        likeness = TrigramWordSimilarity(text.lower(), Lower("name"))
        is_meant = models.Q(search=words) | models.Q(likeness__gte=CLOSE_LIKENESS)
        meant = Hack.objects.published().alias(likeness=likeness).filter(is_meant)
        is_mistyped = models.Q(likeness__gte=LEAST_LIKENESS) & ~models.Exists(meant)
        return self.annotate(
            likeness=likeness,
            relevance=SearchRank("search", words) + models.F("likeness"),
        ).filter(is_meant | is_mistyped)

    def with_progress_of(self, member: Member | None) -> "HackQuerySet":
        """Annotate where the member stands, by one join: `is_open`, `is_verified` and the `PROGRESS_ANNOTATIONS`.

        A hack is open to somebody if it asks for no other first, if they have unlocked it, or if they have practised
        it already: what staff ask for later takes nothing away.
        """
        is_free = models.Q(prerequisite_hack__isnull=True)
        if member is None:
            return self.annotate(
                is_open=models.ExpressionWrapper(is_free, output_field=models.BooleanField()),
                is_verified=models.Value(False),
                **{name: models.Value(default) for name, (_, default) in PROGRESS_ANNOTATIONS.items()},
            )
        is_earned = models.Q(own__unlocked_at__isnull=False) | models.Q(own__total_practice_count__gt=0)
        return self.annotate(
            own=models.FilteredRelation("progress", condition=models.Q(progress__user=member)),
            is_open=models.Case(models.When(is_free | is_earned, then=True), default=False),
            is_verified=models.Case(models.When(own__verified_at__isnull=False, then=True), default=False),
            **{
                name: Coalesce(f"own__{field}", models.Value(default))
                for name, (field, default) in PROGRESS_ANNOTATIONS.items()
            },
        )

    def with_submission_status(self, member: Member | None) -> "HackQuerySet":
        """Annotate `submission_status`: the status of the member's submission for verification; empty without one."""
        nothing = models.Value("")
        if member is None:
            return self.annotate(submission_status=nothing)
        return self.annotate(
            submission=models.FilteredRelation("verifications", condition=models.Q(verifications__user=member)),
            submission_status=Coalesce("submission__status", nothing),
        )


class Hack(models.Model):
    """A short practice: its guide, and what has to be practised first. Staff curate it, everybody reads it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=80, unique=True, validators=[rules.validate_slug])
    description = models.TextField(blank=True, default="")
    short_description = models.CharField(max_length=160, blank=True, default="")
    content_url = models.URLField(blank=True, default="", validators=[rules.validate_content_url])
    text_guide = models.TextField(blank=True, default="", help_text="Markdown.")
    duration_minutes = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(180)]
    )
    category = models.ForeignKey(HackCategory, on_delete=models.PROTECT, related_name="hacks")
    difficulty_level = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    prerequisite_hack = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="unlocks"
    )
    unlock_criteria = models.JSONField(
        default=dict,
        blank=True,
        validators=[rules.validate_unlock_criteria],
        help_text='What is asked on the prerequisite: {"practice_count": 7, "days_active": 3}.',
    )
    requires_verification = models.BooleanField(default=False)
    verification_questions = models.JSONField(
        default=list, blank=True, validators=[rules.validate_verification_questions]
    )
    verification_practice_count = models.PositiveSmallIntegerField(
        "practices before verification",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="How often somebody has practised it before its questions are asked.",
    )
    reviewer_practice_count = models.PositiveSmallIntegerField(
        "practices of a reviewer",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Who is verified in it may review; so may who has practised it this often: it starts from nothing.",
    )
    position = models.IntegerField(
        default=0, help_text="The order within a category; smaller first, then the easier one."
    )
    is_gateway = models.BooleanField("gateway", default=False, help_text="A hack to start with.")
    is_active = models.BooleanField("published", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    search = models.GeneratedField(
        expression=SearchVector("name", weight="A", config="english")
        + SearchVector("short_description", weight="B", config="english")
        + SearchVector("description", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = HackQuerySet.as_manager()

    class Meta:
        db_table = "hacks"
        ordering = ["category__sort_order", "position", "difficulty_level", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(difficulty_level__range=(1, 5)), name="hacks_difficulty_level_1_to_5"
            ),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__range=(1, 180)), name="hacks_duration_minutes_1_to_180"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    verification_practice_count__range=(1, 1000), reviewer_practice_count__range=(1, 1000)
                ),
                name="hacks_verification_practices_1_to_1000",
            ),
            models.CheckConstraint(
                condition=~models.Q(prerequisite_hack=models.F("id")), name="hacks_prerequisite_is_another"
            ),
            models.CheckConstraint(
                condition=models.Q(prerequisite_hack__isnull=False) | models.Q(unlock_criteria={}),
                name="hacks_criteria_need_prerequisite",
                violation_error_message="Unlock criteria are counted on the prerequisite: choose one.",
            ),
            SqlCheck(
                sql="jsonb_typeof(unlock_criteria) = 'object'"
                f" AND unlock_criteria - ARRAY[{sql_list(rules.UNLOCK_CRITERIA)}] = '{{}}'",
                name="hacks_unlock_criteria_known",
            ),
            # Whole numbers from 1 to 1000; a hack can ask to be verified in its prerequisite.
            SqlCheck(
                sql="jsonb_typeof(COALESCE(unlock_criteria -> 'practice_count', '1')) = 'number'"
                " AND jsonb_typeof(COALESCE(unlock_criteria -> 'days_active', '1')) = 'number'"
                " AND COALESCE(unlock_criteria ->> 'practice_count', '1') ~ '^([1-9][0-9]{0,2}|1000)$'"
                " AND COALESCE(unlock_criteria ->> 'days_active', '1') ~ '^([1-9][0-9]{0,2}|1000)$'"
                " AND COALESCE(unlock_criteria -> 'verified', '1') = '1'",
                name="hacks_unlock_criteria_whole",
            ),
            SqlCheck(sql="jsonb_typeof(verification_questions) = 'array'", name="hacks_verification_questions_list"),
        ]
        indexes = [
            models.Index(fields=["is_gateway"], name="hacks_is_gateway"),
            models.Index(fields=["requires_verification"], name="hacks_requires_verification"),
            GinIndex(fields=["search"], name="hacks_search"),
            GinIndex(OpClass(Lower("name"), name="gin_trgm_ops"), name="hacks_name_trigrams"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("hacks:hack-detail", args=[self.slug])

    @property
    def can_be_verified(self) -> bool:
        return self.requires_verification and bool(self.verification_questions)

    def clean(self) -> None:
        super().clean()
        if self.requires_verification and not self.verification_questions:
            raise ValidationError({"verification_questions": "Ask at least one question: peers judge by the answers."})
        first = self.prerequisite_hack
        if first and "verified" in (self.unlock_criteria or {}) and not first.can_be_verified:
            raise ValidationError({"unlock_criteria": f"{first} asks for no verification: nobody could be verified."})
        if self.prerequisite_hack_id and self._would_cycle():
            raise ValidationError(
                {"prerequisite_hack": "That hack itself needs this one: nobody could ever unlock either."}
            )
        if self.is_active and self.prerequisite_hack and not self.prerequisite_hack.is_active:
            raise ValidationError(
                {"prerequisite_hack": "That hack is not published: nobody new could unlock this one."}
            )
        if not self.is_active and (waiting := self.unlocks.published().first()):
            raise ValidationError(
                {"is_active": f"{waiting} has this hack as its prerequisite; choose another there first."}
            )

    def _would_cycle(self) -> bool:
        prerequisites = dict(Hack.objects.values_list("id", "prerequisite_hack_id"))
        return rules.has_cycle({**prerequisites, self.id: self.prerequisite_hack_id}, start=self.id)

    def is_in_use(self) -> bool:
        """Whether a member has a history with it, or another hack or record needs it: then it is not deleted."""
        needed_by = [
            relation.related_model._base_manager.filter(**{relation.field.name: self})
            for relation in self._meta.related_objects
        ]
        return any(rows.exists() for rows in needed_by)


class UserHackProgressQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)


class UserHackProgress(models.Model):
    """Where a member stands on a hack. The totals are a trigger's (practice/sql/), never a view's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="progress")
    hack = models.ForeignKey(Hack, on_delete=models.CASCADE, related_name="progress")
    unlocked_at = models.DateTimeField(null=True, blank=True)
    first_practiced_at = models.DateTimeField(null=True, blank=True)
    last_practiced_at = models.DateTimeField(null=True, blank=True)
    total_practice_count = models.PositiveIntegerField(db_default=0)
    total_practice_minutes = models.PositiveIntegerField(db_default=0)
    days_active = models.PositiveIntegerField(db_default=0)
    mastery_level = models.PositiveSmallIntegerField(db_default=0)
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When peers, or staff, confirmed that it is mastered."
    )
    is_favorite = models.BooleanField(db_default=False)
    notes = models.TextField(blank=True, db_default="", max_length=5000)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserHackProgressQuerySet.as_manager()

    class Meta:
        db_table = "user_hack_progress"
        verbose_name = "progress"
        verbose_name_plural = "progress"
        constraints = [
            models.UniqueConstraint(fields=["user", "hack"], name="user_hack_progress_once_a_hack"),
            models.CheckConstraint(
                condition=models.Q(mastery_level__range=(0, 5)),
                name="user_hack_progress_mastery_level_0_to_5",
            ),
        ]
        indexes = [models.Index(fields=["user", "mastery_level"], name="user_hack_progress_mastery")]

    def __str__(self) -> str:
        return f"{self.user} on {self.hack}"
