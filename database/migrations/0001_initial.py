import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    """What tables need before they are made. Roles come from `manage.py createroles`, functions from sql/schema/."""

    initial = True

    dependencies = []

    operations = [
        TrigramExtension(),
        BtreeGistExtension(),
        # A function may be called by the roles that its file names, and by no other.
        migrations.RunSQL(
            "CREATE SCHEMA app; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC; DROP SCHEMA app CASCADE",
        ),
        migrations.CreateModel(
            name="SqlFile",
            fields=[
                ("path", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("digest", models.CharField(help_text="SHA-256 of its text.", max_length=64)),
                (
                    "former_digests",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        default=list,
                        help_text="Those applied before: a process of the release before this one is still ready.",
                        size=None,
                    ),
                ),
                (
                    "objects_made",
                    models.JSONField(default=dict, help_text="Their definitions, hashed, by what they are."),
                ),
                ("applied_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "sql_files", "verbose_name": "SQL file"},
        ),
    ]
