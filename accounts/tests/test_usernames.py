"""A name that was left leads to whoever left it, and is nobody else's for a while."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.forms import USERNAME_TAKEN
from accounts.models import Member, User, UsernameHistory
from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from database.tests.statements import attempt

pytestmark = pytest.mark.django_db

PROFILE = reverse("accounts:settings-profile")
PUBLIC = {"leaderboard_visible": False, "profile_public": True}


def rename(member, username):
    Member.objects.filter(pk=member.pk).update(username=username)


def history(member) -> list[str]:
    return list(UsernameHistory.objects.filter(user=member).order_by("until", "pk").values_list("username", flat=True))


def leave_long_ago(member, username):
    rename(member, f"{username}_gone")
    UsernameHistory.objects.filter(username=username).update(until=timezone.now() - timedelta(days=90, seconds=1))


@pytest.fixture
def member():
    return make_member(username="Calm_Lake")


def test_a_name_that_was_left_is_kept_with_its_moment(member):
    before = timezone.now()
    rename(member, "slow_river")
    row = UsernameHistory.objects.get()
    assert (row.user_id, row.username) == (member.pk, "Calm_Lake")
    assert abs(row.until - before) < timedelta(minutes=1)


def test_what_is_no_other_name_leaves_none(member):
    rename(member, "CALM_lake")
    Member.objects.filter(pk=member.pk).update(display_name="Another")
    assert history(member) == []


def test_the_name_that_nobody_chose_is_not_kept():
    newcomer = make_member(onboarded=False)
    rename(newcomer, "slow_river")
    assert history(newcomer) == []


def test_who_comes_back_to_a_name_has_it_in_one_place_alone(member):
    for name in ("other_name", "calm_LAKE"):
        rename(member, name)
    assert history(member) == ["other_name"]


def test_ten_names_are_kept_and_no_more(member):
    for number in range(12):
        rename(member, f"name_{number}")
    assert history(member) == [f"name_{number}" for number in range(1, 11)]


def test_the_database_keeps_a_name_for_90_days(member):
    rename(make_member(username="Slow_River"), "rapid")
    with pytest.raises(IntegrityError, match="kept for whoever left it"), transaction.atomic():
        rename(member, "slow_river")
    UsernameHistory.objects.filter(username="Slow_River").update(until=timezone.now() - timedelta(days=89, hours=23))
    with pytest.raises(IntegrityError, match="kept for whoever left it"), transaction.atomic():
        rename(member, "slow_river")


def test_after_90_days_the_name_and_its_links_are_the_next_ones(member):
    former = make_member(username="Slow_River")
    leave_long_ago(former, "Slow_River")
    rename(member, "slow_river")
    assert history(former) == []
    rename(member, "later_name")
    assert history(member) == ["Calm_Lake", "slow_river"]


def test_a_newcomer_is_not_given_a_kept_name(member):
    generated = User(email="next@example.com")
    rename(member, f"member_{generated.pk.hex[-16:]}")
    rename(member, "other_name")
    with pytest.raises(IntegrityError, match="kept for whoever left it"), transaction.atomic():
        generated.save()


def test_the_form_refuses_a_kept_name_beside_its_field(member, member_client):
    rename(make_member(username="slow_river"), "rapid")
    answers = {"username": "Slow_River", "display_name": "X", "selected_path": "protection"}
    response = member_client.post(PROFILE, answers)
    assert response.context["form"].errors == {"username": [USERNAME_TAKEN]}
    assert Member.objects.get(pk=member.pk).display_name == member.display_name
    check = member_client.get(reverse("accounts:username-check"), {"username": "slow_river"})
    assert USERNAME_TAKEN in check.content.decode()


def test_ones_own_former_name_is_free(member, member_client):
    rename(member, "slow_river")
    answers = {"username": "Calm_Lake", "display_name": "X", "selected_path": "protection"}
    assert member_client.post(PROFILE, answers).status_code == 302
    assert Member.objects.get(pk=member.pk).username == "Calm_Lake"


def test_who_is_overtaken_by_a_renaming_sees_it_at_the_field(member, member_client, monkeypatch):
    """The name is had and left again in between the form's check and its update."""
    from accounts.forms import ProfileForm

    clean = ProfileForm.clean_username

    def be_overtaken(form):
        username = clean(form)
        with database_identity(Role.WORKER):
            rename(make_member(username=username), "rapid")
        return username

    monkeypatch.setattr(ProfileForm, "clean_username", be_overtaken)
    answers = {"username": "slow_river", "display_name": "X", "bio": "", "selected_path": "protection"}
    response = member_client.post(PROFILE, answers)
    assert response.context["form"].errors == {"username": [USERNAME_TAKEN]}


def test_staff_are_told_so_too(member, staff_client):
    rename(make_member(username="slow_river"), "rapid")
    url = reverse("admin:accounts_member_change", args=[member.pk])
    response = staff_client.post(url, {"username": "slow_river", "display_name": "X", "graduation_status": "active"})
    assert response.status_code == 200
    assert "left less than 90 days ago" in response.content.decode()


def test_former_names_show_to_those_who_may_see_the_member():
    member, stranger = make_member(username="slow_river"), make_member()
    rename(member, "rapid")
    everything, names = "SELECT * FROM username_history", "SELECT user_id, username FROM username_history"
    with database_identity(Role.MEMBER, stranger.pk):
        assert attempt(everything) == 0
    with database_identity(Role.MEMBER, member.pk):
        assert attempt(everything) == 1
    with database_identity(Role.ANON):
        assert attempt(names) == 0
    Member.objects.filter(pk=member.pk).update(privacy_settings=PUBLIC)
    with database_identity(Role.MEMBER, stranger.pk):
        assert attempt(everything) == 1
    with database_identity(Role.ANON):
        assert attempt(names) == 1
        assert attempt("SELECT until FROM username_history") == "InsufficientPrivilege"
    User.objects.filter(pk=member.pk).update(is_active=False)
    with database_identity(Role.MEMBER, stranger.pk):
        assert attempt(everything) == 0
    with database_identity(Role.ANON):
        assert attempt(names) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO username_history (id, user_id, username, until) VALUES (gen_random_uuid(), %s, 'squat', now())",
        "UPDATE username_history SET until = now() + interval '9 years' WHERE user_id = %s",
        "DELETE FROM username_history WHERE user_id = %s",
    ],
)
@pytest.mark.parametrize("role", [Role.MEMBER, Role.ANON, Role.AUTH])
def test_nobody_writes_the_history(statement, role, member):
    rename(member, "slow_river")
    with database_identity(role, member.pk):
        assert attempt(statement, [member.pk]) == "InsufficientPrivilege"


def test_visitors_cannot_ask_which_names_are_kept(member):
    with database_identity(Role.ANON):
        assert attempt("SELECT app.username_is_reserved('slow_river', %s)", [member.pk]) == "InsufficientPrivilege"


@pytest.mark.django_db(transaction=True)
def test_of_two_after_one_name_the_second_waits_and_finds_it_kept():
    """One leaves the name while the other takes it: the other's check ran before there was anything to see."""
    leaver, taker = make_member(username="slow_river"), make_member()
    outcome: list[str] = []

    def take():
        try:
            with database_identity(Role.MEMBER, taker.pk):
                rename(taker, "slow_river")
                outcome.append("taken")
        except IntegrityError as error:
            outcome.append(error.__cause__.diag.constraint_name)
        finally:
            connection.close()

    thread = Thread(target=take)
    with database_identity(Role.MEMBER, leaver.pk):
        rename(leaver, "rapid")
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "the second waits for the first"
    thread.join(10)
    assert outcome == ["users_username_reserved"]
