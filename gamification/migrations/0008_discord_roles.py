from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("gamification", "0007_leaderboards")]
    operations = [run_sql_file("gamification", "discord_roles")]
