from contextlib import suppress
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from gamification.discord import actions

# Beat comes each minute; what Discord wants sooner need not wait for that.
SOON_SECONDS = 60


@shared_task
def want_discord_roles(member_id: str | None = None) -> int:
    """Write down who shall have which role on Discord; returns how many changed."""
    if member_id is None:
        actions.forget_erased_accounts(now=timezone.now())
    return actions.want_discord_roles(member_id=UUID(member_id) if member_id else None)


@shared_task
def send_discord_roles() -> int:
    """Ask Discord for the roles that are due; returns how many it was asked for. After a short pause it comes again."""
    sent = actions.send_discord_roles(now=timezone.now())
    if sent.again_in is not None and sent.again_in < SOON_SECONDS:
        with suppress(OperationalError):
            send_discord_roles.apply_async(countdown=sent.again_in)
    return sent.number
