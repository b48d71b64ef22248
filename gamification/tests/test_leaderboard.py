"""The leaderboard page: the list, the member's own rank, and hidden members."""

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


def make_ranked(name: str, xp: int, *, shown: bool = True, category=None, day: date = LONG_AGO) -> Member:
    member = make_member(username=name, display_name=name.title(), privacy_settings=SHOWN if shown else HIDDEN)
    earn(member, xp, day, category)
    return member


def make_many_ranked(number: int, *, first_xp: int = 1000) -> list[Member]:
    return [make_ranked(f"peer_{n}", first_xp - n) for n in range(1, number + 1)]


def count() -> None:
    rank_members(now=timezone.now())


def tables(client, address: str = ALL) -> dict[str, list[str]]:
    """Return the text of each table's rows, by caption: "2 Ann @ann 9"."""
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
    def test_shows_ranks_names_and_xp_and_equal_xp_shares_rank(self, member_client):
        for name, xp in (("ann", 5), ("bea", 1200), ("cai", 5), ("dan", 1)):
            make_ranked(name, xp)
        count()
        assert listed(member_client) == [
            "1 Bea @bea 1,200", "= shared 2 Ann @ann 5", "= shared 2 Cai @cai 5", "4 Dan @dan 1",
        ]  # fmt: skip

    def test_equal_xp_shares_rank_across_pages(self, member_client):
        make_many_ranked(PAGE_SIZE - 1)
        for name in ("ann", "bea"):
            make_ranked(name, 5)
        count()
        assert listed(member_client)[-1] == f"= shared {PAGE_SIZE} Ann @ann 5"
        assert listed(member_client, f"{ALL}&page=2") == [f"= shared {PAGE_SIZE} Bea @bea 5"]
        # A number beyond the last page shows the last page. An invalid number shows the first.
        assert listed(member_client, f"{ALL}&page=99") == listed(member_client, f"{ALL}&page=2")
        assert len(listed(member_client, f"{ALL}&page=two")) == len(listed(member_client, f"{ALL}&page=0")) == PAGE_SIZE

    def test_links_only_to_public_profiles(self, member_client):
        make_ranked("ann", 5)
        public = make_ranked("bea", 4)
        Member.objects.filter(pk=public.pk).update(privacy_settings={**SHOWN, "profile_public": True})
        count()
        html = member_client.get(ALL).content.decode()
        assert 'href="/@bea/"' in html
        assert 'href="/@ann/"' not in html

    def test_names_are_escaped(self, member_client):
        member = make_ranked("ann", 5)
        Member.objects.filter(pk=member.pk).update(display_name="<script>alert(1)</script>")
        count()
        assert b"<script>alert" not in member_client.get(ALL).content

    def test_shows_times_of_last_and_next_count_in_member_time_zone(self, member, member_client):
        member.profile.timezone = "Asia/Kathmandu"
        member.profile.save(update_fields=["timezone"])
        count()
        Leaderboard.objects.update(counted_at=datetime(2026, 3, 2, 12, 40, tzinfo=UTC))
        assert "Updated at 18:25, next update at " in words_of(member_client.get(ALL).content.decode())

    @pytest.mark.parametrize(("minute", "expected"), [(0, 10), (9, 10), (10, 20)])
    def test_next_count_is_at_next_multiple_of_ten_minutes(self, minute, expected):
        assert next_count(datetime(2026, 3, 2, 12, minute, 1, tzinfo=UTC)) == datetime(
            2026, 3, 2, 12, expected, tzinfo=UTC
        )


class TestBoards:
    def test_category_board_counts_only_its_xp(self, member_client):
        category = HackCategoryFactory(name="breath", title="Breath")
        make_ranked("ann", 5, category=category)
        make_ranked("bea", 9)
        count()
        assert listed(member_client) == ["1 Bea @bea 9", "2 Ann @ann 5"]
        assert listed(member_client, f"{ALL}&category=breath") == ["1 Ann @ann 5"]
        assert listed(member_client, f"{ALL}&category=unknown") == listed(member_client)

    def test_period_board_counts_only_its_days(self, member_client):
        now = timezone.now()
        make_ranked("ann", 5, day=now.date())
        make_ranked("bea", 9)
        count()
        for address in (PAGE, f"{PAGE}?period=week", f"{PAGE}?period=month", f"{PAGE}?period=unknown"):
            assert listed(member_client, address) == ["1 Ann @ann 5"]
        assert len(listed(member_client)) == 2

    def test_old_count_of_last_week_is_not_shown_as_this_week(self, member_client):
        make_ranked("ann", 5, day=LONG_AGO)
        rank_members(now=datetime(2026, 3, 4, tzinfo=UTC))
        assert LeaderboardEntry.objects.filter(board__period="week").exists()
        response = member_client.get(PAGE)
        assert "No rankings yet" in response.content.decode()
        assert listed(member_client, PAGE) == []

    def test_board_without_members_shows_empty_state(self, member_client):
        count()
        html = words_of(member_client.get(ALL).content.decode())
        assert "No one is listed here yet." in html
        assert "You had no XP here yet at the last update" in html

    def test_page_mentions_xp_earned_after_count(self, member, member_client):
        count()
        Leaderboard.objects.update(counted_at=datetime(2026, 3, 2, 12, 40, tzinfo=UTC))
        earn(member, 80, LONG_AGO)
        html = words_of(member_client.get(ALL).content.decode())
        assert "at the last update (12:40)." in html

    def test_links_to_running_challenges(self, member_client):
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
    def test_own_row_in_list_is_marked(self, member, member_client):
        make_many_ranked(3)
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN, username="own", display_name="Own")
        earn(member, 998, LONG_AGO)
        count()
        assert listed(member_client) == [
            "1 Peer_1 @peer_1 999", "= shared 2 Own @own You 998", "= shared 2 Peer_2 @peer_2 998",
            "4 Peer_3 @peer_3 997",
        ]  # fmt: skip
        assert around(member_client) == []
        assert "= shared 2 your place 998 XP" in words_of(member_client.get(ALL).content.decode())

    def test_low_rank_is_shown_with_neighbours(self, member, member_client):
        make_many_ranked(PAGE_SIZE + 9)
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN, username="own", display_name="Own")
        earn(member, 1000 - PAGE_SIZE - 5, LONG_AGO)
        count()
        assert len(listed(member_client)) == PAGE_SIZE
        assert around(member_client) == [
            "27 Peer_27 @peer_27 973", "28 Peer_28 @peer_28 972", "29 Peer_29 @peer_29 971",
            "= shared 30 Own @own You 970",
            "= shared 30 Peer_30 @peer_30 970", "32 Peer_31 @peer_31 969", "33 Peer_32 @peer_32 968",
        ]  # fmt: skip

    def test_rank_below_end_of_list_is_shown(self, member, member_client, monkeypatch):
        monkeypatch.setattr("gamification.leaderboards.MAX_LISTED", PAGE_SIZE)
        make_many_ranked(PAGE_SIZE + 3)
        earn(member, 1, LONG_AGO)
        count()
        assert listed(member_client, f"{ALL}&page=2") == listed(member_client)
        assert "page=2" not in member_client.get(ALL).text
        assert len(around(member_client)) == 4

    def test_hidden_rank_is_visible_to_its_member_only(self, member, member_client, sign_in):
        make_many_ranked(5)
        Member.objects.filter(pk=member.pk).update(username="own", display_name="Own")
        earn(member, 997, LONG_AGO)
        count()
        assert around(member_client) == [
            "1 Peer_1 @peer_1 999", "2 Peer_2 @peer_2 998",
            "= shared 3 Own @own Where you&#x27;d be 997",
            "3 Peer_3 @peer_3 997", "4 Peer_4 @peer_4 996", "5 Peer_5 @peer_5 995",
        ]  # fmt: skip
        assert [line.split()[0] for line in listed(member_client)] == ["1", "2", "3", "4", "5"]
        assert "shared 3 where you'd be" in words_of(member_client.get(ALL).content.decode())
        assert "@own " not in str(tables(sign_in(make_member())))

    def test_hidden_member_gets_link_to_privacy_settings(self, member, member_client):
        link = reverse("accounts:settings-privacy")
        count()
        assert link in member_client.get(ALL).text
        earn(member, 5, LONG_AGO)
        count()
        assert link in member_client.get(ALL).text
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        assert link not in member_client.get(ALL).text

    def test_member_who_became_visible_is_listed_after_next_count(self, member, member_client):
        make_many_ranked(2)
        earn(member, 5, LONG_AGO)
        count()
        Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
        html = words_of(member_client.get(ALL).content.decode())
        assert "after the next update" in html
        assert "Only you see" not in html
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
class TestLeaving:
    def test_member_disappears_from_page_at_once(self, leave, member_client):
        leaver, _ = make_ranked("ann", 9), make_ranked("bea", 5)
        count()
        assert len(listed(member_client)) == 2
        leave(leaver)
        assert listed(member_client) == ["2 Bea @bea 5"]
        count()
        assert listed(member_client) == ["1 Bea @bea 5"]

    def test_member_disappears_from_table_at_once(self, leave, member):
        leaver = make_ranked("ann", 9)
        count()
        statement = "SELECT count(*) FROM leaderboard_entries WHERE is_listed"
        assert query_as(member, statement) == 1
        leave(leaver)
        assert query_as(member, statement) == 0


def query_as(member: Member, statement: str):
    with database_identity(Role.MEMBER, member.pk), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


class TestRights:
    def test_members_see_own_row_and_rows_of_visible_members(self, member):
        earn(member, 1, LONG_AGO)
        make_ranked("ann", 9)
        make_ranked("bea", 5, shown=False)
        ban(make_ranked("cai", 3))
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
    def test_members_and_staff_cannot_write_ranks(self, role, statement, member):
        with (
            database_identity(role, member.pk),
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_anonymous_visitor_is_redirected_to_login(self, client):
        assert client.get(PAGE)["Location"] == f"{reverse('account_login')}?next={PAGE}"

    def test_post_is_not_allowed(self, member_client):
        assert member_client.post(PAGE).status_code == 405


def test_number_of_queries_does_not_depend_on_length_of_list(member, member_client, queries_of):
    HackCategoryFactory()
    make_many_ranked(1)
    count()
    few = queries_of(lambda: member_client.get(ALL))
    for number in range(1, PAGE_SIZE + 5):
        make_ranked(f"more_{number}", number)
    earn(member, 2, LONG_AGO)
    HackCategoryFactory.create_batch(3)
    count()
    many = queries_of(lambda: member_client.get(ALL))
    assert len(many) == len(few) <= 8
