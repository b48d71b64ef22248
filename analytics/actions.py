"""Writing down what happened."""

from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from analytics.models import Activity, UserActivityLog

REACT_TASK = "nrghax.tasks.react"


def record(member_id: UUID, activity: Activity, data: dict[str, Any] | None = None) -> UserActivityLog:
    """Write one activity into the log and, once that is committed, have it reacted to.

    Should be called in the transaction of the deed itself. A broker that cannot be reached costs a moment and
    loses nothing: the sweeper finds what was not reacted to.
    """
    entry = UserActivityLog.objects.create(
        user_id=member_id, activity_type=activity, activity_data=data or {}, created_at=timezone.now()
    )
    transaction.on_commit(partial(enqueue_reaction, entry.id), robust=True)
    return entry


def enqueue_reaction(activity_id: UUID) -> None:
    current_app.send_task(REACT_TASK, args=[str(activity_id)], ignore_result=True)
