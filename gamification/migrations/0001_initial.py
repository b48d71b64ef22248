import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import uuid_utils.compat
from django.db import migrations, models

import database.constraints
import gamification.challenges
import gamification.kinds
from database.operations import CreateModels


class Migration(migrations.Migration):
    initial = True

    # practice too, because the SQL files of this app use its tables.
    dependencies = [
        ("accounts", "0001_initial"),
        ("hacks", "0001_initial"),
        ("practice", "0001_initial"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="Achievement",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True)),
                        ("slug", models.SlugField(max_length=80, unique=True)),
                        ("description", models.TextField(blank=True, default="")),
                        (
                            "icon_url",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="The name of an icon, or a path under /static/.",
                                max_length=200,
                            ),
                        ),
                        ("category", models.CharField(blank=True, db_index=True, default="", max_length=40)),
                        (
                            "criteria_json",
                            models.JSONField(
                                help_text='{"type": "streak", "value": 7}',
                                validators=[gamification.kinds.validate_criteria],
                                verbose_name="criteria",
                            ),
                        ),
                        ("points", models.PositiveIntegerField(default=10)),
                        ("is_hidden", models.BooleanField(default=False)),
                        (
                            "discord_role_id",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="The id of the role on our Discord server: a long number. Members who earn this get it.",
                                max_length=32,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[0-9]{1,32}\\Z", "Enter the role's id: a long number that Discord shows."
                                    )
                                ],
                                verbose_name="Discord role",
                            ),
                        ),
                        ("sort_order", models.IntegerField(default=0)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ],
                    options={
                        "db_table": "achievements",
                        "ordering": ["sort_order", "name"],
                        "constraints": [
                            database.constraints.SqlCheck(
                                name="achievements_criteria_kind",
                                sql="COALESCE(criteria_json ->> 'type', '') IN ('streak', 'practice_count', 'practice_minutes', 'hacks_tried', 'days_active', 'verification', 'reviews_given', 'validations', 'teaching', 'group', 'referral', 'level', 'challenge', 'graduation')",
                            ),
                            database.constraints.SqlCheck(
                                name="achievements_criteria_value",
                                sql="COALESCE(jsonb_typeof(criteria_json -> 'value'), '') = 'number' AND criteria_json ->> 'value' ~ '^[1-9][0-9]{0,4}$'",
                            ),
                            database.constraints.SqlCheck(
                                name="achievements_criteria_narrowed",
                                sql="criteria_json - (ARRAY['type', 'value'] || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'verification') THEN ARRAY['hack'] ELSE '{}' END || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'hacks_tried', 'level') THEN ARRAY['category'] ELSE '{}' END) = '{}' AND NOT criteria_json ?& ARRAY['hack', 'category'] AND COALESCE(jsonb_typeof(criteria_json -> 'hack'), 'string') = 'string' AND COALESCE(jsonb_typeof(criteria_json -> 'category'), 'string') = 'string' AND '' NOT IN (COALESCE(criteria_json ->> 'hack', '-'), COALESCE(criteria_json ->> 'category', '-'))",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Challenge",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(max_length=100)),
                        ("slug", models.SlugField(max_length=80, unique=True)),
                        ("description", models.TextField(blank=True, default="")),
                        ("start_date", models.DateTimeField(verbose_name="begins")),
                        ("end_date", models.DateTimeField(verbose_name="ends")),
                        (
                            "criteria_json",
                            models.JSONField(
                                help_text='{"type": "practice_count", "value": 10}',
                                validators=[gamification.challenges.validate_challenge_criteria],
                                verbose_name="criteria",
                            ),
                        ),
                        (
                            "reward_type",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "No reward"),
                                    ("xp", "XP"),
                                    ("achievement", "An achievement"),
                                    ("rest_day", "A rest day"),
                                ],
                                default="",
                                max_length=20,
                            ),
                        ),
                        (
                            "reward_value",
                            models.JSONField(
                                blank=True, default=dict, help_text='{"xp": 100} or {"achievement": "a-slug"}'
                            ),
                        ),
                        (
                            "max_participants",
                            models.PositiveIntegerField(blank=True, help_text="Leave empty for no limit.", null=True),
                        ),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True,
                                help_text="Off if the challenge is cancelled or not announced yet.",
                                verbose_name="on",
                            ),
                        ),
                        ("cancelled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("cancellation_reason", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "settled_at",
                            models.DateTimeField(
                                blank=True, editable=False, help_text="When the result became final.", null=True
                            ),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ],
                    options={
                        "db_table": "challenges",
                        "ordering": ["start_date", "name"],
                        "indexes": [models.Index(fields=["is_active", "start_date"], name="challenges_active_start")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("end_date__gt", models.F("start_date"))),
                                name="challenges_end_after_start",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reward_type__in", ["", "xp", "achievement", "rest_day"])),
                                name="challenges_reward_type_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("max_participants", None), ("max_participants__gte", 1), _connector="OR"
                                ),
                                name="challenges_room_for_one",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("cancelled_at", None),
                                    models.Q(("is_active", False), ("settled_at", None)),
                                    _connector="OR",
                                ),
                                name="challenges_cancelled_is_off",
                            ),
                            database.constraints.SqlCheck(
                                name="challenges_criteria_kind",
                                sql="COALESCE(criteria_json ->> 'type', '') IN ('practice_count', 'practice_minutes', 'days_active', 'hacks_tried', 'checkins')",
                            ),
                            database.constraints.SqlCheck(
                                name="challenges_criteria_value",
                                sql="COALESCE(jsonb_typeof(criteria_json -> 'value'), '') = 'number' AND criteria_json ->> 'value' ~ '^[1-9][0-9]{0,4}$'",
                            ),
                            database.constraints.SqlCheck(
                                name="challenges_criteria_narrowed",
                                sql="criteria_json - (ARRAY['type', 'value'] || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'days_active') THEN ARRAY['hack'] ELSE '{}' END || CASE WHEN criteria_json ->> 'type' IN ('practice_count', 'practice_minutes', 'days_active', 'hacks_tried') THEN ARRAY['category'] ELSE '{}' END) = '{}' AND NOT criteria_json ?& ARRAY['hack', 'category'] AND COALESCE(jsonb_typeof(criteria_json -> 'hack'), 'string') = 'string' AND COALESCE(jsonb_typeof(criteria_json -> 'category'), 'string') = 'string' AND '' NOT IN (COALESCE(criteria_json ->> 'hack', '-'), COALESCE(criteria_json ->> 'category', '-'))",
                            ),
                            database.constraints.SqlCheck(
                                name="challenges_reward_fits",
                                sql="CASE reward_type WHEN 'xp' THEN reward_value - 'xp' = '{}' AND COALESCE(jsonb_typeof(reward_value -> 'xp'), '') = 'number' AND reward_value ->> 'xp' ~ '^[1-9][0-9]{0,3}$' WHEN 'achievement' THEN reward_value - 'achievement' = '{}' AND COALESCE(jsonb_typeof(reward_value -> 'achievement'), '') = 'string' AND reward_value ->> 'achievement' <> '' ELSE reward_value = '{}' END",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Leaderboard",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "period",
                            models.CharField(
                                choices=[("week", "This week"), ("month", "This month"), ("all", "All time")],
                                max_length=5,
                            ),
                        ),
                        (
                            "starts_on",
                            models.DateField(help_text="The first day of the period; empty for all time.", null=True),
                        ),
                        ("counted_at", models.DateTimeField()),
                        (
                            "category",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="leaderboards",
                                to="hacks.hackcategory",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "leaderboards",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("period", "category"), name="leaderboards_once_a_period", nulls_distinct=False
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("period", "all"), ("starts_on", None)),
                                    models.Q(("period__in", ["week", "month"]), ("starts_on__isnull", False)),
                                    _connector="OR",
                                ),
                                name="leaderboards_period_known_and_begun",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeaderboardEntry",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("xp", models.PositiveIntegerField()),
                        (
                            "is_listed",
                            models.BooleanField(help_text="Whether the member showed their totals at the last count."),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "board",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="entries",
                                to="gamification.leaderboard",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="places",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "leaderboard entry",
                        "verbose_name_plural": "leaderboard entries",
                        "db_table": "leaderboard_entries",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("is_listed", True)),
                                fields=["board", "-xp", "user"],
                                name="leaderboard_entries_order",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "board"), name="leaderboard_entries_once_a_board")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeaderboardStep",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("xp", models.PositiveIntegerField()),
                        (
                            "rank",
                            models.PositiveIntegerField(help_text="1 + the number of listed members with more XP."),
                        ),
                        (
                            "members",
                            models.PositiveIntegerField(help_text="The number of listed members who share the rank."),
                        ),
                        (
                            "board",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="steps",
                                to="gamification.leaderboard",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "leaderboard step",
                        "db_table": "leaderboard_steps",
                        "constraints": [models.UniqueConstraint(fields=("board", "xp"), name="leaderboard_steps_once")],
                    },
                ),
                migrations.CreateModel(
                    name="UserAchievement",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("earned_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                        (
                            "progress_data",
                            models.JSONField(
                                default=dict, editable=False, help_text='The count at the time: {"value": 7}.'
                            ),
                        ),
                        (
                            "is_private",
                            models.BooleanField(
                                db_default=False,
                                editable=False,
                                help_text="Hidden from other members: it would reveal an anonymous verification.",
                            ),
                        ),
                        (
                            "achievement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="earned",
                                to="gamification.achievement",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="achievements",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "earned achievement",
                        "db_table": "user_achievements",
                        "ordering": ["-earned_at"],
                        "indexes": [models.Index(fields=["earned_at"], name="user_achievements_earned_at")],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "achievement"), name="user_achievements_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UserXp",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("xp_amount", models.PositiveIntegerField(db_default=0)),
                        ("level", models.PositiveSmallIntegerField(db_default=1)),
                        (
                            "celebrated_level",
                            models.PositiveSmallIntegerField(
                                db_default=1,
                                editable=False,
                                help_text="The highest level that the member was congratulated on.",
                            ),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="xp",
                                to="hacks.hackcategory",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="xp",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "member's XP",
                        "verbose_name_plural": "members' XP",
                        "db_table": "user_xp",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("user", "category"), name="user_xp_once_a_category", nulls_distinct=False
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="XpEntry",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("session", "Practice"),
                                    ("checkin", "Check-in"),
                                    ("verification", "Verified mastery"),
                                    ("review", "Review given"),
                                    ("validation", "Validation given"),
                                    ("teaching", "Teaching"),
                                    ("group", "Group session"),
                                    ("referral", "Friend invited"),
                                    ("achievement", "Achievement"),
                                    ("challenge", "Challenge completed"),
                                    ("graduation", "Graduation"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "source_id",
                            models.UUIDField(
                                help_text="The row that the award is for. No foreign key, because the award may outlive it."
                            ),
                        ),
                        (
                            "amount",
                            models.PositiveIntegerField(
                                help_text="0 beyond the daily limit; achievements still count the award."
                            ),
                        ),
                        ("earned_on", models.DateField(help_text="The member's local day.")),
                        (
                            "is_private",
                            models.BooleanField(
                                db_default=False,
                                help_text="From an anonymous verification: achievements that count it are hidden from others.",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="xp_entries",
                                to="hacks.hackcategory",
                            ),
                        ),
                        (
                            "hack",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="xp_entries",
                                to="hacks.hack",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="xp_entries",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "XP award",
                        "db_table": "xp_ledger",
                        "ordering": ["-earned_on", "-created_at"],
                        "indexes": [
                            models.Index(fields=["user", "category"], include=("amount",), name="xp_ledger_totals"),
                            models.Index(fields=["user", "earned_on"], name="xp_ledger_days"),
                            models.Index(
                                fields=["earned_on"], include=("user", "category", "amount"), name="xp_ledger_periods"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("user", "source", "source_id"), name="xp_ledger_once_a_source"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "source__in",
                                        [
                                            "session",
                                            "checkin",
                                            "verification",
                                            "review",
                                            "validation",
                                            "teaching",
                                            "group",
                                            "referral",
                                            "achievement",
                                            "challenge",
                                            "graduation",
                                        ],
                                    )
                                ),
                                name="xp_ledger_source_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ChallengeParticipant",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "joined_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("score", models.PositiveIntegerField(db_default=0, editable=False)),
                        (
                            "scored_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="When the score was reached: on equal scores the earlier one is ahead.",
                                null=True,
                            ),
                        ),
                        ("completed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "completion_data",
                            models.JSONField(
                                default=dict,
                                editable=False,
                                help_text='Set when the result is final: {"participants": 12}.',
                            ),
                        ),
                        (
                            "rank",
                            models.PositiveIntegerField(
                                blank=True,
                                editable=False,
                                help_text="Among all participants. Ties share a rank: 1, 2, 2, 4.",
                                null=True,
                            ),
                        ),
                        (
                            "ranked_score",
                            models.PositiveIntegerField(
                                db_default=0,
                                editable=False,
                                help_text="The score that rank and place were computed from.",
                            ),
                        ),
                        (
                            "place",
                            models.PositiveIntegerField(
                                editable=False,
                                help_text="The position in the list of participants who show their totals.",
                                null=True,
                            ),
                        ),
                        (
                            "is_listed",
                            models.BooleanField(
                                db_default=False,
                                editable=False,
                                help_text="Whether the member showed their totals when the places were computed.",
                            ),
                        ),
                        (
                            "challenge",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="participants",
                                to="gamification.challenge",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="challenges",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "participant",
                        "db_table": "challenge_participants",
                        "indexes": [
                            models.Index(fields=["user", "challenge"], name="challenge_participants_user"),
                            models.Index(
                                condition=models.Q(("is_listed", True)),
                                fields=["challenge", "place"],
                                name="challenge_participants_order",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("challenge", "user"), name="challenge_participants_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DiscordRoleGrant",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("role_id", models.CharField(max_length=32, verbose_name="role")),
                        (
                            "discord_id",
                            models.CharField(
                                help_text="The Discord id of the account.",
                                max_length=32,
                                verbose_name="Discord account",
                            ),
                        ),
                        (
                            "is_wanted",
                            models.BooleanField(
                                default=True, help_text="Off if the role should be removed.", verbose_name="wanted"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("pending", "Waiting for Discord"), ("done", "Done"), ("failed", "Failed")],
                                default="pending",
                                max_length=10,
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("next_attempt_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("last_error", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                help_text="Empty once the member's account is erased.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="discord_roles",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "Discord role",
                        "db_table": "discord_role_grants",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "pending")),
                                fields=["next_attempt_at"],
                                name="discord_role_grants_pending",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("role_id", "discord_id"), name="discord_role_grants_once"),
                            models.CheckConstraint(
                                condition=models.Q(("state__in", ["pending", "done", "failed"])),
                                name="discord_role_grants_state_known",
                            ),
                        ],
                    },
                ),
            ]
        ),
    ]
