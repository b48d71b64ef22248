"""Write activities into the log and have them reacted to."""

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
from database.statements import run_statement

REACT_TASK = "nrghax.tasks.react"
REACTIONS_A_MESSAGE = 100

logger = logging.getLogger(__name__)


def record(member_id: UUID, activity: Activity, data: dict[str, Any] | None = None) -> UserActivityLog:
    """Write one activity into the log and, once that is committed, have it reacted to.

    Should be called in the transaction of the deed itself. A broker that cannot be reached costs a moment and
    loses nothing: the sweeper finds what was not reacted to.
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
    # Every deed comes by here: the statement is not written anew for each.
    run_statement("analytics", "record_activity", **row)
    entry._state.adding = False
    enqueue_on_commit(entry.id)
    return entry


def record_all(activity: Activity, happened: Iterable[tuple[UUID, dict[str, Any]]]) -> None:
    """`record` for what one statement did to many: pairs of a member's id and the activity's data."""
    now = timezone.now()
    entries = UserActivityLog.objects.bulk_create(
        UserActivityLog(user_id=member_id, activity_type=activity, activity_data=data, created_at=now)
        for member_id, data in happened
    )
    enqueue_on_commit(*(entry.id for entry in entries))


def enqueue_on_commit(*activity_ids: UUID) -> None:
    """Have activities reacted to once the transaction is committed; what was done stands, whatever the broker says."""

    def enqueue() -> None:
        try:
            enqueue_reactions(*activity_ids)
        except OperationalError as error:
            waiting = ", ".join(map(str, activity_ids[:3]))
            logger.warning(
                "%d activities wait for the sweeper (%s ...): the broker cannot be reached (%s).",
                len(activity_ids),
                waiting,
                error,
            )

    if activity_ids:
        transaction.on_commit(enqueue, robust=True)


def enqueue_reactions(*activity_ids: UUID) -> None:
    """Many to a message: what one statement did to everybody would else be as many messages as people."""
    for first in range(0, len(activity_ids), REACTIONS_A_MESSAGE):
        batch = [str(activity_id) for activity_id in activity_ids[first : first + REACTIONS_A_MESSAGE]]
        _send(batch)


def _send(activity_ids: list[str]) -> None:
    """`send_task` without the options that a task may have of its own: to look for them costs as much as to send it."""
    message = current_app.amqp.create_task_message(str(uuid4()), REACT_TASK, activity_ids, ignore_result=True)
    with current_app.producer_pool.acquire(block=True) as producer:
        current_app.amqp.send_task_message(producer, REACT_TASK, message)


@transaction.atomic
def retry_activities(*, activities: UserActivityLogQuerySet) -> int:
    """Have those that were given up on tried anew; the sweeper finds them. Returns how many."""
    return activities.given_up().update(attempts=0)
