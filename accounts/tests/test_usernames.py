"""Former usernames redirect to the member and stay reserved for 90 days."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.forms import USERNAME_TAKEN
from accounts.models import Member, User, UsernameHistory
from accounts.tests.factories import make_member
from database.constraints import refused_by
from database.identity import Role, database_identity
from database.tests.statements import attempt

pytestmark = pytest.mark.django_db

PROFILE = reverse("accounts:settings-profile")
PUBLIC = {"leaderboard_visible": False, "profile_public": True}


def rename(member, username):
    Member.objects.filter(pk=member.pk).update(username=username)


def history(member) -> list[str]:
    return list(UsernameHistory.objects.filter(user=member).order_by("until", "pk").values_list("username", flat=True))


def give_up_long_ago(member, username):
    rename(member, f"{username}_gone")
    UsernameHistory.objects.filter(username=username).update(until=timezone.now() - timedelta(days=90, seconds=1))


@pytest.fixture
def member():
    return make_member(username="Calm_Lake")


def test_former_name_is_saved_with_time(member):
    before = timezone.now()
    rename(member, "slow_river")
    row = UsernameHistory.objects.get()
    assert (row.user_id, row.username) == (member.pk, "Calm_Lake")
    assert abs(row.until - before) < timedelta(minutes=1)


def test_change_of_case_or_display_name_is_not_saved(member):
    rename(member, "CALM_lake")
    Member.objects.filter(pk=member.pk).update(display_name="Another")
    assert history(member) == []


def test_generated_name_is_not_saved():
    newcomer = make_member(onboarded=False)
    rename(newcomer, "slow_river")
    assert history(newcomer) == []


def test_name_taken_back_leaves_history(member):
    for name in ("other_name", "calm_LAKE"):
        rename(member, name)
    assert history(member) == ["other_name"]


def test_only_last_ten_names_are_kept(member):
    for number in range(12):
        rename(member, f"name_{number}")
    assert history(member) == [f"name_{number}" for number in range(1, 11)]


def test_database_reserves_name_for_90_days(member):
    rename(make_member(username="Slow_River"), "rapid")
    with pytest.raises(IntegrityError, match="reserved for the member who had it before"), transaction.atomic():
        rename(member, "slow_river")
    UsernameHistory.objects.filter(username="Slow_River").update(until=timezone.now() - timedelta(days=89, hours=23))
    with pytest.raises(IntegrityError, match="reserved for the member who had it before"), transaction.atomic():
        rename(member, "slow_river")


def test_name_and_links_move_to_new_owner_after_90_days(member):
    former = make_member(username="Slow_River")
    give_up_long_ago(former, "Slow_River")
    rename(member, "slow_river")
    assert history(former) == []
    rename(member, "later_name")
    assert history(member) == ["Calm_Lake", "slow_river"]


def test_newcomer_is_not_given_reserved_name(member):
    generated = User(email="next@example.com")
    rename(member, f"member_{generated.pk.hex[-16:]}")
    rename(member, "other_name")
    with pytest.raises(IntegrityError, match="reserved for the member who had it before"), transaction.atomic():
        generated.save()


def test_form_refuses_reserved_name(member, member_client):
    rename(make_member(username="slow_river"), "rapid")
    answers = {"username": "Slow_River", "display_name": "X", "selected_path": "protection"}
    response = member_client.post(PROFILE, answers)
    assert response.context["form"].errors == {"username": [USERNAME_TAKEN]}
    assert Member.objects.get(pk=member.pk).display_name == member.display_name
    check = member_client.get(reverse("accounts:username-check"), {"username": "slow_river"})
    assert USERNAME_TAKEN in check.content.decode()


def test_own_former_name_is_available(member, member_client):
    rename(member, "slow_river")
    answers = {"username": "Calm_Lake", "display_name": "X", "selected_path": "protection"}
    assert member_client.post(PROFILE, answers).status_code == 302
    assert Member.objects.get(pk=member.pk).username == "Calm_Lake"


def test_name_reserved_after_validation_shows_error(member, member_client, monkeypatch):
    """Another member takes the name and gives it up between the form's check and the update."""
    from accounts.forms import ProfileForm

    clean = ProfileForm.clean_username

    def clean_then_lose_username(form):
        username = clean(form)
        with database_identity(Role.WORKER):
            rename(make_member(username=username), "rapid")
        return username

    monkeypatch.setattr(ProfileForm, "clean_username", clean_then_lose_username)
    answers = {"username": "slow_river", "display_name": "X", "bio": "", "selected_path": "protection"}
    response = member_client.post(PROFILE, answers)
    assert response.context["form"].errors == {"username": [USERNAME_TAKEN]}


def test_admin_refuses_reserved_name(member, staff_client):
    rename(make_member(username="slow_river"), "rapid")
    url = reverse("admin:accounts_member_change", args=[member.pk])
    response = staff_client.post(url, {"username": "slow_river", "display_name": "X", "graduation_status": "active"})
    assert response.status_code == 200
    assert "given up less than 90 days ago" in response.content.decode()


def test_former_names_are_visible_with_member():
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
def test_history_cannot_be_written_directly(statement, role, member):
    rename(member, "slow_river")
    with database_identity(role, member.pk):
        assert attempt(statement, [member.pk]) == "InsufficientPrivilege"


def test_visitors_cannot_query_reserved_names(member):
    with database_identity(Role.ANON):
        assert attempt("SELECT app.username_is_reserved('slow_river', %s)", [member.pk]) == "InsufficientPrivilege"


@pytest.mark.django_db(transaction=True)
def test_concurrent_rename_waits_and_is_refused():
    """One member gives up the name while another takes it; the other's check runs before the first commits."""
    leaver, taker = make_member(username="slow_river"), make_member()
    outcome: list[str] = []

    def take():
        try:
            with database_identity(Role.MEMBER, taker.pk):
                rename(taker, "slow_river")
                outcome.append("taken")
        except IntegrityError as error:
            outcome.append(refused_by(error))
        finally:
            connection.close()

    thread = Thread(target=take)
    with database_identity(Role.MEMBER, leaver.pk):
        rename(leaver, "rapid")
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "the second transaction waits for the first"
    thread.join(10)
    assert outcome == ["users_username_reserved"]
