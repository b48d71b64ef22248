"""Writes to daily check-ins. A trigger computes the streak."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.models import Member
from analytics.actions import enqueue_on_commit, record
from analytics.models import Activity
from database.statements import run_statement
from practice.models import DailyCheckin


class StreakState(NamedTuple):
    """A member's streak after a check-in, and when it ends; see `practice.rules.shown_streak`."""

    streak: int
    ends_at: datetime | None


class AlreadyCheckedIn(Exception):
    """Raised if the day already has a check-in that the member hasn't seen."""


def save_checkin(
    *,
    member: Member,
    day: date,
    seen_id: UUID | None,
    mood_before: int | None,
    mood_after: int | None,
    selected_hack_id: UUID | None,
    notes: str,
) -> StreakState | None:
    """Create or change the member's check-in for a local day; return the streak after a new check-in.

    A new check-in stores the member's current time zone and day start. `seen_id` is the id of the check-in that the
    member has seen and is changing, or None. Raise `AlreadyCheckedIn` if the day has a different check-in with
    different values. A repeated submission with equal values changes nothing.
    """
    values = {
        "mood_before": mood_before,
        "mood_after": mood_after,
        "selected_hack_id": selected_hack_id,
        "notes": notes,
    }
    # Without a `seen_id` this is nearly always the day's first check-in, so try to insert before querying.
    streak = _check_in(member, day, values) if seen_id is None else None
    while streak is None and not _change_checkin(member, day, seen_id, values):
        # The check-in was deleted since the member opened it. Another tab may create one meanwhile.
        streak = _check_in(member, day, values)
    return streak


# No savepoint: if the database rejects the row, the whole request fails.
@transaction.atomic(savepoint=False)
def _check_in(member: Member, day: date, values: dict[str, Any]) -> StreakState | None:
    """Insert a check-in and return the streak after it; return None if the day already has one."""
    activity_id = uuid7()
    row: dict[str, Any] = {
        "member_id": member.pk,
        "day": day,
        "zone": member.zone,
        "day_start": member.profile.day_start,
        "checkin_id": uuid7(),
        "activity_id": activity_id,
        "activity": Activity.CHECKIN_SAVED.value,
        **values,
    }
    result = run_statement("practice", "check_in", **row)
    if not result.rows:
        return None
    enqueue_on_commit(activity_id)
    return StreakState(*result.row)


@transaction.atomic
def _change_checkin(member: Member, day: date, seen_id: UUID | None, values: dict[str, Any]) -> bool:
    """Change the day's check-in; return False if there is none. Raise `AlreadyCheckedIn` as `save_checkin` does."""
    checkin = DailyCheckin.objects.visible_to(member).select_for_update(no_key=True).filter(checkin_date=day).first()
    if checkin is None:
        return False
    changed = [name for name, value in values.items() if getattr(checkin, name) != value]
    if not changed:
        return True
    if checkin.pk != seen_id:
        raise AlreadyCheckedIn(f"There is already a check-in for {day}.")
    for name in changed:
        setattr(checkin, name, values[name])
    checkin.save(update_fields=changed)
    data = {"checkin_id": str(checkin.pk), "date": str(day), "is_new": False}
    record(member.pk, Activity.CHECKIN_SAVED, data)
    return True


@transaction.atomic
def delete_checkin(*, checkin: DailyCheckin) -> None:
    """Delete a check-in and record the activity; do nothing if the check-in is already gone."""
    deleted, _ = DailyCheckin.objects.filter(pk=checkin.pk).delete()
    if deleted:
        record(
            checkin.user_id,
            Activity.CHECKIN_DELETED,
            {"checkin_id": str(checkin.pk), "date": str(checkin.checkin_date)},
        )
