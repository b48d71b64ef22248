from django.utils.functional import SimpleLazyObject

from analytics.models import Notification


def unread_notifications(request):
    """How many notifications wait; asked of the database only where a template shows it."""
    member = getattr(request, "member", None)
    if member is None:
        return {"unread_notifications": 0}
    return {"unread_notifications": SimpleLazyObject(lambda: Notification.objects.visible_to(member).unread().count())}
