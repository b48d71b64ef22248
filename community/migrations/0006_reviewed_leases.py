from django.db import migrations, models

from accounts.database import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("community", "0005_private_awards")]
    operations = [
        migrations.AlterField(
            model_name="verificationlease",
            name="ended",
            field=models.CharField(
                blank=True,
                choices=[
                    ("changed", "Changed by its author"),
                    ("withdrawn", "Withdrawn by its author"),
                    ("decided", "Decided by staff"),
                    ("given_back", "Given back"),
                    ("buddies", "Reviewer and author became buddies"),
                    ("reviewed", "Reviewed"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="verificationlease", name="verification_leases_ended_known"),
        migrations.AddConstraint(
            model_name="verificationlease",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ended__in=["", "changed", "withdrawn", "decided", "given_back", "buddies", "reviewed"]
                ),
                name="verification_leases_ended_known",
            ),
        ),
        run_sql_file("community", "reviewed_leases"),
        run_sql_file("community", "unchanged_answers"),
    ]
