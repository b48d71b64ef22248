from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gamification", "0010_streak_news")]
    operations = []
