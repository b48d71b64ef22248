"""The admin of the activity log and the notifications, with its retry action."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.tests.factories import make_member, make_staff
from analytics.actions import record
from analytics.models import Activity, Notification, UserActivityLog
from analytics.notifications.types import NotificationType

pytestmark = pytest.mark.django_db
ACTIVITIES = reverse("admin:analytics_useractivitylog_changelist")
NOTIFICATIONS = reverse("admin:analytics_notification_changelist")


def make_activity(**fields) -> UserActivityLog:
    activity = record(make_member().pk, Activity.CHECKIN_SAVED, {"date": "2026-03-01"})
    UserActivityLog.objects.filter(pk=activity.pk).update(**fields)
    activity.refresh_from_db()
    return activity


def make_notification() -> Notification:
    member = make_member()
    return Notification.objects.create(
        user=member, type=NotificationType.HACK_UNLOCKED, subject="1", title=f"For {member.pk}"
    )


def listed(client, url, **parameters) -> list:
    response = client.get(url, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_activity_list_filters_by_state(staff_client):
    done = make_activity(processed_at=timezone.now())
    waiting = make_activity(attempts=9)
    given_up = make_activity(attempts=10)
    assert set(listed(staff_client, ACTIVITIES)) == {done, waiting, given_up}
    assert listed(staff_client, ACTIVITIES, state="done") == [done]
    assert listed(staff_client, ACTIVITIES, state="waiting") == [waiting]
    assert listed(staff_client, ACTIVITIES, state="given-up") == [given_up]
    page = staff_client.get(ACTIVITIES).content.decode()
    cells = re.findall(r'<td class="field-state [^>]*>(.*?)</td>', page, re.DOTALL)
    assert {strip_tags(cell).strip() for cell in cells} == {"Done", "Waiting", "Given up"}


def test_activity_page_shows_its_data(staff_client):
    activity = make_activity(processed_at=timezone.now() + timedelta(minutes=2))
    response = staff_client.get(reverse("admin:analytics_useractivitylog_change", args=[activity.pk]))
    assert response.status_code == 200
    assert "2026-03-01" in response.content.decode()


def test_activity_search_finds_username_and_id(staff_client):
    activity, _ = make_activity(), make_activity()
    assert listed(staff_client, ACTIVITIES, q=activity.user.username) == [activity]
    assert listed(staff_client, ACTIVITIES, q=str(activity.pk)) == [activity]
    assert listed(staff_client, ACTIVITIES, q="unknown") == []


def try_again(client, *activities):
    data = {"action": "try_again", "_selected_action": [str(each.pk) for each in activities]}
    return client.post(ACTIVITIES, data, follow=True).content.decode()


def test_retry_resets_given_up_activity_only(staff_client):
    given_up, waiting = make_activity(attempts=10), make_activity(attempts=3)
    assert "1 activity will be retried within a minute." in try_again(staff_client, given_up, waiting)
    given_up.refresh_from_db()
    waiting.refresh_from_db()
    assert (given_up.attempts, waiting.attempts) == (0, 3)


def test_retry_skips_processed_activity(staff_client):
    done = make_activity(processed_at=timezone.now(), attempts=10)
    assert "Nothing to retry" in try_again(staff_client, done)
    done.refresh_from_db()
    assert done.attempts == 10


def test_retry_needs_change_permission(sign_in):
    client = sign_in(make_staff("view_useractivitylog"))
    given_up = make_activity(attempts=10)
    assert listed(client, ACTIVITIES) == [given_up]
    try_again(client, given_up)
    given_up.refresh_from_db()
    assert given_up.attempts == 10


def test_notification_search_finds_username_and_opens_page(staff_client):
    notification = make_notification()
    assert listed(staff_client, NOTIFICATIONS, q=notification.user.username) == [notification]
    url = reverse("admin:analytics_notification_change", args=[notification.pk])
    assert staff_client.get(url).status_code == 200


@pytest.mark.parametrize("make", [make_activity, make_notification])
def test_history_is_read_only(staff_client, make):
    row = make()
    name = f"admin:analytics_{row._meta.model_name}"
    assert staff_client.get(reverse(f"{name}_add")).status_code == 403
    assert staff_client.post(reverse(f"{name}_change", args=[row.pk]), {"attempts": 0}).status_code == 403
    assert staff_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(("make", "url"), [(make_activity, ACTIVITIES), (make_notification, NOTIFICATIONS)])
def test_list_queries_do_not_grow_with_rows(staff_client, queries_of, make, url):
    make()
    few = queries_of(lambda: staff_client.get(url))
    for _ in range(8):
        make()
    assert len(queries_of(lambda: staff_client.get(url))) == len(few)


def test_activity_list_is_closed_to_members_and_visitors(client, member_client):
    assert member_client.get(ACTIVITIES).status_code == 302
    client.logout()
    assert client.get(ACTIVITIES).status_code == 302
