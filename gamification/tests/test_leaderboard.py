"""/leaderboard/: the list, one's own place, and who is absent from both."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Member
from accounts.tests.factories import make_member
from accounts.tests.markup import words_of
from database.identity import Role, database_identity
from gamification.actions import rank_members
from gamification.leaderboards import PAGE_SIZE, next_count
from gamification.models import Challenge, Leaderboard, LeaderboardEntry
from gamification.tests.factories import HIDDEN, SHOWN, earn
from hacks.tests.factories import HackCategoryFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("gamification:leaderboard")
ALL = f"{PAGE}?period=all"
LONG_AGO = date(2026, 3, 2)


def place(name: str, xp: int, *, shown: bool = True, category=None, day: date = LONG_AGO) -> Member:
    member = make_member(username=name, display_name=name.title(), privacy_settings=SHOWN if shown else HIDDEN)
    earn(member, xp, day, category)
    return member


def place_many(number: int, *, first_xp: int = 1000) -> list[Member]:
    return [place(f"peer_{n}", first_xp - n) for n in range(1, number + 1)]


def count() -> None:
    rank_members(now=timezone.now())


def tables(client, address: str = ALL) -> dict[str, list[str]]:
    """The rows of each table by its caption, in words: "2 Ann @ann 9"."""
    response = client.get(address)
    assert response.status_code == 200
    found = {}
    for table in re.findall(r"<table.*?</table>", response.content.decode(), re.DOTALL):
        caption, body = re.search(r"<caption[^>]*>(.*?)</caption>.*<tbody>(.*)</tbody>", table, re.DOTALL).groups()
        found[caption] = [words_of(row) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]
    return found


def listed(client, address: str = ALL) -> list[str]:
    return tables(client, address).get("Members by XP", [])


def around(client, address: str = ALL) -> list[str]:
    return tables(client, address).get("Your place and the places around it", [])


class TestList:
    def test_shows_places_names_and_xp_and_shares_places_of_equals(self, member_client):
        for name, xp in (("ann", 5), ("bea", 1200), ("cai", 5), ("dan", 1)):
            place(name, xp)
        count()
        assert listed(member_client) == [
            "1 Bea @bea 1,200", "= shared 2 Ann @ann 5", "= shared 2 Cai @cai 5", "4 Dan @dan 1",
        ]  # fmt: skip

    def test_equals_share_a_place_across_pages_too(self, member_client):
        place_many(PAGE_SIZE - 1)
        for name in ("ann", "bea"):
            place(name, 5)
        count()
        assert listed(member_client)[-1] == f"= shared {PAGE_SIZE} Ann @ann 5"
        assert listed(member_client, f"{ALL}&page=2") == [f"= shared {PAGE_SIZE} Bea @bea 5"]
        # Beyond the last is the last; what is no page is the first.
        assert listed(member_client, f"{ALL}&page=99") == listed(member_client, f"{ALL}&page=2")
        assert len(listed(member_client, f"{ALL}&page=two")) == len(listed(member_client, f"{ALL}&page=0")) == PAGE_SIZE

    def test_links_to_open_profiles_alone(self, member_client):
        place("ann", 5)
        open_page = place("bea", 4)
        Member.objects.filter(pk=open_page.pk).update(privacy_settings={**SHOWN, "profile_public": True})
        count()
        html = member_client.get(ALL).content.decode()
        assert 'href="/@bea/"' in html
        assert 'href="/@ann/"' not in html

    def test_names_are_escaped(self, member_client):
        member = place("ann", 5)
        Member.objects.filter(pk=member.pk).update(display_name="<script>alert(1)</script>")
        count()
        assert b"<script>alert" not in member_client.get(ALL).content

    def test_says_when_it_was_counted_and_will_be_in_the_members_zone(self, member, member_client):
        member.profile.timezone = "Asia/Kathmandu"
        member.profile.save(update_fields=["timezone"])
        count()
        Leaderboard.objects.update(counted_at=datetime(2026, 3, 2, 12, 40, tzinfo=UTC))
        assert "Updated at 18:25, next update at " in words_of(member_client.get(ALL).content.decode())

    @pytest.mark.parametrize(("minute", "expected"), [(0, 10), (9, 10), (10, 20)])
    def test_the_next_count_is_at_the_next_full_ten_minutes(self, minute, expected):
        assert next_count(datetime(2026, 3, 2, 12, minute, 1, tzinfo=UTC)) == datetime(
            2026, 3, 2, 12, expected, tzinfo=UTC
        )


class TestBoards:
    def test_of_a_category(self, member_client):
        category = HackCategoryFactory(name="breath", title="Breath")
        place("ann", 5, category=category)
        place("bea", 9)
        count()
        assert listed(member_client) == ["1 Bea @bea 9", "2 Ann @ann 5"]
        assert listed(member_client, f"{ALL}&category=breath") == ["1 Ann @ann 5"]
        assert listed(member_client, f"{ALL}&category=unknown") == listed(member_client)

    def test_of_a_period(self, member_client):
        now = timezone.now()
        place("ann", 5, day=now.date())
        place("bea", 9)
        count()
        for address in (PAGE, f"{PAGE}?period=week", f"{PAGE}?period=month", f"{PAGE}?period=unknown"):
            assert listed(member_client, address) == ["1 Ann @ann 5"]
        assert len(listed(member_client)) == 2

    def test_last_week_is_not_shown_as_this_week(self, member_client):
        place("ann", 5, day=LONG_AGO)
        rank_members(now=datetime(2026, 3, 4, tzinfo=UTC))
        assert LeaderboardEntry.objects.filter(board__period="week").exists()
        response = member_client.get(PAGE)
        assert "No rankings yet" in response.content.decode()
        assert listed(member_client, PAGE) == []

    def test_nobody_is_listed(self, member_client):
        count()
        html = words_of(member_client.get(ALL).content.decode())
        assert "No one is listed here yet." in html
        assert "You had no XP here yet at the last update" in html

    def test_what_came_since_the_count_is_not_denied(self, member, member_client):
        count()
        Leaderboard.objects.update(counted_at=datetime(2026, 3, 2, 12, 40, tzinfo=UTC))
        earn(member, 80, LONG_AGO)
        html = words_of(member_client.get(ALL).content.decode())
        assert "at the last update (12:40)." in html

    def test_leads_to_the_challenges_that_run(self, member_client):
        now, hour = timezone.now(), timedelta(hours=1)
        with database_identity(Role.STAFF):
            for name, start in (("Running", now - hour), ("Later", now + hour)):
                Challenge.objects.create(
                    name=name,
                    slug=name.lower(),
                    start_date=start,
                    end_date=start + 2 * hour,
                    criteria_json={"type": "practice_count", "value": 1},
                )
        count()
        html = member_client.get(ALL).content.decode()
        assert reverse("gamification:challenge-detail", args=["running"]) in html
        assert "Later" not in html


class TestOwnPlace:
    def test_on_the_page_of_the_list_it_is_marked(self, member, member_client):
        place_many(3)
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN, username="own", display_name="Own")
        earn(member, 998, LONG_AGO)
        count()
        assert listed(member_client) == [
            "1 Peer_1 @peer_1 999", "= shared 2 Own @own You 998", "= shared 2 Peer_2 @peer_2 998",
            "4 Peer_3 @peer_3 997",
        ]  # fmt: skip
        assert around(member_client) == []
        assert "= shared 2 your place 998 XP" in words_of(member_client.get(ALL).content.decode())

    def test_far_below_it_stands_among_its_neighbours(self, member, member_client):
        place_many(PAGE_SIZE + 9)
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN, username="own", display_name="Own")
        earn(member, 1000 - PAGE_SIZE - 5, LONG_AGO)
        count()
        assert len(listed(member_client)) == PAGE_SIZE
        assert around(member_client) == [
            "27 Peer_27 @peer_27 973", "28 Peer_28 @peer_28 972", "29 Peer_29 @peer_29 971",
            "= shared 30 Own @own You 970",
            "= shared 30 Peer_30 @peer_30 970", "32 Peer_31 @peer_31 969", "33 Peer_32 @peer_32 968",
        ]  # fmt: skip

    def test_below_the_end_of_the_list_it_is_found_all_the_same(self, member, member_client, monkeypatch):
        monkeypatch.setattr("gamification.leaderboards.MAX_LISTED", PAGE_SIZE)
        place_many(PAGE_SIZE + 3)
        earn(member, 1, LONG_AGO)
        count()
        assert listed(member_client, f"{ALL}&page=2") == listed(member_client)
        assert "page=2" not in member_client.get(ALL).text
        assert len(around(member_client)) == 4

    def test_hidden_it_is_seen_by_its_owner_alone(self, member, member_client, sign_in):
        place_many(5)
        Member.objects.filter(pk=member.pk).update(username="own", display_name="Own")
        earn(member, 997, LONG_AGO)
        count()
        assert around(member_client) == [
            "1 Peer_1 @peer_1 999", "2 Peer_2 @peer_2 998",
            "= shared 3 Own @own Where you'd be 997",
            "3 Peer_3 @peer_3 997", "4 Peer_4 @peer_4 996", "5 Peer_5 @peer_5 995",
        ]  # fmt: skip
        assert [line.split()[0] for line in listed(member_client)] == ["1", "2", "3", "4", "5"]
        assert "shared 3 where you'd be" in words_of(member_client.get(ALL).content.decode())
        assert "@own " not in str(tables(sign_in(make_member())))

    def test_who_hides_may_show_themselves_with_and_without_xp(self, member, member_client):
        link = reverse("accounts:settings-privacy")
        count()
        assert link in member_client.get(ALL).text
        earn(member, 5, LONG_AGO)
        count()
        assert link in member_client.get(ALL).text
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        assert link not in member_client.get(ALL).text

    def test_who_shows_themselves_since_the_count_waits_for_the_next(self, member, member_client):
        place_many(2)
        earn(member, 5, LONG_AGO)
        count()
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        html = words_of(member_client.get(ALL).content.decode())
        assert "after the next update" in html
        assert "only you see this" not in html
        assert len(around(member_client)) == 3
        count()
        assert len(listed(member_client)) == 3


def opt_out(member: Member) -> None:
    Member.objects.filter(pk=member.pk).update(privacy_settings=HIDDEN)


def ban(member: Member) -> None:
    member.user.is_active = False
    member.user.save()


def erase(member: Member) -> None:
    member.user.delete()


@pytest.mark.parametrize("leave", [opt_out, ban, erase])
class TestWhoLeaves:
    def test_is_absent_from_the_page_at_once(self, leave, member_client):
        leaver, _ = place("ann", 9), place("bea", 5)
        count()
        assert len(listed(member_client)) == 2
        leave(leaver)
        assert listed(member_client) == ["2 Bea @bea 5"]
        count()
        assert listed(member_client) == ["1 Bea @bea 5"]

    def test_is_absent_from_the_table_for_whatever_statement(self, leave, member):
        leaver = place("ann", 9)
        count()
        statement = "SELECT count(*) FROM leaderboard_entries WHERE is_listed"
        assert ask_as(member, statement) == 1
        leave(leaver)
        assert ask_as(member, statement) == 0


def ask_as(member: Member, statement: str):
    with database_identity(Role.MEMBER, member.pk), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


class TestRights:
    def test_members_see_their_own_row_and_those_of_members_who_show_their_totals(self, member):
        earn(member, 1, LONG_AGO)
        place("ann", 9)
        place("bea", 5, shown=False)
        ban(place("cai", 3))
        count()
        with database_identity(Role.MEMBER, member.pk):
            seen = list(LeaderboardEntry.objects.values_list("user__username", flat=True).distinct())
        assert sorted(seen) == sorted(["ann", member.username])

    @pytest.mark.parametrize("role", [Role.MEMBER, Role.STAFF])
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE leaderboard_entries SET xp = 9999",
            "INSERT INTO leaderboard_entries SELECT * FROM leaderboard_entries",
            "UPDATE leaderboard_steps SET rank = 1",
            "INSERT INTO leaderboard_steps SELECT * FROM leaderboard_steps",
            "UPDATE leaderboards SET counted_at = now()",
            "INSERT INTO leaderboards SELECT * FROM leaderboards",
        ],
    )
    def test_nobody_is_placed_by_hand(self, role, statement, member):
        with (
            database_identity(role, member.pk),
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_visitors_are_led_to_the_login(self, client):
        assert client.get(PAGE)["Location"] == f"{reverse('account_login')}?next={PAGE}"

    def test_answers_nothing_but_get(self, member_client):
        assert member_client.post(PAGE).status_code == 405


def test_asks_the_same_number_of_statements_however_long_the_list(member, member_client, queries_of):
    HackCategoryFactory()
    place_many(1)
    count()
    few = queries_of(lambda: member_client.get(ALL))
    for number in range(1, PAGE_SIZE + 5):
        place(f"more_{number}", number)
    earn(member, 2, LONG_AGO)
    HackCategoryFactory.create_batch(3)
    count()
    many = queries_of(lambda: member_client.get(ALL))
    assert len(many) == len(few) <= 8
