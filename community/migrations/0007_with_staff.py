from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_public_profile"),
        ("community", "0006_reviewed_leases"),
        ("hacks", "0004_mastery"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="hackverification",
            index=models.Index(
                condition=models.Q(("status", "escalated")),
                fields=["submitted_at"],
                name="hack_verifications_with_staff",
            ),
        ),
    ]
