"""The life of a practice session: started, paused, finished, or logged afterwards; then changed or deleted."""

from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Member
from analytics.actions import record, record_all
from analytics.models import Activity
from database.local_days import local_date
from database.statements import run_statement
from hacks.models import Hack
from practice.models import PracticeSession

ABANDONED_AFTER = timedelta(hours=12)


class SessionIdTaken(Exception):
    """The id that the client made is the id of a session that this member cannot see."""


class SessionChanges(TypedDict, total=False):
    hack_id: UUID
    started_at: datetime
    duration_seconds: int
    session_type: str
    feedback_score: int | None
    notes: str
    biometric_data: dict[str, int] | None


@transaction.atomic
def start_session(
    *, member: Member, hack: Hack, session_id: UUID, planned_seconds: int, session_type: str, now: datetime
) -> PracticeSession:
    """Start the timer. A repeat returns the session of that id; while another one runs, that one is returned.

    Raises SessionIdTaken.
    """
    own = PracticeSession.objects.visible_to(member)
    try:
        session, _ = own.get_or_create(
            pk=session_id,
            user=member,
            defaults={
                "hack": hack,
                "started_at": now,
                "last_seen_at": now,
                "planned_seconds": planned_seconds,
                "session_type": session_type,
                **_day_of(member, now),
            },
        )
    except IntegrityError as error:
        # The database lets one session run a member, however many tabs press the button.
        running = own.running().first()
        if running is None:
            raise SessionIdTaken from error
        return running
    return session


@transaction.atomic
def log_session(
    *,
    member: Member,
    session_id: UUID,
    hack_id: UUID,
    started_at: datetime,
    duration_seconds: int,
    session_type: str,
    feedback_score: int | None,
    notes: str,
    biometric_data: dict[str, int] | None,
) -> PracticeSession:
    """Record a practice afterwards; a repeat returns the session of that id as it stands. Raises SessionIdTaken."""
    try:
        session, is_new = PracticeSession.objects.visible_to(member).get_or_create(
            pk=session_id,
            user=member,
            defaults={
                "hack_id": hack_id,
                "started_at": started_at,
                "ended_at": started_at + timedelta(seconds=duration_seconds),
                "duration_seconds": duration_seconds,
                "planned_seconds": max(duration_seconds, 60),
                "session_type": session_type,
                "feedback_score": feedback_score,
                "notes": notes,
                "biometric_data": biometric_data,
                **_day_of(member, started_at),
            },
        )
    except IntegrityError as error:
        raise SessionIdTaken from error
    if is_new:
        _record(Activity.SESSION_LOGGED, session)
    return session


@transaction.atomic
def pause_session(*, session: PracticeSession, now: datetime) -> None:
    """Should be called while holding the lock on the session's row, as everything below."""
    if session.is_running and session.paused_at is None:
        session.paused_at = session.last_seen_at = now
        session.save(update_fields=["paused_at", "last_seen_at"])


@transaction.atomic
def resume_session(*, session: PracticeSession, now: datetime) -> None:
    if session.is_running and session.paused_at is not None:
        session.paused_seconds += round((now - session.paused_at).total_seconds())
        session.paused_at = None
        session.last_seen_at = now
        session.save(update_fields=["paused_seconds", "paused_at", "last_seen_at"])


@transaction.atomic
def finish_session(*, session: PracticeSession, now: datetime, ended_at: datetime | None = None) -> bool:
    """Finish a running session and return True; one that is finished stays as it is.

    `ended_at` is when the client says that it ended; it is held between the start and now.
    """
    if not session.is_running:
        return False
    moments = [now, *(moment for moment in (ended_at, session.paused_at) if moment)]
    session.ended_at = max(min(moments), session.started_at)
    session.duration_seconds = session.elapsed_seconds(session.ended_at)
    session.paused_at = None
    session.save(update_fields=["ended_at", "duration_seconds", "paused_at"])
    _record(Activity.SESSION_LOGGED, session)
    return True


@transaction.atomic
def discard_session(*, session: PracticeSession) -> bool:
    """Forget a running session, as if it had never been started, and return True; a finished one stays."""
    if not session.is_running:
        return False
    session.delete()
    return True


@transaction.atomic
def change_session(*, session: PracticeSession, **changes: Unpack[SessionChanges]) -> bool:
    """Change a finished session; returns whether anything is different now.

    A new start or duration makes it one stretch without pauses. Its day is judged by the clocks it was practised by.
    """
    different: dict[str, Any] = {name: value for name, value in changes.items() if getattr(session, name) != value}
    if not different:
        return False
    if different.keys() & {"started_at", "duration_seconds"}:
        started_at = different.get("started_at", session.started_at)
        seconds = different.get("duration_seconds", session.duration_seconds) or 0
        different |= {
            "paused_seconds": 0,
            "ended_at": started_at + timedelta(seconds=seconds),
            "practice_date": local_date(started_at, session.timezone, session.day_start),
        }
    for name, value in different.items():
        setattr(session, name, value)
    session.save(update_fields=list(different))
    _record(Activity.SESSION_CHANGED, session)
    return True


@transaction.atomic
def delete_session(*, session: PracticeSession) -> None:
    _record(Activity.SESSION_DELETED, session)
    session.delete()


@transaction.atomic
def close_abandoned_sessions(*, now: datetime) -> int:
    """Finish the timers that were started half a day ago and forgotten; returns how many. As the worker."""
    closed = run_statement("practice", "close_abandoned_sessions", before=now - ABANDONED_AFTER).rows
    record_all(
        Activity.SESSION_LOGGED,
        [
            (member_id, {"session_id": str(session_id), "hack_id": str(hack_id)})
            for member_id, session_id, hack_id in closed
        ],
    )
    return len(closed)


def _record(activity: Activity, session: PracticeSession) -> None:
    record(session.user_id, activity, {"session_id": str(session.pk), "hack_id": str(session.hack_id)})


def _day_of(member: Member, moment: datetime) -> dict[str, Any]:
    """The local day that a moment belongs to, with the clocks that say so."""
    zone, day_start = member.zone_at(moment), member.profile.day_start
    return {
        "practice_date": local_date(moment, zone, day_start),
        "timezone": zone,
        "day_start": day_start,
    }
