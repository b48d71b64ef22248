from django.db import migrations

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_more_news")]
    operations = [run_sql_file("analytics", "members_record")]
