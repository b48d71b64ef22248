from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import Member
from database.identity import Role, database_identity
from hacks.models import Hack
from practice.models import DailyCheckin, PracticeSession


def days_ago(number: int) -> date:
    return timezone.now().date() - timedelta(days=number)


def make_session(member: Member, hack: Hack, *, started_at: datetime, minutes: int = 10, **fields) -> PracticeSession:
    """Create a finished session in UTC, or a running one with `ended_at=None`."""
    seconds = minutes * 60
    values = {
        "ended_at": started_at + timedelta(seconds=seconds),
        "practice_date": started_at.date(),
        "timezone": "UTC",
        **fields,
    }
    values.setdefault("duration_seconds", seconds if values["ended_at"] else None)
    with database_identity(Role.WORKER):
        return PracticeSession.objects.create(user=member, hack=hack, started_at=started_at, **values)


def make_checkin(member: Member, day: date, **fields) -> DailyCheckin:
    """Create a check-in and read back the streak that the trigger computed."""
    with database_identity(Role.WORKER):
        checkin = DailyCheckin.objects.create(
            user=member, checkin_date=day, **{"timezone": "UTC", "day_start": time(0), **fields}
        )
        checkin.refresh_from_db()
        return checkin
