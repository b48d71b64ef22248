"""The library of hacks, and each member's progress in it."""

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
    """A category of hacks, with the colour that marks them throughout the product."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.SlugField(max_length=40, unique=True, allow_unicode=False)
    title = models.CharField(max_length=60)
    description = models.TextField(blank=True, default="")
    icon_url = models.CharField(
        max_length=200, blank=True, default="", help_text="An icon name, or a path under /static/."
    )
    color_hex = models.CharField(
        max_length=7, validators=[RegexValidator(r"\A#[0-9A-Fa-f]{6}\Z", "Enter a colour as #RRGGBB.")]
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


# The least trigram similarity between a search and a name, from 0 to 1: for a correctly typed part of the name, and for
# one with a typo or two ("sheild", "engery bal"). Measured on the seeds, where unrelated names stay below 0.2.
MIN_MATCH_SIMILARITY = 0.5
MIN_TYPO_SIMILARITY = 0.25

# Annotations of `with_progress_of`: each with its column of the progress and its default without a row.
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
        """Published hacks, and hacks that the member has practised."""
        if member is None:
            return self.published()
        return self.filter(
            models.Q(is_active=True)
            | models.Exists(
                UserHackProgress.objects.filter(hack=models.OuterRef("pk"), user=member, total_practice_count__gt=0)
            )
        )

    def path_problems(self) -> list[str]:
        """Return a sentence for each problem with unlocking, in the whole library regardless of this QuerySet."""
        names: dict[object, str] = {}
        nodes: dict[object, rules.PathNode] = {}
        for hack in Hack.objects.order_by("name").defer("text_guide", "search"):
            names[hack.pk] = hack.name
            nodes[hack.pk] = rules.PathNode(
                hack.prerequisite_hack_id,
                hack.is_active,
                hack.is_gateway,
                needs_verified_prerequisite="verified" in hack.unlock_criteria,
                can_be_verified=hack.can_be_verified,
            )
        problems = [f"{names[pk]}: {reason}." for pk, reason in rules.path_problems(nodes).items()]
        has_gateway = any(node.is_published and node.is_gateway for node in nodes.values())
        if not has_gateway and any(node.is_published for node in nodes.values()):
            problems.append("No published hack is a gateway, so newcomers get no first hack.")
        return problems

    def matching(self, text: str) -> "HackQuerySet":
        """Return the hacks that a search finds, annotated with their `relevance`.

        A search matches whole words of the texts or part of a name. If nothing in the library matches, the search finds
        similar names, because the text probably has a typo.
        """
        words = SearchQuery(text, config="english", search_type="websearch")
        similarity = TrigramWordSimilarity(text.lower(), Lower("name"))
        is_match = models.Q(search=words) | models.Q(similarity__gte=MIN_MATCH_SIMILARITY)
        matches = Hack.objects.published().alias(similarity=similarity).filter(is_match)
        is_likely_typo = models.Q(similarity__gte=MIN_TYPO_SIMILARITY) & ~models.Exists(matches)
        return self.annotate(
            similarity=similarity,
            relevance=SearchRank("search", words) + models.F("similarity"),
        ).filter(is_match | is_likely_typo)

    def with_progress_of(self, member: Member | None) -> "HackQuerySet":
        """Annotate the member's progress with one join: `is_open`, `is_verified` and the `PROGRESS_ANNOTATIONS`.

        A hack is open if it has no prerequisite, or if the member has unlocked or practised it. A prerequisite that
        staff add later therefore never locks a hack that the member has practised.
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
        """Annotate `submission_status`: the status of the member's submission, or "" without one."""
        nothing = models.Value("")
        if member is None:
            return self.annotate(submission_status=nothing)
        return self.annotate(
            submission=models.FilteredRelation("verifications", condition=models.Q(verifications__user=member)),
            submission_status=Coalesce("submission__status", nothing),
        )


class Hack(models.Model):
    """A short self-practice with its guide and its unlock criteria. Staff write it."""

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
        help_text='What members need in the prerequisite, such as {"practice_count": 7, "days_active": 3}.',
    )
    requires_verification = models.BooleanField(default=False)
    verification_questions = models.JSONField(
        default=list, blank=True, validators=[rules.validate_verification_questions]
    )
    verification_practice_count = models.PositiveSmallIntegerField(
        "practices before verification",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Practices that a member needs before they can prove their mastery.",
    )
    reviewer_practice_count = models.PositiveSmallIntegerField(
        "practices before reviewing",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Members with this many practices can review, even if they aren't verified yet.",
    )
    position = models.IntegerField(
        default=0, help_text="The order within the category, lowest first. Ties go from easy to hard."
    )
    is_gateway = models.BooleanField("gateway", default=False, help_text="Recommended as a first hack.")
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
                violation_error_message="Choose a prerequisite. Unlock criteria apply to it.",
            ),
            SqlCheck(
                sql="jsonb_typeof(unlock_criteria) = 'object'"
                f" AND unlock_criteria - ARRAY[{sql_list(rules.UNLOCK_CRITERIA)}] = '{{}}'",
                name="hacks_unlock_criteria_known",
            ),
            # Counts are whole numbers from 1 to 1000; "verified" is 1.
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
            raise ValidationError({"verification_questions": "Add at least one question. Reviewers judge the answers."})
        first = self.prerequisite_hack
        if first and "verified" in (self.unlock_criteria or {}) and not first.can_be_verified:
            raise ValidationError(
                {"unlock_criteria": f"Members can't be verified in {first}. Turn on its verification first."}
            )
        if self.prerequisite_hack_id and self._would_cycle():
            raise ValidationError(
                {"prerequisite_hack": "That hack needs this one, so members could never unlock either. Choose another."}
            )
        if self.is_active and self.prerequisite_hack and not self.prerequisite_hack.is_active:
            raise ValidationError(
                {"prerequisite_hack": "That hack isn't published, so new members couldn't unlock this one."}
            )
        if not self.is_active and (dependant := self.unlocks.published().first()):
            raise ValidationError(
                {"is_active": f"{dependant} needs this hack. Choose another prerequisite there first."}
            )

    def _would_cycle(self) -> bool:
        prerequisites = dict(Hack.objects.values_list("id", "prerequisite_hack_id"))
        return rules.has_cycle({**prerequisites, self.id: self.prerequisite_hack_id}, start=self.id)

    def is_in_use(self) -> bool:
        """Return whether any row refers to this hack. Such a hack cannot be deleted."""
        needed_by = [
            relation.related_model._base_manager.filter(**{relation.field.name: self})
            for relation in self._meta.related_objects
        ]
        return any(rows.exists() for rows in needed_by)


class UserHackProgressQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)


class UserHackProgress(models.Model):
    """A member's progress in a hack. A trigger keeps the totals (practice/sql/); views never write them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="progress", db_index=False)
    hack = models.ForeignKey(Hack, on_delete=models.CASCADE, related_name="progress")
    unlocked_at = models.DateTimeField(null=True, blank=True)
    first_practiced_at = models.DateTimeField(null=True, blank=True)
    last_practiced_at = models.DateTimeField(null=True, blank=True)
    total_practice_count = models.PositiveIntegerField(db_default=0)
    total_practice_minutes = models.PositiveIntegerField(db_default=0)
    days_active = models.PositiveIntegerField(db_default=0)
    mastery_level = models.PositiveSmallIntegerField(db_default=0)
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When peers or staff verified the member's mastery."
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
