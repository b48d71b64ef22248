"""Writes on hacks that span rows."""

from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from accounts.database import read_statement


class UnlockedHack(NamedTuple):
    member_id: UUID
    id: UUID
    name: str
    slug: str


@transaction.atomic
def unlock_hacks(*, member_id: UUID | None = None) -> list[UnlockedHack]:
    """Unlock what is due, for one member or (None) for all, and return what was not unlocked before.

    Should be called as the worker: a member's own role cannot unlock anything.
    """
    with connection.cursor() as cursor:
        cursor.execute(read_statement("hacks", "unlock_hacks"), {"member_id": member_id})
        return [UnlockedHack(*row) for row in cursor.fetchall()]
