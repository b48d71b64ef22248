from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gamification", "0010_streak_news")]
    operations = [
        migrations.AddField(
            "xpentry",
            "is_private",
            models.BooleanField(
                db_default=False,
                help_text="Comes of a verification without the member's name: what counts it is kept from others.",
            ),
        ),
    ]
