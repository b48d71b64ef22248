"""What time and drift ask for; each task is one set-based statement in sql/."""

import logging

from celery import shared_task
from django.utils import timezone

from database.statements import run_statement
from practice import actions

logger = logging.getLogger(__name__)


@shared_task
def close_streaks() -> int:
    """Close the streaks whose last reachable day is over; returns how many."""
    return run_statement("practice", "close_streaks", now=timezone.now()).value


@shared_task
def recompute_streaks() -> int:
    """Hold every streak against its check-ins; returns how many rows had drifted and were repaired."""
    members, drift = run_statement("practice", "recompute_streaks").row
    if drift:
        logger.warning("Streaks had drifted: repaired %d rows of %d members.", drift, members)
    return drift


@shared_task
def recompute_progress() -> int:
    """Hold everybody's totals on each hack against the sessions; returns how many had drifted and were repaired."""
    drift = run_statement("practice", "recompute_progress").value
    if drift:
        logger.warning("Progress had drifted: repaired %d rows.", drift)
    return drift


@shared_task
def close_abandoned_sessions() -> int:
    """Finish the timers that were forgotten; returns how many."""
    return actions.close_abandoned_sessions(now=timezone.now())
