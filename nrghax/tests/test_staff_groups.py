"""The groups Curator, Moderator and Support of accounts/fixtures/seeds.yaml, each used as a member of staff does."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_member, make_staff, make_user
from accounts.tests.test_admin import fields_of
from analytics.models import UserActivityLog
from analytics.tests.test_admin import make_activity
from community.tests.factories import make_verification
from database.identity import Role, database_identity
from hacks.models import Hack
from hacks.tests.factories import HackFactory

pytestmark = pytest.mark.django_db

OPEN_LISTS = {
    "Curator": {
        "hack", "hackcategory", "achievement", "challenge", "challengeparticipant", "leaderboard", "leaderboardentry",
    },
    "Moderator": {
        "hackverification", "hackverificationreview", "hackverificationround", "verificationlease", "reviewersignals",
        "practicebuddies", "member", "profile", "usernamehistory", "hack",
    },
    "Support": {
        "user", "member", "profile", "usernamehistory", "emailaddress", "socialaccount", "authenticator",
        "useractivitylog", "notification", "discordrolegrant", "userxp", "xpentry", "userachievement",
        "userhackprogress", "memberstats",
    },
}  # fmt: skip


@pytest.fixture
def groups(db):
    with database_identity(Role.OWNER):
        call_command("loaddata", "accounts/fixtures/seeds", verbosity=0)


@pytest.fixture
def client_of(groups, sign_in):
    def client_of(group):
        person = make_staff()
        with database_identity(Role.OWNER):
            person.user.groups.add(Group.objects.get(name=group))
        return sign_in(person)

    return client_of


def page(name, *args) -> str:
    return reverse(f"admin:{name}", args=args)


@pytest.mark.parametrize("group", OPEN_LISTS)
def test_group_opens_only_its_lists(client_of, group):
    client = client_of(group)

    opened = set()
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        status = client.get(page(f"{name}_changelist")).status_code
        assert status in (200, 403), name
        if status == 200:
            opened.add(model._meta.model_name)

    assert opened == OPEN_LISTS[group]
    assert client.get(page("index")).status_code == 200


def test_loading_again_restores_permissions_and_keeps_people(groups):
    person = make_staff()
    with database_identity(Role.OWNER):
        curators = Group.objects.get(name="Curator")
        person.user.groups.add(curators)
        before = set(curators.permissions.all())
        curators.permissions.set(Permission.objects.filter(codename="view_hack"))
        call_command("loaddata", "accounts/fixtures/seeds", verbosity=0)

    assert set(Group.objects.get(name="Curator").permissions.all()) == before
    assert list(person.user.groups.all()) == [curators]
    assert Group.objects.count() == 3


def test_curator_edits_hack(client_of):
    client, hack = client_of("Curator"), HackFactory(name="Energy ball")
    url = page("hacks_hack_change", hack.pk)
    response = client.post(url, {**fields_of(client, url), "name": "Quiet river"})
    assert response.status_code == 302
    assert Hack.objects.get(pk=hack.pk).name == "Quiet river"
    assert client.get(page("accounts_user_changelist")).status_code == 403


def test_moderator_decides_verification(client_of):
    client, verification = client_of("Moderator"), make_verification(status="escalated")
    url = page("community_hackverification_decide", verification.pk)
    assert client.get(url).status_code == 200
    client.post(url, {"is_authentic": "yes", "reason": "Clear answers.", "confirmed": "yes"})
    verification.refresh_from_db()
    assert verification.status == "verified"


def test_support_helps_a_member_who_is_locked_out(client_of):
    client = client_of("Support")
    member = make_member(user=make_user(verified=False))
    second_step = Authenticator.objects.create(
        user=member.user, type=Authenticator.Type.TOTP, data={"secret": "sealed"}
    )
    address = EmailAddress.objects.get(user_id=member.pk)
    given_up = make_activity(attempts=UserActivityLog.MAX_ATTEMPTS)

    selected = {"action": "make_verified", "_selected_action": [str(address.pk)]}
    client.post(page("account_emailaddress_changelist"), selected)
    client.post(page("mfa_authenticator_delete", second_step.pk), {"post": "yes"})
    selected = {"action": "try_again", "_selected_action": [str(given_up.pk)]}
    client.post(page("analytics_useractivitylog_changelist"), selected)
    url = page("accounts_user_change", member.pk)
    fields = fields_of(client, url)
    del fields["is_active"]
    assert client.post(url, fields).status_code == 302

    assert EmailAddress.objects.get(pk=address.pk).verified
    assert not Authenticator.objects.exists()
    assert UserActivityLog.objects.get(pk=given_up.pk).attempts == 0
    assert not User.objects.get(pk=member.pk).is_active
    assert client.post(page("accounts_user_delete", member.pk), {"post": "yes"}).status_code == 403
