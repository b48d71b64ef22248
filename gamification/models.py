"""What can be achieved."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class Achievement(models.Model):
    """What can be achieved, and by which criteria."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True, default="")
    icon_url = models.CharField(
        max_length=200, blank=True, default="", help_text="The name of an icon, or a path under /static/."
    )
    category = models.CharField(max_length=40, blank=True, default="", db_index=True)
    criteria_json = models.JSONField(help_text='{"type": "streak", "value": 7}')
    points = models.PositiveIntegerField(default=10)
    is_hidden = models.BooleanField(default=False)
    discord_role_id = models.CharField(max_length=32, blank=True, default="")
    sort_order = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "achievements"
        ordering = ["sort_order", "name"]

    def __str__(self) -> str:
        return self.name
