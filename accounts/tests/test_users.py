"""Every way to create a user creates its three rows, and deleting a user deletes all rows."""

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


def assert_has_member_and_profile(user: User) -> None:
    member = Member.objects.select_related("profile", "stats").get(pk=user.pk)
    assert member.username.startswith("member_")
    assert member.privacy_settings == PRIVATE
    assert member.graduation_status == "active"
    assert (member.profile.timezone, member.profile.onboarding_completed) == ("UTC", False)
    assert member.stats.pk == user.pk
    member.full_clean()
    member.profile.full_clean()


def test_signup_creates_member_and_profile(client):
    client.post(reverse("account_signup"), {"email": "form@example.com", "password1": PASSWORD})
    assert_has_member_and_profile(User.objects.get(email="form@example.com"))


def test_createsuperuser_creates_member_and_profile(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with database_identity(Role.OWNER):
        call_command("createsuperuser", "--noinput", "--email", "Root@Example.COM", verbosity=0)
    user = User.objects.get()
    assert user.email == "root@example.com"
    assert user.is_staff
    assert user.is_superuser
    assert_has_member_and_profile(user)


def test_superuser_logs_in_without_confirmation(client):
    User.objects.create_superuser("root@example.com", PASSWORD)
    response = client.post(
        f"{reverse('account_login')}?next=/admin/", {"login": "root@example.com", "password": PASSWORD}
    )
    assert response.url == "/admin/"


def test_fixture_overrides_generated_rows(tmp_path):
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


def test_fixture_of_users_creates_member_and_profile(tmp_path):
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
    assert_has_member_and_profile(User.objects.get())


def test_bulk_create_generates_distinct_usernames():
    users = User.objects.bulk_create([User(email=f"many{number}@example.com", password="!") for number in range(500)])
    assert Member.objects.count() == Profile.objects.count() == 500
    assert_has_member_and_profile(users[0])
    # The name ends with 60 random bits of the key, so keys created at the same moment differ.
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
def test_unusual_address_is_accepted(email):
    assert_has_member_and_profile(make_user(email=email))


def test_user_without_address_is_refused():
    with pytest.raises(ValueError, match="address"):
        User.objects.create_user("")


def test_generated_username_does_not_reveal_address():
    user = make_user(email="secretive.person@example.com")
    card = Member.objects.get(pk=user.pk)
    assert "secretive" not in f"{card.username} {card.display_name}"


@pytest.mark.parametrize("name", ["ab", "with space", "a" * 31, "dash-ed", ""])
def test_database_refuses_malformed_username(member, name):
    with pytest.raises((IntegrityError, DataError)):
        Member.objects.filter(pk=member.pk).update(username=name)


def count_rows_with(user: User) -> dict[str, int]:
    """Count the rows of each table that contain the user's key or address."""
    found = {}
    for table in first_column(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
    ):
        if not table.startswith(("pg_catalog.", "information_schema.", "pg_")):
            holds = f"SELECT count(*) FROM {table} AS r WHERE to_jsonb(r)::text LIKE ANY (%s)"
            (count,) = first_column(holds, [[f"%{user.pk}%", f"%{user.email}%"]])
            if count:
                found[table] = count
    return found


def tables_with_key_to_person() -> set[str]:
    return set(
        first_column(
            "SELECT conrelid::regclass::text FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
            " WHERE contype = 'f' AND NOT relispartition"
            " AND confrelid IN ('users'::regclass, 'accounts_user'::regclass)"
        )
    )


def first_column(statement: str, params: list | None = None) -> list:
    """Run a query and return its first column."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("role", [Role.WORKER, Role.OWNER, Role.STAFF])
def test_deleting_user_leaves_no_row(role):
    leaver, stayer = make_member(), make_member()
    for member in (leaver, stayer):
        leave_traces(member)
    kept = count_rows_with(stayer.user)
    assert tables_with_key_to_person() <= set(kept)
    assert count_rows_with(leaver.user) == kept
    with database_identity(role):
        leaver.user.delete()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert count_rows_with(leaver.user) == {}
    assert count_rows_with(stayer.user) == kept


def test_address_is_available_after_user_is_deleted(client):
    user = make_user(email="again@example.com")
    user.delete()
    assert not EmailAddress.objects.filter(email="again@example.com").exists()
    client.post(reverse("account_signup"), {"email": "again@example.com", "password1": PASSWORD})
    assert User.objects.filter(email="again@example.com").exists()


def test_save_writes_only_changed_fields():
    user = make_user()
    stale, fresh = User.objects.get(pk=user.pk), User.objects.get(pk=user.pk)
    fresh.is_staff = True
    fresh.save()
    stale.last_login = timezone.now()
    stale.save()
    user.refresh_from_db()
    assert user.is_staff
    assert user.last_login == stale.last_login
