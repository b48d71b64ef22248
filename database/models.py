"""What `migrate` has applied besides migrations: the files of SQL that say how the database behaves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class SqlFile(models.Model):
    """A file of `<app>/sql/schema/` as it was applied last, and the objects that it made."""

    path = models.CharField(primary_key=True, max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of its text.")
    former_digests = ArrayField(
        models.CharField(max_length=64),
        default=list,
        help_text="Those applied before: a process of the release before this one is still ready.",
    )
    objects_made = models.JSONField(default=dict, help_text="Their definitions, hashed, by what they are.")
    applied_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sql_files"
        verbose_name = "SQL file"

    def __str__(self) -> str:
        return self.path
