"""Writes on the daily check-in; its streak is a trigger's."""

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
    """The streak of the last check-in, and when it is over; see `practice.rules.shown_streak`."""

    streak: int
    ends_at: datetime | None


class AlreadyCheckedIn(Exception):
    """The day has a check-in that the member has not seen."""


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
    """Make or change the member's check-in of a local day; return the streak after a new one.

    A new one keeps the zone and day start that the member is judged by now. `seen_id` is the check-in that the
    member changes; raises `AlreadyCheckedIn` if the day has another one, unless that says the same: a repeated
    submission changes nothing.
    """
    values = {
        "mood_before": mood_before,
        "mood_after": mood_after,
        "selected_hack_id": selected_hack_id,
        "notes": notes,
    }
    # A member who has seen none nearly always makes the day's first: try that before looking for one.
    streak = _check_in(member, day, values) if seen_id is None else None
    if streak or _change_checkin(member, day, seen_id, values):
        return streak
    # It was there a moment ago.
    return _check_in(member, day, values)


# A savepoint would be of no use: a refusal by the database ends the request.
@transaction.atomic(savepoint=False)
def _check_in(member: Member, day: date, values: dict[str, Any]) -> StreakState | None:
    """Return the streak after the new check-in; None if the day has one already."""
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
    """Return whether the day has a check-in to change."""
    checkin = DailyCheckin.objects.visible_to(member).select_for_update(no_key=True).filter(checkin_date=day).first()
    if checkin is None:
        return False
    changed = [name for name, value in values.items() if getattr(checkin, name) != value]
    if not changed:
        return True
    if checkin.pk != seen_id:
        raise AlreadyCheckedIn(f"There is one for {day} already.")
    for name in changed:
        setattr(checkin, name, values[name])
    checkin.save(update_fields=changed)
    data = {"checkin_id": str(checkin.pk), "date": str(day), "is_new": False}
    record(member.pk, Activity.CHECKIN_SAVED, data)
    return True


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
