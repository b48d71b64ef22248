"""What time and drift ask for; each task is one set-based statement in sql/."""

import logging
from typing import Any

from celery import shared_task
from django.db import connection
from django.utils import timezone

from database.statements import read_statement
from practice import actions

logger = logging.getLogger(__name__)


@shared_task
def close_streaks() -> int:
    """Close the streaks whose last reachable day is over; returns how many."""
    return _run("close_streaks", {"now": timezone.now()})[0]


@shared_task
def recompute_streaks() -> int:
    """Hold every streak against its check-ins; returns how many rows had drifted and were repaired."""
    members, drift = _run("recompute_streaks")
    if drift:
        logger.warning("Streaks had drifted: repaired %d rows of %d members.", drift, members)
    return drift


@shared_task
def recompute_progress() -> int:
    """Hold everybody's totals on each hack against the sessions; returns how many had drifted and were repaired."""
    drift = _run("recompute_progress")[0]
    if drift:
        logger.warning("Progress had drifted: repaired %d rows.", drift)
    return drift


@shared_task
def close_abandoned_sessions() -> int:
    """Finish the timers that were forgotten; returns how many."""
    return actions.close_abandoned_sessions(now=timezone.now())


def _run(statement: str, parameters: dict[str, Any] | None = None) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(read_statement("practice", statement), parameters)
        return cursor.fetchone()
