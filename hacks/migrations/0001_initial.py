import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid_utils.compat
from django.db import migrations, models

import database.constraints
import hacks.rules
from database.operations import CreateModels


class Migration(migrations.Migration):
    initial = True

    # The SQL files of this app use tables of both apps.
    dependencies = [
        ("accounts", "0001_initial"),
        ("analytics", "0001_initial"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="HackCategory",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.SlugField(max_length=40, unique=True)),
                        ("title", models.CharField(max_length=60)),
                        ("description", models.TextField(blank=True, default="")),
                        (
                            "icon_url",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="An icon name, or a path under /static/.",
                                max_length=200,
                            ),
                        ),
                        (
                            "color_hex",
                            models.CharField(
                                max_length=7,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "\\A#[0-9A-Fa-f]{6}\\Z", "Enter a colour as #RRGGBB."
                                    )
                                ],
                            ),
                        ),
                        ("sort_order", models.IntegerField(default=0)),
                    ],
                    options={
                        "verbose_name": "category",
                        "verbose_name_plural": "categories",
                        "db_table": "hack_categories",
                        "ordering": ["sort_order", "name"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("color_hex__regex", "^#[0-9A-Fa-f]{6}$")),
                                name="hack_categories_color_is_hex",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Hack",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=100)),
                        ("slug", models.SlugField(max_length=80, unique=True, validators=[hacks.rules.validate_slug])),
                        ("description", models.TextField(blank=True, default="")),
                        ("short_description", models.CharField(blank=True, default="", max_length=160)),
                        (
                            "content_url",
                            models.URLField(blank=True, default="", validators=[hacks.rules.validate_content_url]),
                        ),
                        ("text_guide", models.TextField(blank=True, default="", help_text="Markdown.")),
                        (
                            "duration_minutes",
                            models.PositiveSmallIntegerField(
                                default=10,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(180),
                                ],
                            ),
                        ),
                        (
                            "difficulty_level",
                            models.PositiveSmallIntegerField(
                                default=1,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(5),
                                ],
                            ),
                        ),
                        (
                            "unlock_criteria",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text='What members need in the prerequisite, such as {"practice_count": 7, "days_active": 3}.',
                                validators=[hacks.rules.validate_unlock_criteria],
                            ),
                        ),
                        ("requires_verification", models.BooleanField(default=False)),
                        (
                            "verification_questions",
                            models.JSONField(
                                blank=True, default=list, validators=[hacks.rules.validate_verification_questions]
                            ),
                        ),
                        (
                            "verification_practice_count",
                            models.PositiveSmallIntegerField(
                                default=10,
                                help_text="Practices that a member needs before they can prove their mastery.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="practices before verification",
                            ),
                        ),
                        (
                            "reviewer_practice_count",
                            models.PositiveSmallIntegerField(
                                default=30,
                                help_text="Members with this many practices can review, even if they aren't verified yet.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="practices before reviewing",
                            ),
                        ),
                        (
                            "position",
                            models.IntegerField(
                                default=0,
                                help_text="The order within the category, lowest first. Ties go from easy to hard.",
                            ),
                        ),
                        (
                            "is_gateway",
                            models.BooleanField(
                                default=False, help_text="Recommended as a first hack.", verbose_name="gateway"
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="published")),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "search",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.contrib.postgres.search.CombinedSearchVector(
                                    django.contrib.postgres.search.CombinedSearchVector(
                                        django.contrib.postgres.search.SearchVector(
                                            "name", config="english", weight="A"
                                        ),
                                        "||",
                                        django.contrib.postgres.search.SearchVector(
                                            "short_description", config="english", weight="B"
                                        ),
                                        django.contrib.postgres.search.SearchConfig("english"),
                                    ),
                                    "||",
                                    django.contrib.postgres.search.SearchVector(
                                        "description", config="english", weight="C"
                                    ),
                                    django.contrib.postgres.search.SearchConfig("english"),
                                ),
                                output_field=django.contrib.postgres.search.SearchVectorField(),
                            ),
                        ),
                        (
                            "prerequisite_hack",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="unlocks",
                                to="hacks.hack",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hacks",
                                to="hacks.hackcategory",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "hacks",
                        "ordering": ["category__sort_order", "position", "difficulty_level", "name"],
                        "indexes": [
                            models.Index(fields=["is_gateway"], name="hacks_is_gateway"),
                            models.Index(fields=["requires_verification"], name="hacks_requires_verification"),
                            django.contrib.postgres.indexes.GinIndex(fields=["search"], name="hacks_search"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Lower("name"), name="gin_trgm_ops"
                                ),
                                name="hacks_name_trigrams",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("difficulty_level__range", (1, 5))),
                                name="hacks_difficulty_level_1_to_5",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("duration_minutes__range", (1, 180))),
                                name="hacks_duration_minutes_1_to_180",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("reviewer_practice_count__range", (1, 1000)),
                                    ("verification_practice_count__range", (1, 1000)),
                                ),
                                name="hacks_verification_practices_1_to_1000",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("prerequisite_hack", models.F("id")), _negated=True),
                                name="hacks_prerequisite_is_another",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("prerequisite_hack__isnull", False), ("unlock_criteria", {}), _connector="OR"
                                ),
                                name="hacks_criteria_need_prerequisite",
                                violation_error_message="Choose a prerequisite. Unlock criteria apply to it.",
                            ),
                            database.constraints.SqlCheck(
                                name="hacks_unlock_criteria_known",
                                sql="jsonb_typeof(unlock_criteria) = 'object' AND unlock_criteria - ARRAY['practice_count', 'days_active', 'verified'] = '{}'",
                            ),
                            database.constraints.SqlCheck(
                                name="hacks_unlock_criteria_whole",
                                sql="jsonb_typeof(COALESCE(unlock_criteria -> 'practice_count', '1')) = 'number' AND jsonb_typeof(COALESCE(unlock_criteria -> 'days_active', '1')) = 'number' AND COALESCE(unlock_criteria ->> 'practice_count', '1') ~ '^([1-9][0-9]{0,2}|1000)$' AND COALESCE(unlock_criteria ->> 'days_active', '1') ~ '^([1-9][0-9]{0,2}|1000)$' AND COALESCE(unlock_criteria -> 'verified', '1') = '1'",
                            ),
                            database.constraints.SqlCheck(
                                name="hacks_verification_questions_list",
                                sql="jsonb_typeof(verification_questions) = 'array'",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UserHackProgress",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("unlocked_at", models.DateTimeField(blank=True, null=True)),
                        ("first_practiced_at", models.DateTimeField(blank=True, null=True)),
                        ("last_practiced_at", models.DateTimeField(blank=True, null=True)),
                        ("total_practice_count", models.PositiveIntegerField(db_default=0)),
                        ("total_practice_minutes", models.PositiveIntegerField(db_default=0)),
                        ("days_active", models.PositiveIntegerField(db_default=0)),
                        ("mastery_level", models.PositiveSmallIntegerField(db_default=0)),
                        (
                            "verified_at",
                            models.DateTimeField(
                                blank=True, help_text="When peers or staff verified the member's mastery.", null=True
                            ),
                        ),
                        ("is_favorite", models.BooleanField(db_default=False)),
                        ("notes", models.TextField(blank=True, db_default="", max_length=5000)),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "hack",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="progress", to="hacks.hack"
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="progress",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "progress",
                        "verbose_name_plural": "progress",
                        "db_table": "user_hack_progress",
                        "indexes": [models.Index(fields=["user", "mastery_level"], name="user_hack_progress_mastery")],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "hack"), name="user_hack_progress_once_a_hack"),
                            models.CheckConstraint(
                                condition=models.Q(("mastery_level__range", (0, 5))),
                                name="user_hack_progress_mastery_level_0_to_5",
                            ),
                        ],
                    },
                ),
            ]
        ),
    ]
