from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("community", "0004_taken_back"), ("gamification", "0011_private_awards")]
    operations = []
