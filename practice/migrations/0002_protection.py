from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("practice", "0001_initial"), ("hacks", "0002_protection")]
    operations = [
        run_sql_file("practice", "protection"),
        run_sql_file("practice", "update_practice_progress"),
        run_sql_file("practice", "local_day"),
        run_sql_file("practice", "streak"),
    ]
