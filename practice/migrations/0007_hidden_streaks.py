from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("practice", "0006_check_in"), ("accounts", "0005_public_profile")]
    operations = [run_sql_file("practice", "hidden_streaks")]
