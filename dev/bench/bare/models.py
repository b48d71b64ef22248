from django.db import models


class Entry(models.Model):
    title = models.CharField(max_length=100)
    summary = models.CharField(max_length=200)
    minutes = models.PositiveIntegerField()
    score = models.DecimalField(max_digits=6, decimal_places=2)
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.title
