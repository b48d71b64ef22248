"""Writes to rest days and streaks: plan, cancel and grant rest days, hide streaks, recompute a streak."""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from accounts.models import Member, Profile
from database.constraints import refused_by
from database.statements import call_function, run_statement
from practice.models import RestDay

# Messages to the member, by the database constraint that rejected the rest day.
REFUSALS = {
    "rest_day_planned_ahead": "Choose tomorrow or a later day.",
    "rest_day_two_a_week": "You already have two rest days that week (Monday to Sunday). Choose another week.",
    "rest_day_once_a_day": "You already have a rest day planned for that day.",
}


class RestDayRefused(Exception):
    """Raised if a rule for rest days is broken; `reason` is the message for the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def plan_rest_day(*, member: Member, day: date) -> RestDay:
    """Plan a rest day; raise `RestDayRefused` and write nothing if a rule is broken."""
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
    """Cancel a future rest day and return True; keep a rest day that has begun and return False."""
    deleted, _ = RestDay.objects.filter(pk=rest_day.pk).ahead_of(today).delete()
    return bool(deleted)


@transaction.atomic
def grant_rest_day(*, member_id: UUID, source_id: UUID, now: datetime) -> bool:
    """Grant a member a rest day that was won; return False if this source already granted one.

    Runs as the worker role.
    """
    return run_statement(
        "practice", "grant_rest_day", id=uuid7(), member_id=member_id, source_id=source_id, now=now
    ).value


@transaction.atomic
def hide_streaks(*, member: Member, hidden: bool) -> None:
    Profile.objects.filter(pk=member.pk).update(hide_streaks=hidden)


@transaction.atomic
def recompute_streak(*, member_id: UUID) -> int:
    """Recompute a member's whole streak from the check-ins; return how many rows had drifted.

    Runs as the worker role.
    """
    return call_function("app.recompute_streak", member_id)
