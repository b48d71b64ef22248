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


def listed_names(response):
    assert response.status_code == 200
    return [card.name for card in response.context["page_obj"].object_list]


@pytest.fixture
def library():
    """Four hacks that differ in every filter."""
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


def test_visitor_sees_published_hacks_in_recommended_order(client, library):
    HackFactory(name="Not ready yet", is_active=False)
    response = client.get(URL)
    read_page(response)
    assert listed_names(response) == ["Energy Ball", "Breath Wave", "Island", "Night Descent"]
    assert "4 hacks" in response.content.decode()
    assert library["ball"].get_absolute_url() in response.content.decode()


def test_position_orders_hacks_within_category(client, library):
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=library["descent"].pk).update(position=-1)
    assert listed_names(client.get(URL)) == ["Energy Ball", "Breath Wave", "Night Descent", "Island"]


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
    assert listed_names(client.get(f"{URL}?{query}")) == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("energy ball", "Energy Ball"),
        ("engery bal", "Energy Ball"),
        ("ENER", "Energy Ball"),
        ("breht wave", "Breath Wave"),
        ("ilsand", "Island"),
        ("nigt decent", "Night Descent"),
        ("sleeping", "Breath Wave"),  # Only its description has "sleep".
        ('"swell on a beach"', "Breath Wave"),
        ("beach -swell OR island", "Island"),
    ],
)
def test_search_tolerates_typos_and_word_forms(client, library, text, first):
    response = client.get(URL, {"q": text})
    assert listed_names(response)[:1] == [first]


def test_search_without_results_offers_to_clear_filters(client, library):
    response = client.get(URL, {"q": "xyzzy"})
    read_page(response)
    assert listed_names(response) == []
    assert "No hacks found" in response.content.decode()
    assert "Clear filters" in response.content.decode()


def test_similar_names_are_shown_only_without_match(client):
    HackFactory(name="Calm No")
    HackFactory(name="Palm to Palm")
    assert listed_names(client.get(URL, {"q": "calm"})) == ["Calm No"]
    assert listed_names(client.get(URL, {"q": "paln"})) == ["Palm to Palm"]


def test_match_in_name_ranks_above_description(client):
    HackFactory(name="Evening", description="A shield of calm. Shield yourself.")
    HackFactory(name="Shield", description="Calm.")
    assert listed_names(client.get(URL, {"q": "shield"})) == ["Shield", "Evening"]


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
def test_invalid_parameters_are_ignored(client, library, query):
    assert len(listed_names(client.get(f"{URL}?{query}"))) == 4


@pytest.mark.parametrize("text", ["'", '"', "%", "\\", "a:*", "!!", "(", "🫧", "<script>", "a" * 100])
def test_special_characters_in_search_are_no_error(client, library, text):
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
def test_member_filters_by_own_state(member_client, member, library, state, expected):
    UserHackProgress.objects.create(user=member, hack=library["descent"], is_favorite=True)
    make_session(member, library["island"], started_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    other = make_member()
    UserHackProgress.objects.create(user=other, hack=library["wave"], unlocked_at=timezone.now(), is_favorite=True)
    make_session(other, library["ball"], started_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert listed_names(member_client.get(URL, {"state": state})) == expected


def test_cards_show_state_of_member(member_client, member, library):
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


def test_visitor_sees_no_hack_as_locked(client, library):
    cards = {card.name: card for card in client.get(URL).context["page_obj"].object_list}
    assert cards["Breath Wave"].state == "open"
    assert "Unlocks with practice" in cards["Breath Wave"].html
    assert "Unlocks with practice" not in cards["Energy Ball"].html


def test_card_shows_edit_at_once(client):
    hack = HackFactory(short_description="Before.")
    assert "Before." in client.get(URL).content.decode()
    with database_identity(Role.STAFF):
        type(hack).objects.filter(pk=hack.pk).update(short_description="<b>After.</b>")
    content = client.get(URL).content.decode()
    assert "&lt;b&gt;After." in content
    assert "Before." not in content


def test_htmx_gets_results_only_and_short_url(client, library):
    response = client.get(f"{URL}?q=&category=rest&length=&sort=&gateway=on", headers=HTMX)
    content = response.content.decode()
    assert content.lstrip().startswith("<section")
    assert "<html" not in content
    assert 'data-announce="No hacks found"' in content
    assert response["HX-Push-Url"] == "/hacks/?category=rest&gateway=on"
    assert "HX-Request" in response["Vary"]


def test_htmx_without_filters_gets_plain_url(client, library):
    assert client.get(f"{URL}?q=", headers=HTMX)["HX-Push-Url"] == "/hacks/"


def test_htmx_history_restore_gets_whole_page(client, library):
    response = client.get(URL, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in response.content.decode()
    assert "HX-Push-Url" not in response


def test_form_shows_current_filters(client, library):
    content = client.get(f"{URL}?q=ball&category=breath&length=5").content.decode()
    assert 'value="ball"' in content
    assert re.search(r'<option value="5"\s+selected>', content)
    assert "1 hack found" in content
    closed = client.get(f"{URL}?q=ball").content.decode()
    assert '<details class="fold" open>' in content
    assert '<details class="fold" open>' not in closed


def test_list_is_paginated(client):
    category = HackCategoryFactory()
    for number in range(PAGE_SIZE + 1):
        HackFactory(name=f"Hack {number:02}", category=category)
    first = client.get(URL)
    assert len(listed_names(first)) == PAGE_SIZE
    assert "?page=2" in first.content.decode()
    assert listed_names(client.get(f"{URL}?page=2")) == [f"Hack {PAGE_SIZE:02}"]
    assert "category=" in client.get(f"{URL}?category={category.name}").content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_list_refuses_other_methods(client, method):
    assert getattr(client, method)(URL).status_code == 405


def test_member_queries_do_not_grow_with_library(member_client, member, queries_of):
    prerequisite = HackFactory()

    def count_queries_after_adding(count):
        for _ in range(count):
            hack = HackFactory(prerequisite_hack=prerequisite)
            UserHackProgress.objects.create(user=member, hack=hack, is_favorite=True)
        return len(queries_of(lambda: member_client.get(URL, {"q": "quiet", "state": "favourite"})))

    assert count_queries_after_adding(2) == count_queries_after_adding(20) <= 8


def test_visitor_queries_do_not_grow_with_library(client, queries_of):
    def count_queries_after_adding(count):
        for _ in range(count):
            HackFactory()
        return len(queries_of(lambda: client.get(URL)))

    assert count_queries_after_adding(2) == count_queries_after_adding(20) <= 5
