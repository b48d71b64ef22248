from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("hacks", "0003_order_and_mastery")]
    operations = [run_sql_file("hacks", "mastery")]
