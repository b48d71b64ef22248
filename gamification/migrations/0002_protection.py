from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("gamification", "0001_initial"), ("accounts", "0002_protection")]
    operations = [run_sql_file("gamification", "protection")]
