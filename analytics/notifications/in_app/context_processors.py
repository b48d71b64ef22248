from django.db.models import Count, QuerySet
from django.utils.functional import SimpleLazyObject

from accounts.models import Member
from analytics.models import Notification
from database.compiled import compiled


def unread_notifications(request):
    """Add the number of unread notifications. The query runs only if a template uses it."""
    member = getattr(request, "member", None)
    if member is None:
        return {"unread_notifications": 0}
    return {"unread_notifications": SimpleLazyObject(lambda: sum(row["number"] for row in _unread(member)))}


@compiled
def _unread(member: Member) -> QuerySet:
    unread = Notification.objects.visible_to(member).unread()
    return unread.order_by().values("is_read").annotate(number=Count("pk")).values("number")
