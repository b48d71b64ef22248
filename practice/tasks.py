"""Scheduled tasks: close ended streaks and abandoned sessions, and repair drift. Each runs one statement in sql/."""

import logging

from celery import shared_task
from django.utils import timezone

from database.statements import run_statement
from practice import actions

logger = logging.getLogger(__name__)


@shared_task
def close_streaks() -> int:
    """Set streaks that have ended to zero; return how many."""
    return run_statement("practice", "close_streaks", now=timezone.now()).value


@shared_task
def recompute_streaks() -> int:
    """Compare every streak with its check-ins and repair drift; return how many rows were repaired."""
    members, drift = run_statement("practice", "recompute_streaks").row
    if drift:
        logger.warning("Streak drift: repaired %d rows of %d members.", drift, members)
    return drift


@shared_task
def recompute_progress() -> int:
    """Compare all members' totals per hack with their sessions and repair drift; return how many rows were repaired."""
    drift = run_statement("practice", "recompute_progress").value
    if drift:
        logger.warning("Progress drift: repaired %d rows.", drift)
    return drift


@shared_task
def close_abandoned_sessions() -> int:
    """Finish sessions whose timer was left running; return how many."""
    return actions.close_abandoned_sessions(now=timezone.now())
