from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from analytics.actions import mark_read
from analytics.models import Notification

PAGE_SIZE = 20


@require_safe
@login_required
def notification_list(request: HttpRequest) -> HttpResponse:
    notifications = (
        Notification.objects.visible_to(request.member)
        .order_by("-created_at", "-pk")
        .values("id", "title", "message", "is_read", "created_at")
    )
    page = Paginator(notifications, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [
        {
            **row,
            "when": date_format(timezone.localtime(row["created_at"]), "j F Y, H:i"),
            "open_url": f"{request.path}{row['id']}/open/",
        }
        for row in page
    ]
    return render(request, "analytics/notification_list.html", {"page_obj": page, "rows": rows})


@require_POST
@login_required
def notification_open(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """A form's button rather than a link: reading is written down, and GET never writes."""
    notification = get_object_or_404(Notification.objects.visible_to(request.member), pk=notification_id)
    mark_read(member=request.member, notification_ids=[notification.pk])
    return redirect(_local(notification.data.get("path")) or "analytics:notification-list")


@require_POST
@login_required
def notification_read(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    notification = get_object_or_404(Notification.objects.visible_to(request.member), pk=notification_id)
    mark_read(member=request.member, notification_ids=[notification.pk])
    messages.success(request, f"Marked as read: {notification.title}")
    return redirect(_local(request.POST.get("next")) or "analytics:notification-list")


@require_POST
@login_required
def notification_read_all(request: HttpRequest) -> HttpResponse:
    if mark_read(member=request.member):
        messages.success(request, "Everything is marked as read.")
    return redirect("analytics:notification-list")


def _local(path: object) -> str | None:
    """The path if it leads somewhere in this site."""
    is_local = (
        isinstance(path, str) and path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    )
    return path if is_local else None
