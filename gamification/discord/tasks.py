from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from gamification.discord import actions

# Beat starts the task each minute. After a shorter pause the task enqueues itself again.
SOON_SECONDS = 60


@shared_task
def want_discord_roles(member_id: str | None = None) -> int:
    """Store which Discord accounts should have which roles; return how many rows changed."""
    if member_id is None:
        actions.forget_erased_accounts(now=timezone.now())
    return actions.want_discord_roles(member_id=UUID(member_id) if member_id else None)


@shared_task
def send_discord_roles() -> int:
    """Send the due requests to Discord; return how many were sent. Enqueue the task again after a short pause."""
    sent = actions.send_discord_roles(now=timezone.now())
    if sent.resume_in is not None and sent.resume_in < SOON_SECONDS:
        with suppress(OperationalError):
            send_discord_roles.apply_async(countdown=sent.resume_in)
    return sent.number
