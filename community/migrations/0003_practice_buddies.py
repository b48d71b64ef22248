import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("community", "0002_verification"), ("accounts", "0005_public_profile")]
    operations = [
        migrations.CreateModel(
            name="PracticeBuddies",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "matched_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "discord_channel_id",
                    models.CharField(blank=True, default="", help_text="Where the two talk.", max_length=32),
                ),
                (
                    "practice_count",
                    models.PositiveIntegerField(
                        db_default=0, editable=False, help_text="How often they have practised together."
                    ),
                ),
                ("last_practice_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("inactive", "Inactive"), ("completed", "Completed")],
                        default="active",
                        help_text=(
                            "Once it is completed, each may be given what the other has submitted for verification."
                        ),
                        max_length=9,
                    ),
                ),
                (
                    "user1",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.member",
                        verbose_name="one",
                    ),
                ),
                (
                    "user2",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.member",
                        verbose_name="the other",
                    ),
                ),
            ],
            options={
                "verbose_name": "pair of buddies",
                "verbose_name_plural": "pairs of buddies",
                "db_table": "practice_buddies",
                "indexes": [models.Index(fields=["status"], name="practice_buddies_status")],
                "constraints": [
                    models.UniqueConstraint(fields=["user1", "user2"], name="practice_buddies_once"),
                    models.CheckConstraint(
                        condition=models.Q(user1__lt=models.F("user2")), name="practice_buddies_two_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(status__in=["active", "inactive", "completed"]),
                        name="practice_buddies_status_known",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="verificationlease",
            name="ended",
            field=models.CharField(
                blank=True,
                choices=[
                    ("changed", "Changed by its author"),
                    ("withdrawn", "Withdrawn by its author"),
                    ("decided", "Decided by staff"),
                    ("given_back", "Given back"),
                    ("buddies", "Reviewer and author became buddies"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="verificationlease", name="verification_leases_ended_known"),
        migrations.AddConstraint(
            model_name="verificationlease",
            constraint=models.CheckConstraint(
                condition=models.Q(ended__in=["", "changed", "withdrawn", "decided", "given_back", "buddies"]),
                name="verification_leases_ended_known",
            ),
        ),
        run_sql_file("community", "practice_buddies"),
    ]
