from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from accounts.decorators import member_post
from analytics.models import Notification
from analytics.notifications.actions import mark_read
from analytics.notifications.destinations import LIST, find_destination

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


@member_post
def notification_open(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Mark the notification as read and redirect to its target. It takes POST because a GET never writes."""
    notification = get_object_or_404(Notification.objects.visible_to(request.member), pk=notification_id)
    mark_read(member=request.member, notification_ids=[notification.pk])
    url, is_there = find_destination(notification, request.member)
    if not is_there:
        messages.info(request, "That page is no longer available.")
    return redirect(url)


@member_post
def notification_read(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    notification = get_object_or_404(Notification.objects.visible_to(request.member), pk=notification_id)
    mark_read(member=request.member, notification_ids=[notification.pk])
    messages.success(request, f"Marked as read: {notification.title}")
    return_to = request.POST.get("next", "")
    is_local = url_has_allowed_host_and_scheme(return_to, allowed_hosts=None)
    return redirect(return_to if is_local else LIST)


@member_post
def notification_read_all(request: HttpRequest) -> HttpResponse:
    if mark_read(member=request.member):
        messages.success(request, "All notifications marked as read.")
    return redirect(LIST)
