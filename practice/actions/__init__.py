"""Writes on practice that span rows."""

from practice.actions.checkins import AlreadyCheckedIn, delete_checkin, save_checkin
from practice.actions.sessions import (
    SessionIdTaken,
    change_session,
    close_abandoned_sessions,
    delete_session,
    discard_session,
    finish_session,
    log_session,
    pause_session,
    resume_session,
    start_session,
)
from practice.actions.streaks import recompute_streak

__all__ = [
    "AlreadyCheckedIn",
    "SessionIdTaken",
    "change_session",
    "close_abandoned_sessions",
    "delete_checkin",
    "delete_session",
    "discard_session",
    "finish_session",
    "log_session",
    "pause_session",
    "recompute_streak",
    "resume_session",
    "save_checkin",
    "start_session",
]
