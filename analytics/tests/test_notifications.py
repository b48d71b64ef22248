from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Notification
from analytics.notifications.destinations import leads_to
from analytics.notifications.types import NotificationType
from hacks.tests.factories import HackFactory

pytestmark = pytest.mark.django_db
LIST = reverse("analytics:notification-list")


def make_notification(member, number=1, **fields):
    values = {
        "type": NotificationType.HACK_UNLOCKED,
        "subject": str(number),
        "title": f"You've unlocked hack {number}",
        "data": leads_to("hacks:hack-list"),
        **fields,
    }
    return Notification.objects.create(user=member, **values)


def make_read_notification(member, number, **fields):
    return make_notification(member, number, is_read=True, read_at=timezone.now(), **fields)


def test_list_shows_own_notifications_newest_first_and_marks_unread(member_client, member):
    today = timezone.now()
    make_notification(member, 1, created_at=today - timedelta(days=2))
    make_read_notification(member, 2, created_at=today)
    make_read_notification(member, 3, created_at=today - timedelta(days=4))
    make_notification(make_member(), 4)
    response = member_client.get(LIST)
    rows = [(row["title"], row["is_read"]) for row in response.context["rows"]]
    assert rows == [(f"You've unlocked hack {number}", number != 1) for number in (2, 1, 3)]
    page = response.content.decode()
    assert page.count("New</span>") == 1
    assert "hack 4" not in page
    assert "1<span" in page, "the bell counts the unread one"


def test_empty_list_offers_next_step(member_client):
    page = member_client.get(LIST).content.decode()
    assert "No notifications yet" in page
    assert reverse("hacks:hack-list") in page
    assert "Mark all as read" not in page


def test_list_has_twenty_per_page(member_client, member):
    for number in range(21):
        make_notification(member, number)
    assert len(member_client.get(LIST).context["rows"]) == 20
    assert len(member_client.get(LIST, {"page": 2}).context["rows"]) == 1
    assert member_client.get(LIST, {"page": "nonsense"}).status_code == 200


def test_opening_marks_as_read_and_redirects_to_target(member_client, member):
    notification = make_notification(member)
    response = member_client.post(reverse("analytics:notification-open", args=[notification.pk]))
    assert (response.status_code, response["Location"]) == (302, "/hacks/")
    notification.refresh_from_db()
    assert notification.is_read
    assert notification.read_at is not None


def test_opening_twice_keeps_first_read_time(member_client, member):
    notification = make_notification(member)
    url = reverse("analytics:notification-open", args=[notification.pk])
    member_client.post(url)
    notification.refresh_from_db()
    first = notification.read_at
    assert member_client.post(url)["Location"] == "/hacks/"
    notification.refresh_from_db()
    assert notification.read_at == first


def open_notification(client, notification):
    return client.post(reverse("analytics:notification-open", args=[notification.pk]), follow=True)


def test_opening_redirects_with_arguments_and_query(member_client, member):
    hack = HackFactory(slug="wide-gaze")
    notification = make_notification(member, data=leads_to("hacks:hack-detail", slug=hack.slug, query={"tab": "notes"}))
    assert open_notification(member_client, notification).redirect_chain == [("/hacks/wide-gaze/?tab=notes", 302)]


@pytest.mark.parametrize(
    ("route", "fallback"),
    [
        ("hacks:hack-detail", "hacks:hack-list"),
        ("community:verification-edit", "community:verification-list"),
        ("gamification:achievement-detail", "gamification:achievement-list"),
        ("gamification:challenge-detail", "gamification:challenge-list"),
    ],
)
def test_opening_redirects_to_fallback_when_target_is_gone(member_client, member, route, fallback):
    notification = make_notification(member, data=leads_to(route, slug="gone"))
    response = open_notification(member_client, notification)
    assert response.redirect_chain == [(reverse(fallback), 302)]
    assert response.status_code == 200
    assert "That page is no longer available." in response.text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"route": "hacks:gone", "arguments": {}, "query": {}},
        {"route": "hacks:hack-detail", "arguments": {}, "query": {}},
        {"route": "https://elsewhere.example/", "arguments": {}, "query": {}},
    ],
)
def test_opening_redirects_to_notification_list_when_route_is_unknown(member_client, member, data):
    assert open_notification(member_client, make_notification(member, data=data)).redirect_chain == [(LIST, 302)]


def test_marking_one_as_read_returns_to_local_page_only(member_client, member):
    notification, other = make_notification(member, 1), make_notification(member, 2)
    url = reverse("analytics:notification-read", args=[notification.pk])
    assert member_client.post(url, {"next": "/today/"})["Location"] == "/today/"
    assert member_client.post(url, {"next": "https://elsewhere.example/"})["Location"] == LIST
    assert list(Notification.objects.unread()) == [other]


def test_marking_all_as_read_skips_other_members(member_client, member):
    make_notification(member, 1)
    make_notification(member, 2)
    others = make_notification(make_member(), 3)
    response = member_client.post(reverse("analytics:notification-read-all"), follow=True)
    assert "All notifications marked as read." in response.content.decode()
    assert list(Notification.objects.unread()) == [others]


@pytest.mark.parametrize("name", ["notification-open", "notification-read"])
def test_notification_of_other_member_is_not_found(member_client, name):
    others = make_notification(make_member())
    assert member_client.post(reverse(f"analytics:{name}", args=[others.pk])).status_code == 404
    others.refresh_from_db()
    assert not others.is_read


@pytest.mark.parametrize("name", ["notification-open", "notification-read", "notification-read-all"])
def test_marking_as_read_needs_post(member_client, member, name):
    args = [] if name.endswith("all") else [make_notification(member).pk]
    assert member_client.get(reverse(f"analytics:{name}", args=args)).status_code == 405
    assert Notification.objects.unread().count() == len(args)


def test_visitor_is_redirected_to_login(client, member):
    login = reverse("account_login")
    assert client.get(LIST)["Location"].startswith(login)
    url = reverse("analytics:notification-open", args=[make_notification(member).pk])
    assert client.post(url)["Location"].startswith(login)
    assert Notification.objects.unread().count() == 1


def test_list_queries_do_not_grow_with_rows(member_client, member, queries_of):
    make_notification(member, 1)
    few = queries_of(lambda: member_client.get(LIST))
    for number in range(2, 20):
        make_notification(member, number)
    many = queries_of(lambda: member_client.get(LIST))
    assert len(few) == len(many) <= 8
