"""A visitor who presses a member's button logs in first and then lands on a page that opens."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.urls import get_resolver, reverse

from hacks.tests.factories import HackFactory

pytestmark = pytest.mark.django_db

NAMESPACES = ("accounts", "hacks", "practice", "gamification", "community", "analytics")
ARGUMENTS = {"slug": "energy-shield", "pk": UUID(int=1), "notification_id": UUID(int=1), "username": "somebody"}


def all_urls():
    """Return one URL for each route of the product's own apps."""
    for namespace in NAMESPACES:
        _, resolver = get_resolver().namespace_dict[namespace]
        for name in {key for key in resolver.reverse_dict if isinstance(key, str)}:
            _, parameters = resolver.reverse_dict.getlist(name)[0][0][0]
            yield reverse(f"{namespace}:{name}", kwargs={each: ARGUMENTS[each] for each in parameters})


def buttons(client):
    """Return the URLs that refuse GET: only a button leads to them."""
    return sorted(url for url in all_urls() if client.get(url).status_code == 405)


def page_after_login(url):
    assert urlsplit(url).path == reverse("account_login")
    [page] = parse_qs(urlsplit(url).query)["next"]
    return page


def test_login_leads_back_to_page_with_button(client):
    HackFactory(slug="energy-shield")
    page = reverse("hacks:hack-detail", args=["energy-shield"])
    urls = buttons(client)
    assert len(urls) >= 15
    for url in urls:
        response = client.post(url, headers={"referer": f"http://testserver{page}"})
        assert page_after_login(response.url) == page, url


def test_login_of_htmx_request_replaces_page(client):
    headers = {"hx-request": "true", "referer": "http://testserver/hacks/"}
    response = client.post(reverse("hacks:hack-favourite", args=["energy-shield"]), headers=headers)
    assert response.status_code == 200
    assert page_after_login(response["HX-Redirect"]) == "/hacks/"


@pytest.mark.parametrize(
    "referer", ["", "https://elsewhere.example/hacks/", "//elsewhere.example/", "http://testserver@elsewhere.example/"]
)
def test_login_leads_to_today_without_page_of_this_site(client, referer):
    response = client.post(reverse("practice:streak-hide"), headers={"referer": referer})
    assert page_after_login(response.url) == reverse("practice:today")


def test_login_keeps_query_of_page_with_button(client):
    referer = "http://testserver/notifications/?page=2"
    response = client.post(reverse("analytics:notification-read-all"), headers={"referer": referer})
    assert page_after_login(response.url) == "/notifications/?page=2"
