import datetime

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import accounts.models
import accounts.rules
import database.constraints
from database.operations import CreateModels


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("database", "0001_initial"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="User",
                    fields=[
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
                            ),
                        ),
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("email", models.EmailField(max_length=254, unique=True, verbose_name="email address")),
                        (
                            "is_active",
                            models.BooleanField(default=True, help_text="Untick instead of deleting an account."),
                        ),
                        ("is_staff", models.BooleanField(default=False, help_text="Can use the admin.")),
                        ("date_joined", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("email"), name="accounts_user_email_unique"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Member",
                    fields=[
                        (
                            "user",
                            models.OneToOneField(
                                db_column="id",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="member",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "username",
                            models.CharField(
                                max_length=30,
                                validators=[
                                    django.core.validators.MinLengthValidator(3, "Use at least 3 characters."),
                                    django.core.validators.RegexValidator(
                                        "\\A[A-Za-z0-9_]+\\Z", "Use only letters, digits and underscores."
                                    ),
                                    accounts.rules.validate_not_reserved,
                                ],
                            ),
                        ),
                        ("display_name", models.CharField(max_length=60)),
                        ("avatar_url", models.URLField(blank=True, default="")),
                        ("privacy_settings", models.JSONField(default=accounts.models.default_privacy_settings)),
                        (
                            "graduation_status",
                            models.CharField(
                                choices=[("active", "Active"), ("graduated", "Graduated"), ("alumni", "Alumni")],
                                default="active",
                                max_length=10,
                            ),
                        ),
                        ("graduated_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "is_active",
                            models.BooleanField(
                                db_default=True,
                                default=True,
                                editable=False,
                                help_text="Copied from the user, for roles that can't read users.",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "db_table": "users",
                        "indexes": [
                            models.Index(condition=models.Q(("is_active", False)), fields=["user"], name="users_banned")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("username"),
                                name="users_username_unique",
                                violation_error_message="This username is taken.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("graduation_status__in", ["active", "graduated", "alumni"])),
                                name="users_graduation_status_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("username__regex", "^[A-Za-z0-9_]{3,30}$")),
                                name="users_username_shape",
                            ),
                            database.constraints.SqlCheck(
                                name="users_privacy_settings_are_switches",
                                sql="jsonb_typeof(privacy_settings -> 'leaderboard_visible') = 'boolean' AND jsonb_typeof(privacy_settings -> 'profile_public') = 'boolean'",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Profile",
                    fields=[
                        (
                            "member",
                            models.OneToOneField(
                                db_column="user_id",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="profile",
                                serialize=False,
                                to="accounts.member",
                            ),
                        ),
                        ("bio", models.TextField(blank=True, default="", max_length=1000)),
                        (
                            "timezone",
                            models.CharField(
                                default="UTC", max_length=64, validators=[accounts.rules.validate_timezone]
                            ),
                        ),
                        ("day_start", models.TimeField(default=datetime.time(0, 0))),
                        (
                            "selected_path",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("energy_awareness", "Energy awareness"),
                                    ("protection", "Protection"),
                                    ("flow_master", "Flow master"),
                                ],
                                default="",
                                max_length=20,
                            ),
                        ),
                        ("discord_id", models.CharField(blank=True, max_length=32, null=True, unique=True)),
                        ("discord_username", models.CharField(blank=True, default="", max_length=64)),
                        ("discord_discriminator", models.CharField(blank=True, default="", max_length=8)),
                        ("onboarding_completed", models.BooleanField(default=False)),
                        (
                            "hide_streaks",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="For members who would rather not see their streak.",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "db_table": "user_profiles",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("selected_path__in", ["", "energy_awareness", "protection", "flow_master"])
                                ),
                                name="user_profiles_selected_path_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("day_start__gte", datetime.time(0, 0)), ("day_start__lte", datetime.time(6, 0))
                                ),
                                name="user_profiles_day_starts_by_six",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsernameHistory",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("username", models.CharField(max_length=30)),
                        ("until", models.DateTimeField()),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="former_usernames",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "former username",
                        "db_table": "username_history",
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("username"), name="username_history_once"
                            )
                        ],
                    },
                ),
            ]
        ),
    ]
