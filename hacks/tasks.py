from celery import shared_task

from hacks.actions import unlock_hacks


@shared_task
def unlock_for_all() -> int:
    """Apply changed criteria to the past practice of all members. Return the number of new unlocks."""
    return len(unlock_hacks())
