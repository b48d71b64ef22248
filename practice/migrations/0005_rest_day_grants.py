import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

from accounts.database import read_statement, run_sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_public_profile"),
        ("practice", "0004_public_stats"),
    ]

    operations = [
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
                    models.UUIDField(help_text="What brought it: no foreign key, as it stays when that has gone."),
                ),
                ("granted_on", models.DateField(help_text="The member's local day from which on it is in stock.")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "user",
                    models.ForeignKey(
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
        run_sql_file("practice", "rest_day_grants"),
        # Back: the functions as they were, once those below are gone.
        migrations.RunSQL(migrations.RunSQL.noop, read_statement("practice", "streak")),
        run_sql_file("practice", "streak_with_grants"),
    ]
