from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("gamification", "0009_private_achievements")]
    operations = [run_sql_file("gamification", "streak_news")]
