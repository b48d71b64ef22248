from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial"), ("accounts", "0002_protection")]
    operations = [run_sql_file("analytics", "activity_log"), run_sql_file("analytics", "protection")]
