"""Tasks on the activity log (reactions, sweeping, partitions), expired sessions, and the worker's heartbeat."""

import logging
from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from analytics.actions import enqueue_reactions
from analytics.models import UserActivityLog
from database.statements import call_function
from nrghax.reactions import REACTIONS

SWEEP_AFTER = timedelta(minutes=1)
SWEEP_BATCH = 1000
KEEP_ACTIVITIES = timedelta(days=400)
WORKER_SEEN_KEY = "nrghax.worker.seen"
WORKER_SEEN_SECONDS = 60

logger = logging.getLogger(__name__)


@shared_task
def react(*activity_ids: str) -> None:
    """Run the reactions to activities, each activity in its own transaction, so that one failure stops no others.

    Raise the last failure at the end. Earlier ones are logged.
    """
    failures: list[Exception] = []
    for activity_id in activity_ids:
        try:
            _react_to(activity_id)
        except Exception as error:
            failures.append(error)
    # Celery logs the failure that is raised.
    for error in failures[:-1]:
        logger.error("The reactions to an activity failed.", exc_info=error)
    if failures:
        raise failures[-1]


def _react_to(activity_id: str) -> None:
    """Run one activity's reactions. Do nothing if it is processed already or locked by another worker."""
    try:
        with transaction.atomic():
            activity = (
                UserActivityLog.objects.select_for_update(skip_locked=True, no_key=True)
                .filter(pk=activity_id, processed_at=None)
                .first()
            )
            if activity is None:
                return
            for reaction in REACTIONS[activity.activity_type]:
                reaction(activity)
            # The filter on created_at limits the update to one partition.
            UserActivityLog.objects.filter(pk=activity_id, created_at=activity.created_at).update(
                processed_at=timezone.now()
            )
    except Exception:
        # The attempt is counted in a separate transaction: the sweeper gives up on repeated failures.
        UserActivityLog.objects.filter(pk=activity_id).update(attempts=F("attempts") + 1)
        raise


@shared_task
def sweep_activities() -> int:
    """Enqueue the activities that a lost broker or worker left unprocessed. Return their number."""
    waiting = (
        UserActivityLog.objects.pending()
        .filter(created_at__lt=timezone.now() - SWEEP_AFTER)
        .order_by("created_at")
        .values_list("id", flat=True)[:SWEEP_BATCH]
    )
    ids = list(waiting)
    enqueue_reactions(*ids)
    if ids:
        logger.warning("Enqueued %d unprocessed activities again.", len(ids))
    return len(ids)


@shared_task
def keep_activity_partitions() -> None:
    """Create the coming months' partitions and drop those older than KEEP_ACTIVITIES."""
    oldest = (timezone.now() - KEEP_ACTIVITIES).date().replace(day=1)
    call_function("app.make_activity_partitions", 3)
    call_function("app.drop_activity_partitions", oldest)


@shared_task
def clear_sessions() -> int:
    """Delete expired sessions, as manage.py clearsessions does. Return their number."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]


@shared_task
def heartbeat() -> None:
    """Record that a worker is alive, for /readyz."""
    cache.set(WORKER_SEEN_KEY, timezone.now().isoformat(), timeout=WORKER_SEEN_SECONDS)
