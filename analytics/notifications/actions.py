from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Member
from analytics.models import Notification


@transaction.atomic
def mark_read(*, member: Member, notification_ids: Collection[UUID] | None = None) -> int:
    """Mark these notifications of a member as read, or all of them for None. Return how many were unread."""
    unread = Notification.objects.visible_to(member).unread()
    if notification_ids is not None:
        unread = unread.filter(pk__in=notification_ids)
    return unread.update(is_read=True, read_at=timezone.now())
