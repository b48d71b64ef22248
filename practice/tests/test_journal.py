"""The journal: its entries, filters and search, and its number of queries."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from database.local_days import local_date
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.journal import count_entries, find_entries, hacks_of, read_first_page
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db
PAGE = reverse("practice:journal")


def noon(days_ago: int) -> datetime:
    return (timezone.now() - timedelta(days=days_ago)).replace(hour=12, minute=0, second=0, microsecond=0)


def day(days_ago: int) -> date:
    return noon(days_ago).date()


@pytest.fixture
def hack():
    return HackFactory(name="Energy ball", slug="energy-ball", category=HackCategoryFactory(name="flow", title="Flow"))


@pytest.fixture
def other():
    return HackFactory(name="Quiet eyes", slug="quiet-eyes", category=HackCategoryFactory(name="calm", title="Calm"))


@pytest.fixture
def find(member_client):
    """Return a function that requests the journal with a query and returns the notes of its entries in order."""

    def find(**query) -> list[str]:
        return [str(entry["note"]) for entry in member_client.get(PAGE, query).context["entries"]]

    return find


def headings(response) -> list[str]:
    return [entry["day_name"] for entry in response.context["entries"]]


class TestHistory:
    def test_visitor_is_redirected_to_login(self, client):
        assert client.get(PAGE).url == f"{reverse('account_login')}?next={PAGE}"

    def test_post_is_not_allowed(self, member_client):
        assert member_client.post(PAGE).status_code == 405

    def test_empty_journal_links_to_next_steps(self, member_client):
        response = member_client.get(PAGE)
        read_page(response)
        assert "No practice yet" in response.text
        assert reverse("hacks:hack-list") in response.text
        assert reverse("practice:session-log") in response.text
        assert response.text.count("button--primary") == 1

    def test_old_list_url_redirects_to_journal(self, member_client):
        assert member_client.get("/practice/").url == PAGE

    def test_sessions_and_checkins_are_merged_by_day_newest_first(self, member_client, member, hack, other):
        make_session(member, hack, started_at=noon(3), notes="third")
        make_session(member, other, started_at=noon(1), notes="morning")
        make_session(member, hack, started_at=noon(1) + timedelta(hours=2), notes="afternoon")
        make_checkin(member, day(1), notes="of yesterday", mood_before=4, mood_after=7, selected_hack=hack)
        make_checkin(member, day(0), notes="of today", mood_before=5)
        response = member_client.get(PAGE)
        read_page(response)
        notes = [str(entry["note"]) for entry in response.context["entries"]]
        assert notes == ["of today", "of yesterday", "afternoon", "morning", "third"]
        assert [bool(name) for name in headings(response)] == [True, True, False, False, True]
        assert headings(response)[0].startswith("Today, ")
        assert headings(response)[1].startswith("Yesterday, ")
        assert "Mood 4 before, 7 after" in response.text
        assert "5 entries" in response.text

    def test_entries_of_other_members_are_not_shown(self, member_client, hack):
        stranger = make_member()
        make_session(stranger, hack, started_at=noon(1), notes="secret")
        make_checkin(stranger, day(1), notes="secret", selected_hack=hack)
        for query in ({}, {"q": "secret"}, {"hack": "energy-ball"}):
            response = member_client.get(PAGE, query)
            assert response.context["entries"] == []
            assert "Energy ball" not in response.text

    def test_session_shows_details_and_links_to_its_page(self, member_client, member, hack):
        session = make_session(member, hack, started_at=noon(1), minutes=25, feedback_score=1, session_type="group")
        text = member_client.get(PAGE).text
        assert f'href="{session.get_absolute_url()}"' in text
        for words in ("12:00", "25 min", "In a group", "Good"):
            assert words in text

    def test_time_in_another_zone_names_place(self, sign_in, hack):
        member = make_member(profile={"timezone": "Europe/Berlin"})
        make_session(member, hack, started_at=noon(2), timezone="America/New_York")
        make_session(member, hack, started_at=noon(3), timezone="Europe/Berlin")
        moments = [entry["facts"][0] for entry in sign_in(member).get(PAGE).context["entries"]]
        assert moments[0].endswith(" in New York")
        assert "in" not in moments[1]

    def test_running_session_links_to_timer_and_has_no_edit_link(self, member_client, member, hack):
        make_session(member, hack, started_at=timezone.now(), ended_at=None)
        entry = member_client.get(PAGE).context["entries"][0]
        assert (entry["title"], entry["url"]) == ("Energy ball is running", reverse("practice:timer", args=[hack.slug]))
        assert entry["edit_url"] == ""

    def test_today_respects_day_start(self, sign_in, hack, monkeypatch):
        moment = datetime(2026, 11, 23, 2, tzinfo=UTC)
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
        member = make_member(profile={"day_start": "04:00"})
        make_session(member, hack, started_at=moment, practice_date=date(2026, 11, 22))
        assert headings(sign_in(member).get(PAGE)) == ["Today, Sunday, 22 November"]

    def test_note_is_escaped(self, member_client, member, hack):
        make_session(member, hack, started_at=noon(1), notes="<script>alert(1)</script> warm")
        for query in ({}, {"q": "script"}, {"q": "<script>"}):
            assert "<script>alert" not in member_client.get(PAGE, query).text

    def test_page_has_twenty_entries(self, member_client, member, hack):
        for number in range(21):
            make_session(member, hack, started_at=noon(number + 1), notes=f"{number}")
        first, second = (member_client.get(PAGE, {"hack": "energy-ball"} | page) for page in ({}, {"page": 2}))
        assert len(first.context["entries"]) == 20
        assert [str(entry["note"]) for entry in second.context["entries"]] == ["20"]
        assert "hack=energy-ball&amp;page=2" in first.text
        assert len(member_client.get(PAGE, {"page": "none"}).context["entries"]) == 20

    @pytest.mark.parametrize("query", [{}, {"q": "warm", "since": "2020-01-01"}, {"hack": "energy-ball"}])
    def test_number_of_queries_is_constant(self, queries_of, member_client, member, hack, query):
        def read():
            return member_client.get(PAGE, query)

        make_session(member, hack, started_at=noon(1), notes="warm")
        make_checkin(member, day(1), notes="warm", selected_hack=hack)
        read()
        few = queries_of(read)
        for number in range(40):
            make_session(member, HackFactory(), started_at=noon(number + 2), notes="warm")
            make_checkin(member, day(number + 2), notes="warm", selected_hack=HackFactory())
        many = queries_of(read)
        assert len(many) == len(few) <= 8


class TestFilters:
    @pytest.fixture(autouse=True)
    def entries(self, member, hack, other):
        make_session(member, hack, started_at=noon(4), notes="Warm hands", feedback_score=0, session_type="group")
        make_session(member, other, started_at=noon(3), notes="Cold feet, warm heart", feedback_score=1)
        make_checkin(member, day(2), notes="Warm evening", mood_before=3, mood_after=8, selected_hack=hack)
        make_checkin(member, day(1), notes="Rain", mood_before=6)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, "Rain|Warm evening|Cold feet, warm heart|Warm hands"),
            ({"kind": "practice"}, "Cold feet, warm heart|Warm hands"),
            ({"kind": "checkin"}, "Rain|Warm evening"),
            ({"hack": "energy-ball"}, "Warm evening|Warm hands"),
            ({"category": "calm"}, "Cold feet, warm heart"),
            ({"category": "flow"}, "Warm evening|Warm hands"),
            ({"category": "calm", "hack": "energy-ball"}, ""),
            ({"type": "group"}, "Warm hands"),
            ({"type": "group", "kind": "checkin"}, ""),
            ({"feedback": "0"}, "Warm hands"),
            ({"feedback": "1"}, "Cold feet, warm heart"),
            ({"mood_from": "8"}, "Warm evening"),
            ({"mood_to": "3"}, "Warm evening"),
            ({"mood_from": "4", "mood_to": "6"}, "Rain"),
            ({"mood_from": "6", "mood_to": "4"}, "Rain"),
            ({"mood_from": "4", "mood_to": "5"}, ""),
            ({"q": "warm"}, "Warm evening|Cold feet, warm heart|Warm hands"),
            ({"q": "HEART warm"}, "Cold feet, warm heart"),
            ({"q": "warm rain"}, ""),
            ({"q": "%"}, ""),
            ({"q": "warm", "kind": "checkin"}, "Warm evening"),
            ({"hack": "energy-ball", "q": "hands"}, "Warm hands"),
        ],
    )
    def test_filters_find_matching_entries(self, find, query, found):
        plain = [note.replace("<mark>", "").replace("</mark>", "") for note in find(**query)]
        assert "|".join(plain) == found

    def test_days_are_inclusive_and_may_be_swapped(self, find):
        assert find(since=day(2)) == ["Rain", "Warm evening"]
        assert find(until=day(3)) == ["Cold feet, warm heart", "Warm hands"]
        assert find(since=day(3), until=day(2)) == find(since=day(2), until=day(3))
        assert find(since=day(3), until=day(2)) == ["Warm evening", "Cold feet, warm heart"]

    @pytest.mark.parametrize(
        "query",
        [
            {"kind": "dream"},
            {"hack": "unknown"},
            {"category": "x"},
            {"type": "x"},
            {"feedback": "9"},
            {"mood_from": "11"},
            {"since": "yesterday"},
            {"until": "2026-02-30"},
            {"q": " "},
            {"q": "x" * 101},
        ],
    )
    def test_invalid_filters_are_ignored(self, find, query):
        assert len(find(**query)) == 4

    def test_active_filters_are_shown_and_can_be_cleared(self, member_client):
        response = member_client.get(PAGE, {"hack": "energy-ball", "feedback": "0", "q": "warm"})
        read_page(response)
        assert re.search(r'<option value="energy-ball"\s+selected>', response.text)
        assert re.search(r'<option value="0"\s+selected>', response.text)
        assert 'value="warm"' in response.text
        assert '<details class="fold" open>' in response.text
        assert "Clear filters" in response.text
        assert "<mark>Warm</mark> hands" in response.text
        assert "1 entry found" in response.text

    def test_empty_result_shows_message(self, member_client):
        assert "No matches" in member_client.get(PAGE, {"q": "nowhere"}).text

    def test_filter_offers_only_hacks_in_journal(self, member_client):
        HackFactory(name="Never practised")
        assert "Never practised" not in member_client.get(PAGE).text

    def test_htmx_gets_only_results_and_pushes_url(self, member_client):
        headers = {"HX-Request": "true", "HX-Target": "results"}
        query = {"q": "warm", "kind": "", "feedback": "0", "hack": "unknown"}
        response = member_client.get(PAGE, query, headers=headers)
        assert response.text.lstrip().startswith('<section id="results"')
        assert response["HX-Push-Url"] == f"{PAGE}?q=warm&feedback=0"
        assert "HX-Request" in response["Vary"]
        assert member_client.get(PAGE, headers=headers)["HX-Push-Url"] == PAGE


def test_read_first_page_agrees_with_find_entries_without_filters(member, hack):
    """Sessions in different time zones: the latest session does not always have the latest practice date."""
    zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]
    for number in range(27):
        place = {"timezone": zones[number % 3], "day_start": time(6 if number % 2 else 0)}
        started_at = noon(2) - timedelta(hours=5 * number)
        practised_on = local_date(started_at, *place.values())
        make_session(member, hack, started_at=started_at, practice_date=practised_on, **place)
    make_checkin(member, day(30))
    opened = read_first_page(member)
    first = find_entries(member, {}, 1)
    assert [(row["kind"], row["entry"], row["day"]) for row in opened.entries] == [
        (row["kind"], str(row["entry"]), row["day"]) for row in first
    ]
    assert opened.count == count_entries(member, {}) == 28
    assert list(opened.hacks) == [str(pk) for pk in hacks_of(member)]
    days = [row["day"] for row in opened.entries if row["kind"] == "practice"]
    moments = [row["moment"] for row in opened.entries if row["kind"] == "practice"]
    assert days == sorted(days, reverse=True)
    assert moments != sorted(moments, reverse=True), "the data must make the two orders differ"
