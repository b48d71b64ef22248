from django.db import migrations, models

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("gamification", "0008_discord_roles")]
    operations = [
        migrations.AddField(
            "userachievement",
            "is_private",
            models.BooleanField(
                db_default=False,
                editable=False,
                help_text="Kept from others: it would tell them who was verified without their name.",
            ),
        ),
        run_sql_file("gamification", "private_achievements"),
    ]
