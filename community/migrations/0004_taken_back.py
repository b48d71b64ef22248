import django.db.models.deletion
from django.db import migrations, models

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("community", "0003_practice_buddies")]
    operations = [
        migrations.AddField(
            model_name="hackverification",
            name="taken_back_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When staff returned what was verified.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="hackverification",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The staff member who decided, where peers did not, or who took it back.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="decided_verifications",
                to="accounts.member",
            ),
        ),
        migrations.AddConstraint(
            model_name="hackverification",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken_back_at", None), ("status", "returned"), _connector="OR"),
                name="hack_verifications_taken_back_is_returned",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="hackverificationround",
            name="verification_rounds_outcome_known",
        ),
        migrations.AlterField(
            model_name="hackverificationround",
            name="outcome",
            field=models.CharField(
                choices=[("returned", "Returned"), ("taken_back", "Taken back"), ("withdrawn", "Withdrawn")],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="hackverificationround",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["returned", "taken_back", "withdrawn"])),
                name="verification_rounds_outcome_known",
            ),
        ),
        run_sql_file("community", "taken_back"),
    ]
