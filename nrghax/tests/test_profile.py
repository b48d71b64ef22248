"""/@username/: its content by privacy setting and visitor, and redirects from former usernames."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.models import Member, Profile, User, UsernameHistory
from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from database.identity import Role, database_identity
from practice.models import MemberStats

pytestmark = pytest.mark.django_db

BIO = "Tea, long walks & <b>slow</b> mornings."
MISSING = "There's no profile here"


@pytest.fixture
def person():
    member = make_member(
        username="Slow_River",
        display_name="Slow River",
        profile={"bio": BIO, "selected_path": "protection", "timezone": "Asia/Tokyo", "day_start": time(4)},
    )
    MemberStats.objects.filter(pk=member.pk).update(longest_streak=12)
    return member


def show(member, *, profile=True, totals=True):
    switches = {"profile_public": profile, "leaderboard_visible": totals}
    Member.objects.filter(pk=member.pk).update(privacy_settings=switches)


def url(username="Slow_River"):
    return f"/@{username}/"


@pytest.fixture(params=["a visitor", "another member"])
def visitor_client(request, client, sign_in):
    return client if request.param == "a visitor" else sign_in(make_member())


def test_public_profile_shows_card_bio_and_facts(visitor_client, person):
    show(person)
    response = visitor_client.get(url())
    read_page(response)
    content = response.content.decode()
    assert "<h1>Slow River</h1>" in content
    assert "@Slow_River" in content
    assert "Tea, long walks &amp; &lt;b&gt;slow&lt;/b&gt; mornings." in content
    assert "12 days" in content
    assert f"{datetime.now(UTC):%B %Y}" in content
    assert "Only you can see it" not in content
    assert response.context["facts"][1] == ("Path", "Protection")


def test_public_profile_shows_no_private_data(visitor_client, person):
    show(person)
    content = visitor_client.get(url()).content.decode()
    for private in (person.user.email, "Tokyo", "04:00", str(person.pk)):
        assert private not in content


@pytest.mark.parametrize("hidden", ["totals are private", "streaks are hidden"])
def test_streak_is_not_shown_when(hidden, visitor_client, person, sign_in):
    show(person, totals=hidden != "totals are private")
    Profile.objects.filter(pk=person.pk).update(hide_streaks=hidden == "streaks are hidden")
    assert "Longest streak" not in visitor_client.get(url()).content.decode()
    assert "Longest streak" not in sign_in(person).get(url()).content.decode()


def test_no_streak_is_shown_before_first_one(visitor_client, person):
    show(person)
    MemberStats.objects.filter(pk=person.pk).update(longest_streak=0)
    assert "Longest streak" not in visitor_client.get(url()).content.decode()


def test_hidden_and_missing_profiles_get_same_response(client, person):
    hidden, missing = client.get(url()), client.get(url("missing"))
    read_page(hidden, status=404)
    assert MISSING in hidden.content.decode()
    assert hidden.content == missing.content
    # The clock may have moved on by a second between the two requests.
    hidden.headers.pop("Expires"), missing.headers.pop("Expires")
    assert hidden.headers.items() == missing.headers.items()


def test_hidden_profile_returns_404_to_others(visitor_client, person):
    response = visitor_client.get(url())
    assert response.status_code == 404
    assert MISSING in response.content.decode()
    assert "Slow" not in response.content.decode()


@pytest.mark.parametrize("is_public", [True, False])
def test_owner_sees_profile_with_note_on_its_visibility(sign_in, person, is_public):
    show(person, profile=is_public)
    content = sign_in(person).get(url()).content.decode()
    assert "<h1>Slow River</h1>" in content
    assert ("Only you can see it" in content) is not is_public
    assert ("how others see your profile" in content) is is_public
    assert reverse("accounts:settings-privacy") in content


def test_profile_of_inactive_account_returns_404(visitor_client, person):
    show(person)
    assert visitor_client.get(url()).status_code == 200
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert visitor_client.get(url()).status_code == 404
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert visitor_client.get(url()).status_code == 200


def test_member_of_account_created_inactive_is_inactive():
    user = User.objects.create_user("closed@example.com", "a calm breath of air", is_active=False)
    assert not Member.objects.get(pk=user.pk).is_active


def test_other_letter_case_redirects_to_username(visitor_client, person):
    show(person)
    response = visitor_client.get(url("slow_RIVER"))
    assert (response.status_code, response.url) == (301, url())


def test_former_username_redirects_to_new_one(visitor_client, person):
    show(person)
    Member.objects.filter(pk=person.pk).update(username="rapid")
    Member.objects.filter(pk=person.pk).update(username="waterfall")
    for former in ("Slow_River", "slow_river", "rapid"):
        response = visitor_client.get(url(former))
        assert (response.status_code, response.url) == (301, "/@waterfall/")
        assert "no-store" in response["Cache-Control"], "another member may take the name later"


def test_former_username_returns_404_when_profile_is_hidden_or_account_inactive(visitor_client, person):
    Member.objects.filter(pk=person.pk).update(username="rapid")
    assert visitor_client.get(url()).status_code == 404
    show(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert visitor_client.get(url()).status_code == 404


def test_former_username_redirects_owner_even_when_profile_is_hidden(sign_in, person):
    Member.objects.filter(pk=person.pk).update(username="rapid")
    assert sign_in(person).get(url()).url == "/@rapid/"


def test_former_username_returns_404_when_hidden_member_has_it_now(visitor_client, person):
    show(person)
    Member.objects.filter(pk=person.pk).update(username="rapid")
    UsernameHistory.objects.update(until=datetime.now(UTC) - timedelta(days=91))
    make_member(username="slow_river")
    assert visitor_client.get(url()).status_code == 404


@pytest.mark.parametrize("name", ["ab", "a" * 31, "with space", "dash-ed", "a\x00bc", "ümläut", "..", "%27"])
def test_invalid_username_returns_404(client, name):
    assert client.get(url(name)).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_profile_allows_only_reading(client, person, method):
    show(person)
    assert getattr(client, method)(url()).status_code == 405


def test_absolute_url_is_profile(person):
    assert person.get_absolute_url() == url()


def test_query_count_does_not_grow_with_members(visitor_client, person, queries_of):
    show(person)
    counts = []
    for _ in range(2):
        counts.append(len(queries_of(lambda: visitor_client.get(url()))))
        for _ in range(3):
            show(make_member())
    assert counts[0] == counts[1] <= 6


def rows_or_refusal(statement, parameters):
    """Return the rows, or the name of the database error."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement, parameters)
                return cursor.fetchall()
        except DatabaseError as error:
            return type(error.__cause__).__name__


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT bio FROM user_profiles WHERE user_id = %s", [(BIO,)]),
        ("SELECT longest_streak FROM user_stats WHERE user_id = %s", [(12,)]),
        ("SELECT display_name FROM users WHERE id = %s", [("Slow River",)]),
    ],
    ids=["bio", "streak", "card"],
)
def test_row_security_shows_visitors_only_public_profiles(statement, found, person):
    def query():
        with database_identity(Role.ANON):
            return rows_or_refusal(statement, [person.pk])

    show(person, profile=False)
    assert query() == []
    show(person)
    assert query() == found
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert query() == []


@pytest.mark.parametrize("column", ["timezone", "day_start", "discord_id", "discord_username", "onboarding_completed"])
def test_visitors_cannot_read_private_profile_column(column, person):
    show(person)
    with database_identity(Role.ANON):
        assert rows_or_refusal(f"SELECT {column} FROM user_profiles", []) == "InsufficientPrivilege"
        assert rows_or_refusal("SELECT FROM user_profiles ORDER BY " + column, []) == "InsufficientPrivilege"


@pytest.mark.parametrize("column", ["current_streak", "streak_ends_at", "last_checkin_date", "strength"])
def test_visitors_cannot_read_private_stats_column(column, person):
    show(person)
    with database_identity(Role.ANON):
        assert rows_or_refusal(f"SELECT {column} FROM user_stats", []) == "InsufficientPrivilege"


@pytest.mark.parametrize("switch", ["profile", "totals"])
def test_row_security_hides_streak_when_switched_off(switch, person):
    def query():
        with database_identity(Role.ANON):
            return rows_or_refusal("SELECT longest_streak FROM user_stats WHERE user_id = %s", [person.pk])

    show(person)
    assert query() == [(12,)]
    show(person, **{switch: False})
    assert query() == []
    show(person)
    Profile.objects.filter(pk=person.pk).update(hide_streaks=True)
    assert query() == []


def test_row_security_hides_profile_and_stats_of_inactive_account_from_members(person):
    show(person)
    stranger = make_member()
    for is_active, found in ((True, 1), (False, 0)):
        User.objects.filter(pk=person.pk).update(is_active=is_active)
        with database_identity(Role.MEMBER, stranger.pk):
            for table in ("user_profiles", "user_stats"):
                assert len(rows_or_refusal(f"SELECT FROM {table} WHERE user_id = %s", [person.pk])) == found
