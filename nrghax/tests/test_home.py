import pytest
from django.urls import reverse

from accounts.tests.markup import read_page
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db


def test_visitor_sees_gateway_hacks_and_categories(client):
    category = HackCategoryFactory(name="stillness", title="Stillness")
    gateway = HackFactory(name="Sit by the window", slug="sit-by-the-window", category=category, is_gateway=True)
    other = HackFactory(name="Walk the long way", slug="walk-the-long-way", category=category)
    response = client.get(reverse("home"))
    read_page(response)
    content = response.content.decode()
    assert reverse("account_signup") in content
    assert reverse("hacks:hack-detail", args=[gateway.slug]) in content
    assert reverse("hacks:hack-detail", args=[other.slug]) not in content
    assert f"{reverse('hacks:hack-list')}?category=stillness" in content
    assert 'data-category="stillness"' in content
    assert "2 hacks" in content


def test_page_renders_without_hacks(client):
    response = client.get(reverse("home"))
    read_page(response)
    assert "Good hacks to start with" not in response.content.decode()


def test_names_are_escaped(client):
    HackFactory(name="<b>Bold</b>", category=HackCategoryFactory(title="<i>Title</i>"), is_gateway=True)
    content = client.get(reverse("home")).content.decode()
    assert "<b>Bold</b>" not in content
    assert "<i>Title</i>" not in content


def test_member_is_redirected_to_today(member_client):
    response = member_client.get(reverse("home"))
    assert response.status_code == 302
    assert response.url == reverse("practice:today")


def test_page_allows_only_get_and_head(client):
    assert client.head(reverse("home")).status_code == 200
    assert client.post(reverse("home")).status_code == 405


def test_manifest_and_icons_are_served(client):
    for name in ("site.webmanifest", "logo.svg", "favicon.ico", "apple-touch-icon.png", "icon-192.png"):
        assert client.get(f"/static/icons/{name}").status_code == 200


def test_categories_follow_sort_order(client):
    # Annotating a count groups the rows, which drops the model's default order.
    for order in (3, 1, 4, 2):
        HackFactory(category=HackCategoryFactory(title=f"Place {order}", sort_order=order))
    content = client.get(reverse("home")).content.decode()
    places = [content.index(f"Place {order}") for order in (1, 2, 3, 4)]
    assert places == sorted(places)


def test_query_count_does_not_grow_with_library(client, queries_of):
    def count_queries_after_adding(count):
        for _ in range(count):
            HackFactory(is_gateway=True)
        return len(queries_of(lambda: client.get(reverse("home"))))

    assert count_queries_after_adding(1) == count_queries_after_adding(10) <= 4


def test_category_without_published_hacks_is_hidden(client):
    HackFactory(is_active=False, is_gateway=True, name="Not yet", category=HackCategoryFactory(title="Empty so far"))
    content = client.get(reverse("home")).content.decode()
    assert "Empty so far" not in content
    assert "Not yet" not in content
