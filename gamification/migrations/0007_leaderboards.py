from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("gamification", "0006_challenges")]
    operations = [run_sql_file("gamification", "leaderboards")]
