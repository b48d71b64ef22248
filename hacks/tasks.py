from celery import shared_task

from hacks.actions import unlock_hacks


@shared_task
def unlock_for_all() -> int:
    """Reach back: criteria have changed, and what members did before counts. Returns how many hacks were unlocked."""
    return len(unlock_hacks())
