from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("community", "0001_initial"), ("hacks", "0004_mastery"), ("gamification", "0004_xp")]
    operations = [run_sql_file("community", name) for name in ("verification", "submissions", "queue", "reviews")]
