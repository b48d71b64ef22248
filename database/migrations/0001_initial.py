import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create what the tables need. `manage.py createroles` creates the roles, sql/schema/ the functions."""

    initial = True

    dependencies = []

    operations = [
        TrigramExtension(),
        BtreeGistExtension(),
        # Only roles that a function's file names may call it.
        migrations.RunSQL(
            "CREATE SCHEMA app; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC; DROP SCHEMA app CASCADE",
        ),
        migrations.CreateModel(
            name="SqlFile",
            fields=[
                ("path", models.CharField(max_length=200, primary_key=True, serialize=False)),
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 of the text that was applied last. Empty if the file was removed.",
                        max_length=64,
                    ),
                ),
                (
                    "former_digests",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        default=list,
                        help_text="Digests of earlier texts. The health check accepts them, so a process of an older "
                        "release stays ready.",
                        size=None,
                    ),
                ),
                (
                    "objects_made",
                    models.JSONField(
                        default=dict,
                        help_text="Identity of each object that the file created, with a hash of its definition.",
                    ),
                ),
                ("applied_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "sql_files", "verbose_name": "SQL file"},
        ),
    ]
