from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from hacks.tests.factories import HackFactory
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

PAGE = reverse("practice:journal-month")
JOURNAL = reverse("practice:journal")


@pytest.fixture(autouse=True)
def today(monkeypatch):
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    return moment.date()


def cells(response) -> dict[int, dict]:
    return {cell["number"]: cell for week in response.context["weeks"] for cell in week if cell}


def at(day: int, hour: int = 9, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_visitor_is_redirected_to_login_and_post_is_not_allowed(client, member_client):
    assert member_client.post(PAGE).status_code == 405
    client.logout()
    assert client.get(PAGE).url == f"{reverse('account_login')}?next={PAGE}"


def test_empty_month_shows_whole_calendar(member_client):
    response = member_client.get(PAGE)
    read_page(response)
    assert sorted(cells(response)) == list(range(1, 31))
    # November 2026 begins on a Sunday.
    assert [bool(cell) for cell in response.context["weeks"][0]] == [False] * 6 + [True]
    assert cells(response)[22]["is_today"]
    assert cells(response)[23]["is_to_come"]
    assert response.text.count('aria-current="date"') == 1
    assert "No practices, 0 min, no check-ins" in response.text


def test_days_show_practice_and_checkins_and_link_to_entries(member_client, member):
    hack = HackFactory()
    make_session(member, hack, started_at=at(3), minutes=15)
    make_session(member, hack, started_at=at(3, 18), minutes=10)
    make_session(member, hack, started_at=at(31, month=10))
    make_session(member, hack, started_at=at(5), ended_at=None)
    make_checkin(member, date(2026, 11, 3), mood_before=4, mood_after=7)
    make_checkin(member, date(2026, 11, 4))
    response = member_client.get(PAGE)
    found = cells(response)
    assert found[3]["words"] == "2 practices, 25 min. Checked in. Mood 4 before, 7 after"
    assert found[3]["url"] == f"{JOURNAL}?since=2026-11-03&until=2026-11-03"
    assert found[4]["words"] == "Checked in. No mood noted"
    assert (found[5]["url"], found[1]["url"]) == ("", "")
    assert ">Tuesday, 3 November: 2 practices, 25 min. Checked in. Mood 4 before, 7 after<" in response.text
    assert "2 practices, 25 min, 2 check-ins" in response.text


def test_days_of_other_members_are_not_marked(member_client):
    stranger = make_member()
    make_session(stranger, HackFactory(), started_at=at(3))
    make_checkin(stranger, date(2026, 11, 3))
    assert not any(cell["url"] for cell in cells(member_client.get(PAGE)).values())


@pytest.mark.parametrize(
    ("month", "name", "previous", "following"),
    [
        ("2026-11", "November 2026", "2026-10", ""),
        ("2026-10", "October 2026", "2026-09", "2026-11"),
        ("2026-01", "January 2026", "2025-12", "2026-02"),
        ("2000-01", "January 2000", "", "2000-02"),
        ("1999-12", "November 2026", "2026-10", ""),
        ("2026-12", "November 2026", "2026-10", ""),
        ("9999-12", "November 2026", "2026-10", ""),
        ("2026-13", "November 2026", "2026-10", ""),
        ("anything", "November 2026", "2026-10", ""),
    ],
)
def test_month_links_to_previous_and_next(member_client, month, name, previous, following):
    context = member_client.get(PAGE, {"month": month}).context
    assert (context["name"], context["previous"], context["next"]) == (name, previous, following)
    assert context["this"] == ("" if name == "November 2026" else "2026-11")


def test_htmx_gets_only_month(member_client):
    response = member_client.get(PAGE, {"month": "2026-10"}, headers={"HX-Request": "true", "HX-Target": "month"})
    assert response.text.lstrip().startswith('<section id="month"')
    assert 'hx-get="?month=2026-09"' in response.text
    assert "HX-Request" in response["Vary"]


def test_number_of_queries_is_constant(queries_of, member_client, member, today):
    member_client.get(PAGE)
    few = queries_of(lambda: member_client.get(PAGE))
    for number in range(20):
        make_session(member, HackFactory(), started_at=at(22) - timedelta(days=number))
        make_checkin(member, today - timedelta(days=number))
    many = queries_of(lambda: member_client.get(PAGE))
    assert len(many) == len(few) <= 8
