"""The record of the SQL files that `migrate` has applied."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

KEPT_DIGESTS = 10


class SqlFile(models.Model):
    """An applied file of `<app>/sql/schema/`, with the objects that it created."""

    path = models.CharField(primary_key=True, max_length=200)
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of the text that was applied last. Empty if the file was removed."
    )
    former_digests = ArrayField(
        models.CharField(max_length=64),
        default=list,
        help_text="Digests of earlier texts. The health check accepts them, so a process of an older release stays "
        "ready.",
    )
    objects_made = models.JSONField(
        default=dict, help_text="Identity of each object that the file created, with a hash of its definition."
    )
    applied_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sql_files"
        verbose_name = "SQL file"

    def __str__(self) -> str:
        return self.path

    def replace(self, digest: str, objects_made: dict[str, str]) -> None:
        """Note another text and its objects. The former digest joins the former digests. Does not save."""
        former = [each for each in [self.digest, *self.former_digests] if each not in {"", digest}]
        self.digest, self.former_digests = digest, former[:KEPT_DIGESTS]
        self.objects_made = objects_made
        self.applied_at = Now()
