from django.db import migrations

from accounts.database import read_statement


class Migration(migrations.Migration):
    dependencies = [("community", "0004_taken_back"), ("gamification", "0011_private_awards")]
    # What was private stays so: the way back does nothing.
    operations = [migrations.RunSQL(read_statement("community", "private_awards"), migrations.RunSQL.noop)]
