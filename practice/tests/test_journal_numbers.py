"""The journal's numbers page, whose plots and tables show the same numbers."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from hacks.tests.factories import HackFactory
from practice.insight import Change, hack_changes
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

PAGE = reverse("practice:journal-numbers")
# A Sunday.
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def practise(member, hack, days_ago, **fields):
    return make_session(member, hack, started_at=NOW - timedelta(days=days_ago, hours=3), **fields)


def test_visitor_is_redirected_to_login_and_post_is_not_allowed(client, member_client):
    assert member_client.post(PAGE).status_code == 405
    client.logout()
    assert client.get(PAGE).url == f"{reverse('account_login')}?next={PAGE}"


def test_page_without_entries_shows_empty_states(member_client):
    response = member_client.get(PAGE)
    read_page(response)
    assert "0 min this week. Average over 26 weeks: 0 min a week." in response.text
    assert "No mood noted in the last 30 days" in response.text
    assert "You practised on 0 days" in response.text
    assert "No practice yet" in response.text


def test_minutes_by_week(member_client, member):
    hack = HackFactory()
    practise(member, hack, 0, minutes=20)
    practise(member, hack, 6, minutes=10)
    practise(member, hack, 7, minutes=45)
    practise(member, hack, 7 * 25, minutes=5)
    practise(member, hack, 7 * 26, minutes=300)
    make_session(member, hack, started_at=NOW, ended_at=None)
    practise(make_member(), hack, 0, minutes=99)
    response = member_client.get(PAGE)
    rows = response.context["minutes"]["rows"]
    assert len(rows) == 26
    assert [(row["minutes"], row["practices"]) for row in (rows[0], rows[-2], rows[-1])] == [(5, 1), (45, 1), (30, 2)]
    assert (rows[-1]["week"], rows[-2]["week"]) == ("16 Nov 2026", "9 Nov 2026")
    words = "30 min this week. Average over 26 weeks: 3 min a week. Best: 45 min in the week of 9 Nov."
    assert words in " ".join(response.text.split())
    titles = [bar["title"] for bar in response.context["minutes"]["plot"]["bars"]]
    assert titles == [f"Week of {row['week'][:-5]}: {row['minutes']} min" for row in rows]


@pytest.mark.parametrize(
    ("days", "rows"),
    [
        (30, [("1 Nov 2026", "3", "5", 1), ("22 Nov 2026", "4", "7", 1)]),
        (90, [("Week of 14 Sep 2026", "6", "6", 1), ("Week of 26 Oct 2026", "3", "5", 1)]),
        (365, [("Week of 12 Jan 2026", "2", "", 1), ("Week of 14 Sep 2026", "6", "6", 1)]),
    ],
)
def test_mood_over_time(member_client, member, days, rows):
    make_checkin(member, TODAY, mood_before=4, mood_after=7)
    make_checkin(member, date(2026, 11, 1), mood_before=3, mood_after=5)
    make_checkin(member, date(2026, 9, 15), mood_before=6, mood_after=6)
    make_checkin(member, date(2026, 1, 18), mood_before=2)
    make_checkin(member, date(2026, 11, 3))
    make_checkin(make_member(), TODAY, mood_before=10, mood_after=10)
    response = member_client.get(PAGE, {"days": days})
    read_page(response)
    mood = response.context["mood"]
    found = [(row["day"], row["before"], row["after"], row["checkins"]) for row in mood["rows"]]
    assert found[: len(rows)] == rows
    before, after = mood["plot"]["lines"]
    assert len(before["dots"]) == sum(row["before"] != "" for row in mood["rows"])
    assert len(after["dots"]) == sum(row["after"] != "" for row in mood["rows"])


def test_week_shows_mean_of_days_and_change_counts_pairs(member_client, member):
    make_checkin(member, TODAY, mood_before=4, mood_after=7)
    make_checkin(member, TODAY - timedelta(days=1), mood_before=5, mood_after=7)
    make_checkin(member, TODAY - timedelta(days=2), mood_before=9)
    response = member_client.get(PAGE, {"days": 90})
    assert response.context["mood"]["rows"] == [
        {"day": "Week of 16 Nov 2026", "before": "6", "after": "7", "checkins": 3}
    ]
    assert response.context["mood"]["change"] == Change(4.5, 7, 2)
    words = "Average before practising: 4.5. After: 7.0. Change: +2.5 (2 check-ins with both)."
    assert words in " ".join(response.text.split())


@pytest.mark.parametrize("days", ["", "0", "31", "x", "²", "9" * 5000])
def test_unknown_period_falls_back_to_shortest(member_client, days):
    assert member_client.get(PAGE, {"days": days}).context["days"] == 30


def test_heat_map_covers_a_year(member_client, member):
    hack = HackFactory()
    practise(member, hack, 0, minutes=8)
    practise(member, hack, 1, minutes=50)
    practise(member, hack, 1, minutes=15)
    practise(member, hack, 364, minutes=12)
    practise(member, hack, 400, minutes=12)
    response = member_client.get(PAGE)
    rows = response.context["heat"]["rows"]
    assert len(rows) == 53
    assert rows[-1] == {"week": "16 Nov 2026", "days": [0, 0, 0, 0, 0, 65, 8]}
    assert sum(sum(minutes for minutes in row["days"] if minutes) for row in rows) == 85
    assert "You practised on 3 days in the last 53 weeks." in response.text
    paths = {path["level"]: path["path"].count("z") for path in response.context["heat"]["plot"]["paths"]}
    assert paths == {0: 53 * 7 - 3, 1: 1, 2: 1, 4: 1}


class TestChanges:
    @pytest.fixture
    def hack(self):
        return HackFactory(name="Energy ball", slug="energy-ball")

    def note(self, member, hack, days_ago, before, after, **fields):
        practise(member, hack, days_ago, **fields)
        make_checkin(member, TODAY - timedelta(days=days_ago), mood_before=before, mood_after=after)

    def test_mood_and_hrv_changes_are_shown_from_five_cases_on(self, member_client, member, hack):
        for days_ago in range(5):
            data = {"hrv_before": 40, "hrv_after": 46 + days_ago}
            self.note(member, hack, days_ago, before=4, after=6 + days_ago % 2, biometric_data=data)
        response = member_client.get(PAGE)
        text = " ".join(response.text.split())
        assert '+2.4 <span class="soft">(4.0 → 6.4, 5 days)</span>' in text
        assert '+8.0 ms <span class="soft">(40.0 → 48.0, 5 practices)</span>' in text
        assert f'href="{reverse("practice:journal")}?hack=energy-ball"' in text

    def test_changes_are_not_shown_for_four_cases(self, member_client, member, hack):
        for days_ago in range(4):
            self.note(member, hack, days_ago, before=4, after=7, biometric_data={"hrv_before": 40, "hrv_after": 50})
        text = member_client.get(PAGE).text
        assert "Not enough data yet (4 of 5 days)" in text
        assert "Not enough data yet (4 of 5 practices)" in text

    def test_changes_count_each_day_once_and_only_pairs(self, member, hack):
        for days_ago in range(3):
            self.note(member, hack, days_ago, before=4, after=6, biometric_data={"hrv_before": 40})
            practise(member, hack, days_ago, biometric_data={"hrv_after": 70})
        self.note(member, hack, 3, before=1, after=None, biometric_data={"hrv_before": 20, "hrv_after": 30})
        self.note(member, HackFactory(), 4, before=1, after=10)
        self.note(make_member(), hack, 0, before=1, after=10, biometric_data={"hrv_before": 5, "hrv_after": 300})
        make_session(member, hack, started_at=NOW, ended_at=None)
        changes = {row["slug"]: row for row in hack_changes(member)}
        assert changes["energy-ball"]["practices"] == 7
        assert changes["energy-ball"]["mood"] == Change(4, 6, 3)
        assert changes["energy-ball"]["hrv"] == Change(20, 30, 1)
        assert len(changes) == 2

    def test_changes_are_shown_in_journal_filtered_by_hack(self, member_client, member, hack):
        for days_ago in range(5):
            self.note(member, hack, days_ago, before=4, after=7)
        practise(member, HackFactory(slug="another"), 0)
        text = member_client.get(reverse("practice:journal"), {"hack": "energy-ball"}).text
        assert "What changed with Energy ball" in text
        assert "(4.0 → 7.0, 5 days)" in text
        assert re.search(rf'data-category="{hack.category.name}"\s+aria-labelledby="changes"', text)
        assert "What changed with" not in member_client.get(reverse("practice:journal")).text

    def test_practised_hack_links_to_its_journal(self, member_client, member, hack):
        link = f"{reverse('practice:journal')}?hack=energy-ball"
        assert link not in member_client.get(hack.get_absolute_url()).text
        practise(member, hack, 0)
        assert link in member_client.get(hack.get_absolute_url()).text


def test_number_of_queries_is_constant(queries_of, member_client, member):
    member_client.get(PAGE)
    few = queries_of(lambda: member_client.get(PAGE))
    for days_ago in range(20):
        practise(member, HackFactory(), days_ago)
        make_checkin(member, TODAY - timedelta(days=days_ago), mood_before=3, mood_after=4)
    many = queries_of(lambda: member_client.get(PAGE))
    assert len(many) == len(few) <= 8
