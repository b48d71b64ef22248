"""The streak: rest days planned, given up and won, hidden or shown, and recomputed by workers."""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from accounts.models import Member, Profile
from database.constraints import refused_by
from database.statements import call_function, run_statement
from practice.models import RestDay

# What the database's guards say, in words for whoever planned.
REFUSALS = {
    "rest_day_planned_ahead": "Plan a rest day before it begins: from tomorrow on.",
    "rest_day_two_a_week": "That week, from Monday to Sunday, has two rest days already.",
    "rest_day_once_a_day": "That day is planned already.",
}


class RestDayRefused(Exception):
    """A rule of the rest days is against it; `reason` says which, to the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def plan_rest_day(*, member: Member, day: date) -> RestDay:
    """Raises RestDayRefused, and then writes nothing."""
    try:
        with transaction.atomic():
            return RestDay.objects.create(user=member, rest_date=day)
    except IntegrityError as error:
        reason = REFUSALS.get(refused_by(error))
        if reason is None:
            raise
        raise RestDayRefused(reason) from error


@transaction.atomic
def give_up_rest_day(*, rest_day: RestDay, today: date) -> bool:
    """Delete a rest day that is still to come and return True; one that has begun stays."""
    deleted, _ = RestDay.objects.filter(pk=rest_day.pk).ahead_of(today).delete()
    return bool(deleted)


@transaction.atomic
def grant_rest_day(*, member_id: UUID, source_id: UUID, now: datetime) -> bool:
    """Put a rest day that was won into a member's stock; False where that source has brought one. As the worker."""
    return run_statement(
        "practice", "grant_rest_day", id=uuid7(), member_id=member_id, source_id=source_id, now=now
    ).value


@transaction.atomic
def hide_streaks(*, member: Member, hidden: bool) -> None:
    Profile.objects.filter(pk=member.pk).update(hide_streaks=hidden)


@transaction.atomic
def recompute_streak(*, member_id: UUID) -> int:
    """Recompute a member's whole streak from its rows; returns how many rows had drifted. As the worker."""
    return call_function("app.recompute_streak", member_id)
