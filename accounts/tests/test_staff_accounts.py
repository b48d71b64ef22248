"""Only superusers touch what belongs to staff and superusers, or grant rights. Pages and the database both hold it."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from accounts.admin import AccountAdmin
from accounts.models import Member, Profile, User, UsernameHistory
from accounts.tests.factories import PASSWORD, make_member, make_staff
from database.identity import Role, database_identity
from nrghax.tests.factories import leave_traces

pytestmark = pytest.mark.django_db

MODELS = (User, Member, Profile, UsernameHistory, EmailAddress, SocialAccount, Authenticator, Group)
ALL_RIGHTS = [f"{verb}_{model._meta.model_name}" for model in MODELS for verb in ("add", "change", "delete", "view")]
NEW_PASSWORD = {"usable_password": "true", "password1": "another calm breath", "password2": "another calm breath"}
# The columns that lead from a row of each table to its account.
TABLES = {
    "accounts_user": "id",
    "users": "id",
    "user_profiles": "user_id",
    "username_history": "user_id",
    "account_emailaddress": "user_id",
    "socialaccount_socialaccount": "user_id",
    "mfa_authenticator": "user_id",
    "usersessions_usersession": "user_id",
    "accounts_user_groups": "user_id",
    "accounts_user_user_permissions": "user_id",
}
RIGHTS = {"accounts_user_groups", "accounts_user_user_permissions"}


@pytest.fixture
def clerk():
    """A member of staff with every permission on accounts, but no superuser."""
    return make_staff(*ALL_RIGHTS, email="clerk@example.com")


@pytest.fixture
def clerk_client(sign_in, clerk):
    return sign_in(clerk)


@pytest.fixture(params=["superuser", "colleague", "oneself"])
def person(request, clerk):
    """Someone whose account the clerk must not touch."""
    match request.param:
        case "superuser":
            person = make_staff(is_superuser=True, email="superuser@example.com")
        case "colleague":
            person = make_staff(email="colleague@example.com")
        case _:
            person = clerk
    leave_traces(person)
    return person


def page(model, action, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def rows_of(person) -> list:
    """Return one row of each model that belongs to this person."""
    return [
        person.user,
        person,
        person.profile,
        *UsernameHistory.objects.filter(user=person)[:1],
        *EmailAddress.objects.filter(user_id=person.pk),
        *SocialAccount.objects.filter(user_id=person.pk),
        *Authenticator.objects.filter(user_id=person.pk),
    ]


def contents(person) -> dict[str, list]:
    """Return the rows of each table that belong to this person."""
    found = {}
    with connection.cursor() as cursor:
        for table, column in TABLES.items():
            cursor.execute(f"SELECT * FROM {table} WHERE {column} = %s", [person.pk])
            found[table] = sorted(cursor.fetchall(), key=str)
    return found


def as_staff(actor, statement, params) -> int:
    """Run a statement as nrghax_staff for this actor, and return the number of rows."""
    with database_identity(Role.STAFF, actor.pk), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


class TestPages:
    def test_accounts_of_staff_cannot_be_changed_or_deleted(self, clerk_client, person):
        before = contents(person)

        rows = rows_of(person)
        assert {type(row) for row in rows} == {*MODELS} - {Group}
        for row in rows:
            for action in ("change", "delete"):
                assert clerk_client.post(page(type(row), action, row.pk), {"post": "yes"}).status_code == 403, row
            selected = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
            clerk_client.post(page(type(row), "changelist"), selected)
        password = reverse("admin:auth_user_password_change", args=[person.pk])
        assert clerk_client.post(password, NEW_PASSWORD).status_code == 403

        assert contents(person) == before

    def test_accounts_of_members_can_be_changed_and_deleted(self, clerk_client, member):
        leave_traces(member)
        for row in rows_of(member):
            assert clerk_client.get(page(type(row), "change", row.pk)).status_code == 200, row
        password = reverse("admin:auth_user_password_change", args=[member.pk])
        assert clerk_client.post(password, NEW_PASSWORD).status_code == 302
        assert User.objects.get(pk=member.pk).check_password(NEW_PASSWORD["password1"])
        for model in (Authenticator, SocialAccount, User):
            row = next(row for row in rows_of(member) if isinstance(row, model))
            assert clerk_client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 302
        assert not User.objects.filter(pk=member.pk).exists()

    def test_confirmed_address_cannot_be_given_to_anyone(self, clerk_client, staff, member):
        for person in (staff, member):
            fields = {"user": str(person.pk), "email": "mine@example.com", "verified": "on", "primary": "on"}
            assert clerk_client.post(page(EmailAddress, "add"), fields).status_code == 403
            address = EmailAddress.objects.get(user_id=person.pk)
            assert clerk_client.post(page(EmailAddress, "change", address.pk), fields).status_code == 403
        assert not EmailAddress.objects.filter(email="mine@example.com").exists()

    def test_clerk_confirms_addresses_of_members_only(self, clerk_client, staff, member):
        addresses = EmailAddress.objects.filter(user__in=[staff.pk, member.pk])
        with database_identity(Role.OWNER):
            addresses.update(verified=False)
        selected = {"action": "make_verified", "_selected_action": [str(address.pk) for address in addresses]}

        clerk_client.post(page(EmailAddress, "changelist"), selected)

        assert list(addresses.filter(verified=True).values_list("user", flat=True)) == [member.pk]

    def test_groups_cannot_be_changed(self, clerk, clerk_client):
        with database_identity(Role.OWNER):
            group = Group.objects.create(name="Clerks")
            clerk.user.groups.add(group)
        fields = {"name": "Clerks", "permissions": [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]}

        assert clerk_client.get(page(Group, "change", group.pk)).status_code == 200
        assert clerk_client.post(page(Group, "change", group.pk), fields).status_code == 403
        assert clerk_client.post(page(Group, "delete", group.pk), {"post": "yes"}).status_code == 403
        assert clerk_client.post(page(Group, "add"), {**fields, "name": "Mine"}).status_code == 403
        assert list(Group.objects.values_list("name", "permissions")) == [("Clerks", None)]

    def test_superuser_changes_accounts_of_staff_and_groups(self, staff_client):
        colleague = make_staff()
        password = reverse("admin:auth_user_password_change", args=[colleague.pk])
        assert staff_client.post(password, NEW_PASSWORD).status_code == 302
        fields = {"name": "Clerks", "permissions": [str(Permission.objects.get(codename="view_hack").pk)]}
        assert staff_client.post(page(Group, "add"), fields).status_code == 302
        [group] = Group.objects.filter(permissions__codename="view_hack")
        assert staff_client.post(page(Group, "delete", group.pk), {"post": "yes"}).status_code == 302

    def test_every_admin_of_account_rows_protects_staff(self):
        ours = {"accounts", "account", "socialaccount", "mfa", "usersessions", "auth", "sessions"}
        unprotected = {
            model
            for model, model_admin in admin.site._registry.items()
            if model._meta.app_label in ours and not isinstance(model_admin, AccountAdmin)
        }
        assert unprotected == {Group}


class TestDatabase:
    @pytest.mark.parametrize("table", TABLES)
    def test_rows_of_staff_are_refused(self, clerk, person, table):
        column = TABLES[table]
        before = contents(person)
        assert before[table]
        assert as_staff(clerk, f"UPDATE {table} SET {column} = {column} WHERE {column} = %s", [person.pk]) == 0
        assert as_staff(clerk, f"DELETE FROM {table} WHERE {column} = %s", [person.pk]) == 0
        assert contents(person) == before

    @pytest.mark.parametrize("table", sorted(TABLES.keys() - RIGHTS))
    def test_rows_of_members_are_accepted(self, clerk, member, table):
        leave_traces(member)
        column = TABLES[table]
        assert as_staff(clerk, f"UPDATE {table} SET {column} = {column} WHERE {column} = %s", [member.pk]) >= 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE accounts_user SET is_staff = true WHERE id = %(member)s",
            "UPDATE accounts_user SET is_superuser = true WHERE id = %(clerk)s",
            'UPDATE account_emailaddress SET user_id = %(superuser)s, "primary" = false WHERE user_id = %(member)s',
            'INSERT INTO account_emailaddress (user_id, email, verified, "primary")'
            " VALUES (%(superuser)s, 'mine@example.com', true, false)",
            "INSERT INTO auth_group (name) VALUES ('Mine')",
            "INSERT INTO accounts_user_user_permissions (user_id, permission_id)"
            " SELECT %(clerk)s, id FROM auth_permission WHERE codename = 'delete_hack'",
            "INSERT INTO accounts_user_groups (user_id, group_id) SELECT %(clerk)s, id FROM auth_group",
            "INSERT INTO auth_group_permissions (group_id, permission_id)"
            " SELECT auth_group.id, auth_permission.id FROM auth_group, auth_permission",
            "UPDATE auth_permission SET codename = 'view_hack' WHERE codename = 'change_user'",
        ],
    )
    def test_rights_cannot_be_taken(self, clerk, staff, member, statement):
        with database_identity(Role.OWNER):
            Group.objects.create(name="Clerks")
        people = {"clerk": clerk.pk, "superuser": staff.pk, "member": member.pk}
        try:
            with transaction.atomic():
                changed = as_staff(clerk, statement, people)
        except ProgrammingError:
            changed = 0
        # PostgreSQL ignores an update of rows that a policy hides.
        assert changed == 0
        # The superuser may do it, so the statement itself is right.
        if "auth_permission SET" not in statement:
            assert as_staff(staff, statement, people) > 0

    def test_former_superuser_has_no_rights(self, staff, member):
        with database_identity(Role.OWNER):
            User.objects.filter(pk=staff.pk).update(is_active=False)
        assert as_staff(staff, "UPDATE accounts_user SET last_login = now() WHERE id = %s", [staff.pk]) == 0


def test_address_of_superuser_opens_no_account(clerk_client, client, staff):
    """The way that once led to a superuser's session: a confirmed address of one's own, then a password reset."""
    fields = {"user": str(staff.pk), "email": "mine@example.com", "verified": "on"}
    clerk_client.post(page(EmailAddress, "add"), fields)
    client.logout()
    client.post(reverse("account_reset_password"), {"email": "mine@example.com"})
    assert User.objects.get(pk=staff.pk).check_password(PASSWORD)
    assert not EmailAddress.objects.filter(user_id=staff.pk, email="mine@example.com").exists()
    assert make_member().user.is_staff is False
