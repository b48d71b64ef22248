"""Writes on hacks: what members keep on them, and unlocking."""

from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.models import Member
from analytics.actions import enqueue_on_commit
from analytics.models import Activity
from database.statements import run_statement
from hacks.models import Hack, UserHackProgress


class UnlockedHack(NamedTuple):
    member_id: UUID
    id: UUID
    name: str
    slug: str
    activity_id: UUID


@transaction.atomic
def unlock_hacks(*, member_id: UUID | None = None) -> list[UnlockedHack]:
    """Unlock what is due, for one member or (None) for all, and return what was not unlocked before.

    Each is written into the activity log and reacted to once that is committed. Should be called as the worker: a
    member's own role cannot unlock anything.
    """
    result = run_statement("hacks", "unlock_hacks", member_id=member_id, activity=Activity.HACK_UNLOCKED)
    unlocked = [UnlockedHack(*row) for row in result.rows]
    enqueue_on_commit(*(hack.activity_id for hack in unlocked))
    return unlocked


def set_favourite(*, member: Member, hack: Hack, is_favourite: bool) -> None:
    """Says what shall be rather than toggling, so that a second press changes nothing."""
    _keep(UserHackProgress(user=member, hack=hack, is_favorite=is_favourite), "is_favorite")


def save_notes(*, member: Member, hack: Hack, notes: str) -> None:
    _keep(UserHackProgress(user=member, hack=hack, notes=notes), "notes")


def _keep(progress: UserHackProgress, field: str) -> None:
    """One upsert of one column: two at once leave the other columns, and the totals, alone."""
    UserHackProgress.objects.bulk_create(
        [progress], update_conflicts=True, unique_fields=["user", "hack"], update_fields=[field]
    )
