import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

import analytics.models
import analytics.notifications.types

# The table is partitioned by month, which Django can't create. Its primary key is (id, created_at), because a unique key
# of a partitioned table must contain the partition key. sql/schema/user_activity_logs.sql creates the partitions.
ACTIVITY_LOG = """
CREATE TABLE user_activity_logs (
  id uuid NOT NULL,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  activity_type varchar(40) NOT NULL,
  activity_data jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  processed_at timestamptz,
  attempts smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (id, created_at),
  CONSTRAINT user_activity_logs_attempts_counted CHECK (attempts >= 0)
) PARTITION BY RANGE (created_at);
CREATE INDEX user_activity_logs_user_type_created ON user_activity_logs (user_id, activity_type, created_at);
CREATE INDEX user_activity_logs_pending ON user_activity_logs (created_at) WHERE processed_at IS NULL;
CREATE TABLE user_activity_logs_default PARTITION OF user_activity_logs DEFAULT;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql=ACTIVITY_LOG,
                    reverse_sql="DROP TABLE user_activity_logs",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="UserActivityLog",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "activity_type",
                            models.CharField(
                                choices=analytics.models.activity_types,
                                max_length=40,
                            ),
                        ),
                        ("activity_data", models.JSONField(default=dict)),
                        ("created_at", models.DateTimeField(editable=False)),
                        ("processed_at", models.DateTimeField(editable=False, null=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="activities",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "activity",
                        "verbose_name_plural": "activities",
                        "db_table": "user_activity_logs",
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=analytics.notifications.types.notification_types,
                        max_length=40,
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        help_text="The ID of the subject. A member gets one notification per type and subject.",
                        max_length=100,
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("message", models.TextField(blank=True, default="")),
                (
                    "data",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="The URL name that it links to, with its arguments and query.",
                    ),
                ),
                ("is_read", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="accounts.member",
                    ),
                ),
            ],
            options={
                "db_table": "notifications",
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(fields=["user", "is_read"], name="notifications_user_unread"),
                    models.Index(fields=["created_at"], name="notifications_created"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "type", "subject"), name="notifications_once_a_subject"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_read", True), ("read_at__isnull", False)),
                            models.Q(("is_read", False), ("read_at", None)),
                            _connector="OR",
                        ),
                        name="notifications_read_has_time",
                    ),
                ],
            },
        ),
    ]
