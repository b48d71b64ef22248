"""A user comes as three rows by one path, and goes without a trace."""

import json

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import DataError, IntegrityError, connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Member, Profile, User
from accounts.tests.factories import PASSWORD, make_member, make_user
from database.identity import Role, database_identity
from nrghax.tests.factories import leave_traces

pytestmark = pytest.mark.django_db

PRIVATE = {"leaderboard_visible": False, "profile_public": False}


def assert_is_welcomed(user: User) -> None:
    member = Member.objects.select_related("profile", "stats").get(pk=user.pk)
    assert member.username.startswith("member_")
    assert member.privacy_settings == PRIVATE
    assert member.graduation_status == "active"
    assert (member.profile.timezone, member.profile.onboarding_completed) == ("UTC", False)
    assert member.stats.pk == user.pk
    member.full_clean()
    member.profile.full_clean()


def test_from_the_form(client):
    client.post(reverse("account_signup"), {"email": "form@example.com", "password1": PASSWORD})
    assert_is_welcomed(User.objects.get(email="form@example.com"))


def test_from_the_command(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with database_identity(Role.OWNER):
        call_command("createsuperuser", "--noinput", "--email", "Root@Example.COM", verbosity=0)
    user = User.objects.get()
    assert user.email == "root@example.com"
    assert user.is_staff
    assert user.is_superuser
    assert_is_welcomed(user)


def test_a_superuser_from_the_command_can_log_in_without_any_mail(client):
    User.objects.create_superuser("root@example.com", PASSWORD)
    response = client.post(
        f"{reverse('account_login')}?next=/admin/", {"login": "root@example.com", "password": PASSWORD}
    )
    assert response.url == "/admin/"


def test_from_a_fixture(tmp_path):
    key = "01900000-0000-7000-8000-0000000000aa"
    fixture = tmp_path / "people.json"
    rows = [
        {"model": "accounts.user", "pk": key, "fields": {"email": "fixture@example.com", "password": "!"}},
        {"model": "accounts.member", "pk": key, "fields": {"username": "fixed", "display_name": "Fixed"}},
        {"model": "accounts.profile", "pk": key, "fields": {"timezone": "Asia/Tokyo"}},
    ]
    fixture.write_text(json.dumps(rows))
    for _ in range(2):
        with database_identity(Role.OWNER):
            call_command("loaddata", str(fixture), verbosity=0)
    member = Member.objects.select_related("profile", "stats").get()
    assert (str(member.pk), member.username, member.profile.timezone) == (key, "fixed", "Asia/Tokyo")


def test_from_a_fixture_of_users_alone(tmp_path):
    fixture = tmp_path / "users.json"
    fixture.write_text(
        json.dumps(
            [
                {
                    "model": "accounts.user",
                    "pk": "01900000-0000-7000-8000-0000000000ab",
                    "fields": {"email": "alone@example.com", "password": "!"},
                }
            ]
        )
    )
    with database_identity(Role.OWNER):
        call_command("loaddata", str(fixture), verbosity=0)
    assert_is_welcomed(User.objects.get())


def test_from_bulk_create_with_names_that_do_not_collide():
    users = User.objects.bulk_create([User(email=f"many{number}@example.com", password="!") for number in range(500)])
    assert Member.objects.count() == Profile.objects.count() == 500
    assert_is_welcomed(users[0])
    # Random at the end even for keys of one moment: 60 bits of the key are in the name.
    names = Member.objects.values_list("username", flat=True)
    assert {len(name) for name in names} == {len("member_") + 16}


@pytest.mark.parametrize(
    "email",
    [
        "o'brien+hacks@example.com",
        '"quoted local"@example.com',
        "x@sub.sub.example.co",
        "Ümläut@example.com",
        f"{'a' * 242}@example.com",
    ],
)
def test_with_an_odd_address(email):
    assert_is_welcomed(make_user(email=email))


def test_a_user_needs_an_address():
    with pytest.raises(ValueError, match="address"):
        User.objects.create_user("")


def test_a_generated_name_is_nobodys_address():
    """Nothing of the e-mail address is told to others by the name."""
    user = make_user(email="secretive.person@example.com")
    card = Member.objects.get(pk=user.pk)
    assert "secretive" not in f"{card.username} {card.display_name}"


@pytest.mark.parametrize("name", ["ab", "with space", "a" * 31, "dash-ed", ""])
def test_the_database_refuses_a_username_of_another_shape(member, name):
    with pytest.raises((IntegrityError, DataError)):
        Member.objects.filter(pk=member.pk).update(username=name)


def rows_that_name(user: User) -> dict[str, int]:
    """How many rows of each table of the database hold the user's key or address anywhere."""
    found = {}
    for table in query("SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"):
        if not table.startswith(("pg_catalog.", "information_schema.", "pg_")):
            holds = f"SELECT count(*) FROM {table} AS r WHERE to_jsonb(r)::text LIKE ANY (%s)"
            (count,) = query(holds, [[f"%{user.pk}%", f"%{user.email}%"]])
            if count:
                found[table] = count
    return found


def tables_that_point_to_people() -> set[str]:
    return set(
        query(
            "SELECT conrelid::regclass::text FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
            " WHERE contype = 'f' AND NOT relispartition"
            " AND confrelid IN ('users'::regclass, 'accounts_user'::regclass)"
        )
    )


def query(statement: str, params: list | None = None) -> list:
    """The first column of the answer."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("role", [Role.WORKER, Role.OWNER, Role.STAFF])
def test_deleting_a_user_leaves_no_row_in_any_table(role):
    leaver, stayer = make_member(), make_member()
    for member in (leaver, stayer):
        leave_traces(member)
    kept = rows_that_name(stayer.user)
    assert tables_that_point_to_people() <= set(kept)
    assert rows_that_name(leaver.user) == kept
    with database_identity(role):
        leaver.user.delete()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert rows_that_name(leaver.user) == {}
    assert rows_that_name(stayer.user) == kept


def test_an_address_is_free_again_after_its_user_is_gone(client):
    user = make_user(email="again@example.com")
    user.delete()
    assert not EmailAddress.objects.filter(email="again@example.com").exists()
    client.post(reverse("account_signup"), {"email": "again@example.com", "password1": PASSWORD})
    assert User.objects.filter(email="again@example.com").exists()


def test_saving_a_user_writes_what_has_changed_alone():
    user = make_user()
    stale, fresh = User.objects.get(pk=user.pk), User.objects.get(pk=user.pk)
    fresh.is_staff = True
    fresh.save()
    stale.last_login = timezone.now()
    stale.save()
    user.refresh_from_db()
    assert user.is_staff
    assert user.last_login == stale.last_login
