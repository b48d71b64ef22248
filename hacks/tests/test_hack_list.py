import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from database.identity import Role, database_identity
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackCategoryFactory, HackFactory
from hacks.views import PAGE_SIZE
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

URL = "/hacks/"
HTMX = {"HX-Request": "true", "HX-Target": "results"}


def names(response):
    assert response.status_code == 200
    return [card.name for card in response.context["page_obj"].object_list]


@pytest.fixture
def library():
    """Four hacks that differ in everything that can be filtered by."""
    breath = HackCategoryFactory(name="breath", title="Breath", sort_order=1)
    rest = HackCategoryFactory(name="rest", title="Rest", sort_order=2)
    ball = HackFactory(name="Energy Ball", category=breath, duration_minutes=5, difficulty_level=1, is_gateway=True)
    wave = HackFactory(
        name="Breath Wave",
        category=breath,
        duration_minutes=10,
        difficulty_level=3,
        prerequisite_hack=ball,
        description="Like swell on a beach, for those who sleep badly.",
    )
    island = HackFactory(name="Island", category=rest, duration_minutes=20, difficulty_level=2)
    descent = HackFactory(name="Night Descent", category=rest, duration_minutes=25, difficulty_level=5)
    return {"ball": ball, "wave": wave, "island": island, "descent": descent}


def test_a_visitor_sees_the_published_hacks_along_the_path(client, library):
    HackFactory(name="Not ready yet", is_active=False)
    response = client.get(URL)
    read_page(response)
    assert names(response) == ["Energy Ball", "Breath Wave", "Island", "Night Descent"]
    assert "4 hacks" in response.content.decode()
    assert library["ball"].get_absolute_url() in response.content.decode()


def test_staff_say_the_order_within_a_category(client, library):
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=library["descent"].pk).update(position=-1)
    assert names(client.get(URL)) == ["Energy Ball", "Breath Wave", "Night Descent", "Island"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("category=rest", ["Island", "Night Descent"]),
        ("difficulty=3", ["Breath Wave"]),
        ("length=5", ["Energy Ball"]),
        ("length=10", ["Energy Ball", "Breath Wave"]),
        ("length=20", ["Energy Ball", "Breath Wave", "Island"]),
        ("length=longer", ["Night Descent"]),
        ("gateway=on", ["Energy Ball"]),
        ("category=breath&length=10&difficulty=3", ["Breath Wave"]),
        ("category=rest&gateway=on", []),
        ("sort=name", ["Breath Wave", "Energy Ball", "Island", "Night Descent"]),
        ("sort=shortest", ["Energy Ball", "Breath Wave", "Island", "Night Descent"]),
        ("sort=difficulty", ["Energy Ball", "Island", "Breath Wave", "Night Descent"]),
    ],
)
def test_filters_and_orders(client, library, query, expected):
    assert names(client.get(f"{URL}?{query}")) == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("energy ball", "Energy Ball"),
        ("engery bal", "Energy Ball"),
        ("ENER", "Energy Ball"),
        ("breht wave", "Breath Wave"),
        ("ilsand", "Island"),
        ("nigt decent", "Night Descent"),
        ("sleeping", "Breath Wave"),  # "sleep" stands in its description only
        ('"swell on a beach"', "Breath Wave"),
        ("beach -swell OR island", "Island"),
    ],
)
def test_a_search_forgives(client, library, text, first):
    response = client.get(URL, {"q": text})
    assert names(response)[:1] == [first]


def test_a_search_finds_nothing_for_nonsense_and_says_what_to_do(client, library):
    response = client.get(URL, {"q": "xyzzy"})
    read_page(response)
    assert names(response) == []
    assert "No hacks found" in response.content.decode()
    assert "Clear filters" in response.content.decode()


def test_what_is_merely_alike_is_shown_only_where_nothing_else_is(client):
    HackFactory(name="Calm No")
    HackFactory(name="Palm to Palm")
    assert names(client.get(URL, {"q": "calm"})) == ["Calm No"]
    assert names(client.get(URL, {"q": "paln"})) == ["Palm to Palm"]


def test_a_name_counts_more_than_a_description(client):
    HackFactory(name="Evening", description="A shield of calm. Shield yourself.")
    HackFactory(name="Shield", description="Calm.")
    assert names(client.get(URL, {"q": "shield"})) == ["Shield", "Evening"]


@pytest.mark.parametrize(
    "query",
    [
        "category=nope",
        "difficulty=9",
        "difficulty=x",
        "length=-1",
        "length=20%20OR%201=1",
        "sort=password",
        "gateway=",
        "q=%00",
        "q=" + "x" * 101,
        "page=0",
        "page=999",
        "page=x",
        "state=locked",
        "unknown=1",
        "q=%20",
    ],
)
def test_what_the_form_does_not_know_counts_as_not_given(client, library, query):
    assert len(names(client.get(f"{URL}?{query}"))) == 4


@pytest.mark.parametrize("text", ["'", '"', "%", "\\", "a:*", "!!", "(", "🫧", "<script>", "a" * 100])
def test_no_search_is_an_error(client, library, text):
    response = client.get(URL, {"q": text})
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("unlocked", ["Energy Ball", "Island", "Night Descent"]),
        ("locked", ["Breath Wave"]),
        ("favourite", ["Night Descent"]),
        ("tried", ["Island"]),
    ],
)
def test_a_member_filters_by_what_is_theirs(member_client, member, library, state, expected):
    UserHackProgress.objects.create(user=member, hack=library["descent"], is_favorite=True)
    make_session(member, library["island"], started_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    other = make_member()
    UserHackProgress.objects.create(user=other, hack=library["wave"], unlocked_at=timezone.now(), is_favorite=True)
    make_session(other, library["ball"], started_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert names(member_client.get(URL, {"state": state})) == expected


def test_cards_say_where_the_member_stands(member_client, member, library):
    make_session(member, library["island"], started_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    UserHackProgress.objects.create(user=member, hack=library["ball"], is_favorite=True)
    cards = {card.name: card for card in member_client.get(URL).context["page_obj"].object_list}
    assert {name: card.state for name, card in cards.items()} == {
        "Energy Ball": "open",
        "Breath Wave": "locked",
        "Island": "practised",
        "Night Descent": "open",
    }
    assert "Favourite" in cards["Energy Ball"].html
    assert "Favourite" not in cards["Island"].html
    assert "Locked" in cards["Breath Wave"].html
    assert "Practised 1 time<" in cards["Island"].html


def test_a_visitor_is_not_told_that_hacks_are_locked(client, library):
    cards = {card.name: card for card in client.get(URL).context["page_obj"].object_list}
    assert cards["Breath Wave"].state == "open"
    assert "Opens with practice" in cards["Breath Wave"].html
    assert "Opens with practice" not in cards["Energy Ball"].html


def test_a_card_shows_an_edit_at_once(client):
    hack = HackFactory(short_description="Before.")
    assert "Before." in client.get(URL).content.decode()
    with database_identity(Role.STAFF):
        type(hack).objects.filter(pk=hack.pk).update(short_description="<b>After.</b>")
    content = client.get(URL).content.decode()
    assert "&lt;b&gt;After." in content
    assert "Before." not in content


def test_htmx_gets_the_results_alone_and_a_short_address(client, library):
    response = client.get(f"{URL}?q=&category=rest&length=&sort=&gateway=on", headers=HTMX)
    content = response.content.decode()
    assert content.lstrip().startswith("<section")
    assert "<html" not in content
    assert 'data-announce="No hacks found"' in content
    assert response["HX-Push-Url"] == "/hacks/?category=rest&gateway=on"
    assert "HX-Request" in response["Vary"]


def test_htmx_without_filters_shows_the_plain_address(client, library):
    assert client.get(f"{URL}?q=", headers=HTMX)["HX-Push-Url"] == "/hacks/"


def test_going_back_in_history_gets_the_whole_page(client, library):
    response = client.get(URL, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in response.content.decode()
    assert "HX-Push-Url" not in response


def test_the_form_shows_what_is_filtered(client, library):
    content = client.get(f"{URL}?q=ball&category=breath&length=5").content.decode()
    assert 'value="ball"' in content
    assert re.search(r'<option value="5"\s+selected>', content)
    assert "1 hack found" in content
    closed = client.get(f"{URL}?q=ball").content.decode()
    assert '<details class="fold" open>' in content
    assert '<details class="fold" open>' not in closed


def test_pages(client):
    category = HackCategoryFactory()
    for number in range(PAGE_SIZE + 1):
        HackFactory(name=f"Hack {number:02}", category=category)
    first = client.get(URL)
    assert len(names(first)) == PAGE_SIZE
    assert "?page=2" in first.content.decode()
    assert names(client.get(f"{URL}?page=2")) == [f"Hack {PAGE_SIZE:02}"]
    assert "category=" in client.get(f"{URL}?category={category.name}").content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_is_only_read(client, method):
    assert getattr(client, method)(URL).status_code == 405


def test_queries_do_not_grow_with_the_library(member_client, member, queries_of):
    prerequisite = HackFactory()

    def look_after_adding(count):
        for _ in range(count):
            hack = HackFactory(prerequisite_hack=prerequisite)
            UserHackProgress.objects.create(user=member, hack=hack, is_favorite=True)
        return len(queries_of(lambda: member_client.get(URL, {"q": "quiet", "state": "favourite"})))

    assert look_after_adding(2) == look_after_adding(20) <= 8


def test_queries_of_a_visitor_do_not_grow_either(client, queries_of):
    def look_after_adding(count):
        for _ in range(count):
            HackFactory()
        return len(queries_of(lambda: client.get(URL)))

    assert look_after_adding(2) == look_after_adding(20) <= 5
