"""Writes on the daily check-in; its streak is a trigger's."""

from datetime import date
from uuid import UUID

from django.db import transaction

from accounts.models import Member
from analytics.actions import record
from analytics.models import Activity
from hacks.models import Hack
from practice.models import DailyCheckin


class AlreadyCheckedIn(Exception):
    """The day has a check-in that whoever writes has not seen."""

    def __init__(self, checkin: DailyCheckin) -> None:
        super().__init__(f"There is one for {checkin.checkin_date} already.")
        self.checkin = checkin


@transaction.atomic
def save_checkin(
    *,
    member: Member,
    day: date,
    seen_id: UUID | None,
    mood_before: int | None,
    mood_after: int | None,
    selected_hack: Hack | None,
    notes: str,
) -> tuple[DailyCheckin, bool]:
    """Make or change the member's check-in of a local day; returns it and whether it is new.

    A new one keeps the zone and day start that the member is judged by now. `seen_id` is the check-in that the
    member changes; raises `AlreadyCheckedIn` if the day has another one, unless it says the same: a repeated submission
    changes nothing.
    """
    values = {
        "mood_before": mood_before,
        "mood_after": mood_after,
        "selected_hack_id": selected_hack.pk if selected_hack else None,
        "notes": notes,
    }
    place = {"timezone": member.zone, "day_start": member.profile.day_start}
    checkin, is_new = DailyCheckin.objects.select_for_update(no_key=True).get_or_create(
        user=member, checkin_date=day, defaults={**place, **values}
    )
    if not is_new:
        changed = [name for name, value in values.items() if getattr(checkin, name) != value]
        if not changed:
            return checkin, False
        if checkin.pk != seen_id:
            raise AlreadyCheckedIn(checkin)
        for name in changed:
            setattr(checkin, name, values[name])
        checkin.save(update_fields=changed)
    record(member.pk, Activity.CHECKIN_SAVED, {"checkin_id": str(checkin.pk), "date": str(day), "is_new": is_new})
    return checkin, is_new


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
