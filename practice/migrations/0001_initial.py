import datetime

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

import accounts.rules
import database.constraints
import practice.models
from database.operations import CreateModels


class Migration(migrations.Migration):
    initial = True

    # Also on the app before this one, whose tables the SQL files of this one use.
    dependencies = [
        ("accounts", "0001_initial"),
        ("hacks", "0001_initial"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="MemberStats",
                    fields=[
                        (
                            "user",
                            models.OneToOneField(
                                db_column="user_id",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="stats",
                                serialize=False,
                                to="accounts.member",
                            ),
                        ),
                        ("current_streak", models.PositiveIntegerField(db_default=0)),
                        ("longest_streak", models.PositiveIntegerField(db_default=0)),
                        ("rest_stock", models.PositiveSmallIntegerField(db_default=0)),
                        ("strength", models.FloatField(db_default=0)),
                        ("last_checkin_date", models.DateField(null=True)),
                        (
                            "streak_ends_at",
                            models.DateTimeField(help_text="When the streak ends without another check-in.", null=True),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "verbose_name": "member's totals",
                        "verbose_name_plural": "members' totals",
                        "db_table": "user_stats",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("current_streak__gt", 0)),
                                fields=["streak_ends_at"],
                                name="user_stats_open_streaks",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DailyCheckin",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("checkin_date", models.DateField()),
                        ("timezone", models.CharField(max_length=64, validators=[accounts.rules.validate_timezone])),
                        ("day_start", models.TimeField(default=datetime.time(0, 0))),
                        ("streak_count", models.PositiveIntegerField(default=1, editable=False)),
                        ("rest_stock", models.PositiveSmallIntegerField(default=0, editable=False)),
                        ("strength", models.FloatField(default=0, editable=False)),
                        (
                            "mood_before",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10),
                                ],
                            ),
                        ),
                        (
                            "mood_after",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10),
                                ],
                            ),
                        ),
                        ("notes", models.TextField(blank=True, default="", max_length=5000)),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "selected_hack",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="checkins",
                                to="hacks.hack",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="checkins",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "check-in",
                        "db_table": "daily_checkins",
                        "ordering": ["-checkin_date"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("user", "checkin_date"),
                                include=("selected_hack",),
                                name="daily_checkin_once_a_day",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("mood_before", None), ("mood_before__range", (1, 10)), _connector="OR"
                                ),
                                name="daily_checkin_mood_before_1_to_10",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("mood_after", None), ("mood_after__range", (1, 10)), _connector="OR"
                                ),
                                name="daily_checkin_mood_after_1_to_10",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PracticeSession",
                    fields=[
                        ("id", models.UUIDField(default=uuid_utils.compat.uuid7, primary_key=True, serialize=False)),
                        ("started_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        ("duration_seconds", models.PositiveIntegerField(blank=True, null=True)),
                        (
                            "feedback_score",
                            models.SmallIntegerField(
                                blank=True, choices=[(-1, "Not good"), (0, "Neutral"), (1, "Good")], null=True
                            ),
                        ),
                        ("notes", models.TextField(blank=True, default="", max_length=5000)),
                        (
                            "is_group_session",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.Case(
                                    models.When(session_type="group", then=models.Value(True)),
                                    default=models.Value(False),
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "session_type",
                            models.CharField(
                                choices=[
                                    ("solo", "On my own"),
                                    ("group", "In a group"),
                                    ("teaching", "Teaching"),
                                    ("guided", "Guided"),
                                ],
                                default="solo",
                                max_length=10,
                            ),
                        ),
                        ("biometric_data", models.JSONField(blank=True, null=True)),
                        (
                            "planned_seconds",
                            models.PositiveIntegerField(
                                default=600,
                                validators=[
                                    django.core.validators.MinValueValidator(60),
                                    django.core.validators.MaxValueValidator(21600),
                                ],
                            ),
                        ),
                        ("paused_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_seconds", models.PositiveIntegerField(default=0)),
                        (
                            "last_seen_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the timer last contacted the server; an abandoned session counts up to this moment.",
                                null=True,
                            ),
                        ),
                        (
                            "practice_date",
                            models.DateField(help_text="The member's local day on which the session started."),
                        ),
                        ("timezone", models.CharField(max_length=64, validators=[accounts.rules.validate_timezone])),
                        ("day_start", models.TimeField(default=datetime.time(0, 0))),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "hack",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING, related_name="sessions", to="hacks.hack"
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sessions",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "practice_sessions",
                        "ordering": ["-started_at"],
                        "indexes": [
                            models.Index(fields=["user", "started_at"], name="practice_session_user_started"),
                            models.Index(
                                fields=["user", "hack", "practice_date"],
                                include=("started_at", "duration_seconds"),
                                name="practice_session_progress",
                            ),
                            models.Index(fields=["session_type"], name="practice_session_type"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("session_type__in", ["solo", "group", "teaching", "guided"])),
                                name="practice_session_type_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("feedback_score", None), ("feedback_score__range", (-1, 1)), _connector="OR"
                                ),
                                name="practice_session_feedback_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                                ),
                                name="practice_session_ends_after_start",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("duration_seconds", None), ("ended_at", None)),
                                    models.Q(
                                        ("duration_seconds__range", (0, 21600)),
                                        ("ended_at__isnull", False),
                                        ("paused_at", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="practice_session_finished_has_duration",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("planned_seconds__range", (60, 21600))),
                                name="practice_session_planned_seconds",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("user",),
                                name="practice_session_one_running",
                            ),
                            database.constraints.SqlCheck(
                                name="practice_session_biometrics_known",
                                sql="biometric_data IS NULL OR (jsonb_typeof(biometric_data) = 'object' AND biometric_data <> '{}' AND biometric_data - ARRAY['hrv_before', 'hrv_after'] = '{}' AND COALESCE(biometric_data -> 'hrv_before', '5') BETWEEN '5'::jsonb AND '300'::jsonb AND COALESCE(biometric_data -> 'hrv_after', '5') BETWEEN '5'::jsonb AND '300'::jsonb)",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RestDay",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("rest_date", models.DateField()),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rest_days",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "rest_days",
                        "ordering": ["-rest_date"],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "rest_date"), name="rest_day_once_a_day")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RestDayGrant",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "source_id",
                            models.UUIDField(
                                help_text="The challenge that granted it. No foreign key: the rest day stays when the challenge is deleted."
                            ),
                        ),
                        (
                            "granted_on",
                            models.DateField(help_text="The member's local day from which the rest day can be used."),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rest_day_grants",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rest day won",
                        "verbose_name_plural": "rest days won",
                        "db_table": "rest_day_grants",
                        "ordering": ["-granted_on"],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "source_id"), name="rest_day_grants_once_a_source")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Trip",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "zone",
                            models.CharField(
                                max_length=64, validators=[accounts.rules.validate_timezone], verbose_name="time zone"
                            ),
                        ),
                        ("starts_on", models.DateField(verbose_name="first day")),
                        ("ends_on", models.DateField(verbose_name="last day")),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="trips", to="accounts.member"
                            ),
                        ),
                    ],
                    options={
                        "db_table": "trips",
                        "ordering": ["starts_on"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                                name="trips_end_after_start",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    ("user", "="),
                                    (
                                        practice.models.DaysOfTrip(
                                            "starts_on",
                                            "ends_on",
                                            django.contrib.postgres.fields.ranges.RangeBoundary(inclusive_upper=True),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="trips_do_not_overlap",
                            ),
                        ],
                    },
                ),
                # A trigger makes the totals of each new member; these were there before it.
            ]
        ),
        migrations.RunSQL("INSERT INTO user_stats (user_id) SELECT id FROM users", migrations.RunSQL.noop),
    ]
