"""Actions on hacks: unlocking, favourites and private notes."""

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
    """Unlock the hacks whose criteria are met, for one member or, with None, for all. Return the new unlocks.

    Each unlock is recorded in the activity log, and its reactions are queued on commit. Should be called as the worker,
    because the member's role has no right to unlock.
    """
    result = run_statement("hacks", "unlock_hacks", member_id=member_id, activity=Activity.HACK_UNLOCKED)
    unlocked = [UnlockedHack(*row) for row in result.rows]
    enqueue_on_commit(*(hack.activity_id for hack in unlocked))
    return unlocked


def set_favourite(*, member: Member, hack: Hack, is_favourite: bool) -> None:
    """Set the favourite to the given value. It does not toggle, so a repeated request changes nothing."""
    _upsert_field(UserHackProgress(user=member, hack=hack, is_favorite=is_favourite), "is_favorite")


def save_notes(*, member: Member, hack: Hack, notes: str) -> None:
    _upsert_field(UserHackProgress(user=member, hack=hack, notes=notes), "notes")


def _upsert_field(progress: UserHackProgress, field: str) -> None:
    """Upsert one column of the member's progress, so that concurrent writes never overwrite other columns."""
    UserHackProgress.objects.bulk_create(
        [progress], update_conflicts=True, unique_fields=["user", "hack"], update_fields=[field]
    )
