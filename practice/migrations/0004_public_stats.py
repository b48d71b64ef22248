from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_public_profile"),
        ("practice", "0003_trips"),
    ]
    operations = [run_sql_file("practice", "public_stats")]
