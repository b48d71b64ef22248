"""/@username/: what a member shows, to whom, and where a former name leads."""

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
MISSING = "There is no profile to see here"


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
def asker(request, client, sign_in):
    return client if request.param == "a visitor" else sign_in(make_member())


def test_a_public_profile_shows_what_it_should(asker, person):
    show(person)
    response = asker.get(url())
    read_page(response)
    content = response.content.decode()
    assert "<h1>Slow River</h1>" in content
    assert "@Slow_River" in content
    assert "Tea, long walks &amp; &lt;b&gt;slow&lt;/b&gt; mornings." in content
    assert "12 days" in content
    assert f"{datetime.now(UTC):%B %Y}" in content
    assert "Only you see this" not in content
    assert response.context["facts"][1] == ("Path", "Protection")


def test_nothing_else_is_told(asker, person):
    show(person)
    content = asker.get(url()).content.decode()
    for private in (person.user.email, "Tokyo", "04:00", str(person.pk)):
        assert private not in content


@pytest.mark.parametrize("hidden", ["totals are private", "streaks are hidden"])
def test_a_streak_is_not_shown_when(hidden, asker, person, sign_in):
    show(person, totals=hidden != "totals are private")
    Profile.objects.filter(pk=person.pk).update(hide_streaks=hidden == "streaks are hidden")
    assert "Longest streak" not in asker.get(url()).content.decode()
    assert "Longest streak" not in sign_in(person).get(url()).content.decode()


def test_who_has_no_streak_yet_shows_none(asker, person):
    show(person)
    MemberStats.objects.filter(pk=person.pk).update(longest_streak=0)
    assert "Longest streak" not in asker.get(url()).content.decode()


def test_a_hidden_profile_and_none_answer_alike(client, person):
    hidden, none = client.get(url()), client.get(url("nobody_here"))
    read_page(hidden, status=404)
    assert MISSING in hidden.content.decode()
    assert hidden.content == none.content
    # The second may have gone by between the two.
    hidden.headers.pop("Expires"), none.headers.pop("Expires")
    assert hidden.headers.items() == none.headers.items()


def test_a_hidden_profile_does_not_show_to_another_member(asker, person):
    response = asker.get(url())
    assert response.status_code == 404
    assert MISSING in response.content.decode()
    assert "Slow" not in response.content.decode()


@pytest.mark.parametrize("is_public", [True, False])
def test_its_owner_sees_it_with_a_word_on_who_else_does(sign_in, person, is_public):
    show(person, profile=is_public)
    content = sign_in(person).get(url()).content.decode()
    assert "<h1>Slow River</h1>" in content
    assert ("Only you see this" in content) is not is_public
    assert ("as everybody sees it" in content) is is_public
    assert reverse("accounts:settings-privacy") in content


def test_a_closed_account_is_never_shown(asker, person):
    show(person)
    assert asker.get(url()).status_code == 200
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert asker.get(url()).status_code == 404
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert asker.get(url()).status_code == 200


def test_an_account_that_is_made_closed_is_not_shown():
    user = User.objects.create_user("closed@example.com", "a calm breath of air", is_active=False)
    assert not Member.objects.get(pk=user.pk).is_active


def test_another_spelling_leads_to_the_name(asker, person):
    show(person)
    response = asker.get(url("slow_RIVER"))
    assert (response.status_code, response.url) == (301, url())


def test_a_former_name_leads_to_the_new_one(asker, person):
    show(person)
    Member.objects.filter(pk=person.pk).update(username="rapid")
    Member.objects.filter(pk=person.pk).update(username="waterfall")
    for former in ("Slow_River", "slow_river", "rapid"):
        response = asker.get(url(former))
        assert (response.status_code, response.url) == (301, "/@waterfall/")
        assert "no-store" in response["Cache-Control"], "the name may be another's one day"


def test_a_former_name_of_a_hidden_or_closed_account_leads_nowhere(asker, person):
    Member.objects.filter(pk=person.pk).update(username="rapid")
    assert asker.get(url()).status_code == 404
    show(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert asker.get(url()).status_code == 404


def test_a_former_name_leads_its_owner_home_though_hidden(sign_in, person):
    Member.objects.filter(pk=person.pk).update(username="rapid")
    assert sign_in(person).get(url()).url == "/@rapid/"


def test_a_name_that_somebody_hidden_has_now_does_not_lead_to_its_former_owner(asker, person):
    show(person)
    Member.objects.filter(pk=person.pk).update(username="rapid")
    UsernameHistory.objects.update(until=datetime.now(UTC) - timedelta(days=91))
    make_member(username="slow_river")
    assert asker.get(url()).status_code == 404


@pytest.mark.parametrize("name", ["ab", "a" * 31, "with space", "dash-ed", "a\x00bc", "ümläut", "..", "%27"])
def test_what_cannot_be_a_name(client, name):
    assert client.get(url(name)).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_no_other_method(client, person, method):
    show(person)
    assert getattr(client, method)(url()).status_code == 405


def test_a_member_knows_its_address(person):
    assert person.get_absolute_url() == url()


def test_the_page_costs_the_same_among_any_number_of_members(asker, person, queries_of):
    show(person)
    counts = []
    for _ in range(2):
        counts.append(len(queries_of(lambda: asker.get(url()))))
        for _ in range(3):
            show(make_member())
    assert counts[0] == counts[1] <= 6


def rows_or_refusal(statement, parameters):
    """The rows, or the class of the error with which the database refused."""
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
def test_the_database_shows_a_visitor_what_is_public_alone(statement, found, person):
    def ask():
        with database_identity(Role.ANON):
            return rows_or_refusal(statement, [person.pk])

    show(person, profile=False)
    assert ask() == []
    show(person)
    assert ask() == found
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert ask() == []


@pytest.mark.parametrize("column", ["timezone", "day_start", "discord_id", "discord_username", "onboarding_completed"])
def test_where_a_public_member_lives_stays_hidden_from_visitors(column, person):
    show(person)
    with database_identity(Role.ANON):
        assert rows_or_refusal(f"SELECT {column} FROM user_profiles", []) == "InsufficientPrivilege"
        assert rows_or_refusal("SELECT FROM user_profiles ORDER BY " + column, []) == "InsufficientPrivilege"


@pytest.mark.parametrize("column", ["current_streak", "streak_ends_at", "last_checkin_date", "strength"])
def test_when_a_public_member_practised_stays_hidden_from_visitors(column, person):
    show(person)
    with database_identity(Role.ANON):
        assert rows_or_refusal(f"SELECT {column} FROM user_stats", []) == "InsufficientPrivilege"


@pytest.mark.parametrize("switch", ["profile", "totals"])
def test_the_database_hides_a_streak_behind_each_switch(switch, person):
    def ask():
        with database_identity(Role.ANON):
            return rows_or_refusal("SELECT longest_streak FROM user_stats WHERE user_id = %s", [person.pk])

    show(person)
    assert ask() == [(12,)]
    show(person, **{switch: False})
    assert ask() == []
    show(person)
    Profile.objects.filter(pk=person.pk).update(hide_streaks=True)
    assert ask() == []


def test_a_closed_accounts_profile_and_totals_are_hidden_from_members(person):
    show(person)
    stranger = make_member()
    for is_active, found in ((True, 1), (False, 0)):
        User.objects.filter(pk=person.pk).update(is_active=is_active)
        with database_identity(Role.MEMBER, stranger.pk):
            for table in ("user_profiles", "user_stats"):
                assert len(rows_or_refusal(f"SELECT FROM {table} WHERE user_id = %s", [person.pk])) == found
