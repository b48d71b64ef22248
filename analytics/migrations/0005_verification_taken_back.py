from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0004_members_record"),
    ]

    operations = [
        migrations.AlterField(
            model_name="useractivitylog",
            name="activity_type",
            field=models.CharField(
                choices=[
                    ("session_logged", "Practice logged"),
                    ("session_changed", "Practice changed"),
                    ("session_deleted", "Practice deleted"),
                    ("checkin_saved", "Checked in"),
                    ("checkin_deleted", "Check-in deleted"),
                    ("hack_unlocked", "Hack unlocked"),
                    ("achievement_earned", "Achievement earned"),
                    ("challenge_joined", "Challenge joined"),
                    ("challenge_left", "Challenge left"),
                    ("challenge_ended", "Challenge ended"),
                    ("challenge_cancelled", "Challenge cancelled"),
                    ("verification_submitted", "Submitted for verification"),
                    ("verification_withdrawn", "Withdrawn from verification"),
                    ("verification_decided", "Verification decided"),
                    ("verification_rewarded", "Verification rewarded"),
                    ("verification_taken_back", "Verification taken back"),
                    ("verification_waiting", "Verification still waiting"),
                    ("reviewers_wanted", "Reviewers wanted"),
                    ("review_given", "Review given"),
                ],
                max_length=40,
            ),
        ),
    ]
