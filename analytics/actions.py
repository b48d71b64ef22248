"""Actions that write activities to the log and queue their reactions."""

import json
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from analytics.models import Activity, UserActivityLog, UserActivityLogQuerySet
from database.identity import after_commit
from database.statements import run_statement

REACT_TASK = "nrghax.tasks.react"
REACTIONS_PER_MESSAGE = 100

logger = logging.getLogger(__name__)


def record(member_id: UUID, activity: Activity, data: dict[str, Any] | None = None) -> UserActivityLog:
    """Write one activity into the log and queue its reactions when the transaction commits.

    Should be called in the transaction of the member's action. If the broker is down, the sweeper queues the activity
    later.
    """
    entry = UserActivityLog(
        user_id=member_id, activity_type=str(activity), activity_data=data or {}, created_at=timezone.now()
    )
    row: dict[str, Any] = {
        "id": entry.id,
        "user_id": member_id,
        "activity_type": entry.activity_type,
        "activity_data": json.dumps(entry.activity_data),
        "created_at": entry.created_at,
    }
    # Every action runs this, so it uses a SQL file: the ORM would compile the statement each time.
    run_statement("analytics", "record_activity", **row)
    entry._state.adding = False
    enqueue_on_commit(entry.id)
    return entry


def record_all(activity: Activity, happened: Iterable[tuple[UUID, dict[str, Any]]]) -> None:
    """Record one activity for many members at once; `happened` holds pairs of member id and activity data."""
    now = timezone.now()
    entries = UserActivityLog.objects.bulk_create(
        UserActivityLog(user_id=member_id, activity_type=activity, activity_data=data, created_at=now)
        for member_id, data in happened
    )
    enqueue_on_commit(*(entry.id for entry in entries))


def enqueue_on_commit(*activity_ids: UUID) -> None:
    """Queue the reactions to these activities when the transaction commits. A broker error never undoes the commit."""

    def enqueue() -> None:
        try:
            enqueue_reactions(*activity_ids)
        except OperationalError as error:
            waiting = ", ".join(map(str, activity_ids[:3]))
            logger.warning(
                "The broker is unreachable (%s). The sweeper will queue %d activities later: %s ...",
                error,
                len(activity_ids),
                waiting,
            )

    if activity_ids:
        after_commit(enqueue)


def enqueue_reactions(*activity_ids: UUID) -> None:
    """Queue the reactions in batches, so that one statement about many members does not send a message for each."""
    for first in range(0, len(activity_ids), REACTIONS_PER_MESSAGE):
        batch = [str(activity_id) for activity_id in activity_ids[first : first + REACTIONS_PER_MESSAGE]]
        _send(batch)


def _send(activity_ids: list[str]) -> None:
    """Send the task like `send_task`, but skip its lookup of task options, which costs as much as the sending."""
    message = current_app.amqp.create_task_message(str(uuid4()), REACT_TASK, activity_ids, ignore_result=True)
    with current_app.producer_pool.acquire(block=True) as producer:
        current_app.amqp.send_task_message(producer, REACT_TASK, message)


@transaction.atomic
def retry_activities(*, activities: UserActivityLogQuerySet) -> int:
    """Reset the activities that were given up, so that the sweeper retries them. Return how many were reset."""
    return activities.given_up().update(attempts=0)
