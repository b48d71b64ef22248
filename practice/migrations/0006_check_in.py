import django.db.models.deletion
from django.db import migrations, models

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("practice", "0005_rest_day_grants")]

    operations = [
        migrations.AlterField(
            model_name="dailycheckin",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="checkins",
                to="accounts.member",
            ),
        ),
        run_sql_file("practice", "check_in"),
    ]
