"""The streak, recomputed by workers."""

from uuid import UUID

from django.db import connection, transaction


@transaction.atomic
def recompute_streak(*, member_id: UUID) -> int:
    """Recompute a member's whole streak from its rows; returns how many rows had drifted. As the worker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app.recompute_streak(%s)", [member_id])
        return cursor.fetchone()[0]
