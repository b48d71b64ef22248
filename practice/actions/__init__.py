"""Practice actions: writes that span rows or record an activity."""

from practice.actions.checkins import AlreadyCheckedIn, StreakState, delete_checkin, save_checkin
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
from practice.actions.streaks import (
    RestDayRefused,
    give_up_rest_day,
    grant_rest_day,
    hide_streaks,
    plan_rest_day,
    recompute_streak,
)
from practice.actions.trips import TripsOverlap, save_trip

__all__ = [
    "AlreadyCheckedIn",
    "RestDayRefused",
    "SessionIdTaken",
    "StreakState",
    "TripsOverlap",
    "change_session",
    "close_abandoned_sessions",
    "delete_checkin",
    "delete_session",
    "discard_session",
    "finish_session",
    "give_up_rest_day",
    "grant_rest_day",
    "hide_streaks",
    "log_session",
    "pause_session",
    "plan_rest_day",
    "recompute_streak",
    "resume_session",
    "save_checkin",
    "save_trip",
    "start_session",
]
