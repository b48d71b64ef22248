from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("gamification", "0003_progress"), ("practice", "0004_public_stats")]
    operations = [run_sql_file("gamification", "xp")]
