"""The worker's side of the activity log: react, sweep, keep the partitions and the sessions; the sign of life."""

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
    """Run the reactions to activities, each in a transaction of its own: what fails holds up none of the others."""
    failures: list[Exception] = []
    for activity_id in activity_ids:
        try:
            _react_to(activity_id)
        except Exception as error:
            failures.append(error)
    # Celery says what it is raised.
    for error in failures[:-1]:
        logger.error("The reactions to an activity failed.", exc_info=error)
    if failures:
        raise failures[-1]


def _react_to(activity_id: str) -> None:
    """Does nothing where it is done or being done elsewhere."""
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
            # With its time, so that one partition is looked at rather than each month's.
            UserActivityLog.objects.filter(pk=activity_id, created_at=activity.created_at).update(
                processed_at=timezone.now()
            )
    except Exception:
        # Counted in a transaction of its own: the sweeper gives up on what fails again and again.
        UserActivityLog.objects.filter(pk=activity_id).update(attempts=F("attempts") + 1)
        raise


@shared_task
def sweep_activities() -> int:
    """Enqueue what a lost broker or worker left behind; returns how many."""
    waiting = (
        UserActivityLog.objects.pending()
        .filter(created_at__lt=timezone.now() - SWEEP_AFTER)
        .order_by("created_at")
        .values_list("id", flat=True)[:SWEEP_BATCH]
    )
    ids = list(waiting)
    enqueue_reactions(*ids)
    if ids:
        logger.warning("Swept up %d activities that nobody had reacted to.", len(ids))
    return len(ids)


@shared_task
def keep_activity_partitions() -> None:
    """Make the coming months' partitions and drop those past their time."""
    oldest = (timezone.now() - KEEP_ACTIVITIES).date().replace(day=1)
    call_function("app.make_activity_partitions", 3)
    call_function("app.drop_activity_partitions", oldest)


@shared_task
def clear_sessions() -> int:
    """Delete the sign-ins whose time is over, as manage.py clearsessions does; returns how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]


@shared_task
def heartbeat() -> None:
    """A worker's sign of life, for /readyz."""
    cache.set(WORKER_SEEN_KEY, timezone.now().isoformat(), timeout=WORKER_SEEN_SECONDS)
