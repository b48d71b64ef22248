"""Writes on the daily check-in; its streak is a trigger's."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from uuid_utils.compat import uuid7

from accounts.database import read_statement
from accounts.models import Member
from analytics.actions import record
from analytics.models import Activity
from practice.models import DailyCheckin


class AlreadyCheckedIn(Exception):
    """The day has a check-in that whoever writes has not seen."""

    def __init__(self, checkin: DailyCheckin) -> None:
        super().__init__(f"There is one for {checkin.checkin_date} already.")
        self.checkin = checkin


def save_checkin(
    *,
    member: Member,
    day: date,
    seen_id: UUID | None,
    mood_before: int | None,
    mood_after: int | None,
    selected_hack_id: UUID | None,
    notes: str,
) -> bool:
    """Make or change the member's check-in of a local day; returns whether it is new.

    A new one keeps the zone and day start that the member is judged by now. `seen_id` is the check-in that the
    member changes; raises `AlreadyCheckedIn` if the day has another one, unless it says the same: a repeated submission
    changes nothing.
    """
    values = {
        "mood_before": mood_before,
        "mood_after": mood_after,
        "selected_hack_id": selected_hack_id,
        "notes": notes,
    }
    # Who has seen none makes the day's first nearly always: that is tried before one is looked for.
    if seen_id is None and _check_in(member, day, values):
        return True
    if _change_checkin(member, day, seen_id, values):
        return False
    # It was there a moment ago.
    return _check_in(member, day, values)


# A savepoint would be of no use: whoever is refused by the database is done with.
@transaction.atomic(savepoint=False)
def _check_in(member: Member, day: date, values: dict[str, Any]) -> bool:
    checkin_id = uuid7()
    place: dict[str, Any] = {"zone": member.zone, "day_start": member.profile.day_start}
    with connection.cursor() as cursor:
        cursor.execute(
            read_statement("practice", "check_in"),
            {"id": checkin_id, "member_id": member.pk, "day": day, **place, **values},
        )
        is_new = cursor.fetchone() is not None
    if is_new:
        _record_saved(member, checkin_id, day, is_new=True)
    return is_new


@transaction.atomic
def _change_checkin(member: Member, day: date, seen_id: UUID | None, values: dict[str, Any]) -> bool:
    """Returns False where the day has none to be changed."""
    checkin = DailyCheckin.objects.visible_to(member).select_for_update(no_key=True).filter(checkin_date=day).first()
    if checkin is None:
        return False
    changed = [name for name, value in values.items() if getattr(checkin, name) != value]
    if not changed:
        return True
    if checkin.pk != seen_id:
        raise AlreadyCheckedIn(checkin)
    for name in changed:
        setattr(checkin, name, values[name])
    checkin.save(update_fields=changed)
    _record_saved(member, checkin.pk, day, is_new=False)
    return True


def _record_saved(member: Member, checkin_id: UUID, day: date, *, is_new: bool) -> None:
    data = {"checkin_id": str(checkin_id), "date": str(day), "is_new": is_new}
    record(member.pk, Activity.CHECKIN_SAVED, data)


@transaction.atomic
def delete_checkin(*, checkin: DailyCheckin) -> None:
    """Delete a check-in; does nothing, and says nothing, where it is gone already."""
    deleted, _ = DailyCheckin.objects.filter(pk=checkin.pk).delete()
    if deleted:
        record(
            checkin.user_id,
            Activity.CHECKIN_DELETED,
            {"checkin_id": str(checkin.pk), "date": str(checkin.checkin_date)},
        )
