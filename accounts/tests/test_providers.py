"""Logging in with Discord, and what its server may do to us. Google speaks in nrghax/tests/browser/test_logins.py."""

from urllib.parse import urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.urls import reverse

from accounts.models import Member, Profile, User
from accounts.providers.discord.identity import AVATARS
from accounts.tests.factories import PASSWORD, is_logged_in, make_member, make_user
from accounts.tests.markup import read_page
from nrghax.tests.identity_provider import CLIENT_ID, CLIENT_SECRET, DISCORD_PERSON, running_provider

pytestmark = pytest.mark.django_db

LOGIN = reverse("discord_login")
CONNECTIONS = reverse("socialaccount_connections")
PICTURE = f"{AVATARS}{DISCORD_PERSON['id']}/{DISCORD_PERSON['avatar']}.png"


@pytest.fixture(scope="module")
def server():
    with running_provider() as provider:
        yield provider


@pytest.fixture
def discord(server, settings):
    """Discord with keys; each test finds it as it was."""
    server.restore()
    keys = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    settings.SOCIALACCOUNT_PROVIDERS = {
        **settings.SOCIALACCOUNT_PROVIDERS,
        "discord": {"OAUTH_PKCE_ENABLED": True, "URL": f"{server.url}/discord", "APP": keys},
    }
    return server


def leave(client, process="login"):
    """Press the button; returns the address at Discord."""
    response = client.post(f"{LOGIN}?process={process}")
    assert response.status_code == 302
    return response["Location"]


def decide(address, decision="allow"):
    """Answer Discord's question; returns the way back to us."""
    response = requests.get(f"{address}&decision={decision}", allow_redirects=False, timeout=5)
    assert response.status_code == 302
    back = urlsplit(response.headers["Location"])
    return f"{back.path}?{back.query}"


def come_back(client, process="login", **options):
    return client.get(decide(leave(client, process)), **options)


def prove_again(client):
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def test_without_keys_a_provider_is_nowhere(client):
    for page in ("account_login", "account_signup"):
        content = client.get(reverse(page)).content.decode()
        assert "Discord" not in content
        assert "Google" not in content
    for name in ("google", "discord"):
        for page in ("login", "callback"):
            address = reverse(f"{name}_{page}")
            assert client.get(address).status_code == 404
            assert client.post(address).status_code == 404


def test_with_keys_it_is_offered_and_the_page_asks_the_database_for_nothing(client, discord, queries_of):
    statements = queries_of(lambda: client.get(reverse("account_login")))
    assert "Log in with Discord" in client.get(reverse("account_login")).content.decode()
    assert "Google" not in client.get(reverse("account_login")).content.decode()
    assert [sql for sql in statements if "socialaccount" in sql] == []


def test_a_link_alone_logs_nobody_in(client, discord):
    response = client.get(LOGIN)
    read_page(response)
    assert "Continue with Discord?" in response.content.decode()


def test_a_newcomer_by_discord_is_welcomed_with_name_and_picture(client, discord):
    response = come_back(client)
    assert response["Location"] == reverse("accounts:onboarding")
    user = User.objects.get(email="nelly@example.com")
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified
    profile = Profile.objects.get(pk=user.pk)
    assert (profile.discord_id, profile.discord_username, profile.discord_discriminator) == (
        DISCORD_PERSON["id"],
        "nelly",
        "1337",
    )
    assert Member.objects.get(pk=user.pk).avatar_url == PICTURE


def test_of_what_discord_tells_only_what_is_shown_is_kept(client, discord):
    come_back(client)
    kept = SocialAccount.objects.get().extra_data
    assert set(kept) == {"id", "username", "global_name", "discriminator", "avatar"}


def test_whoever_came_by_discord_comes_again(client, discord):
    come_back(client)
    client.logout()
    discord.people["discord"]["username"] = "nelly_the_second"
    come_back(client)
    assert User.objects.count() == 1
    assert is_logged_in(client)
    assert Profile.objects.get().discord_username == "nelly_the_second"


def test_an_address_that_an_account_has_does_not_open_it(client, discord):
    make_member(user=make_user(email="nelly@example.com"))
    response = come_back(client)
    read_page(response)
    assert "<h1>You have an account already</h1>" in response.content.decode()
    assert not is_logged_in(client)
    assert not SocialAccount.objects.exists()


def test_an_address_that_discord_has_not_confirmed_tells_nobody_of_an_account(client, discord):
    make_member(user=make_user(email="nelly@example.com"))
    discord.people["discord"]["verified"] = False
    response = come_back(client)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].to == ["nelly@example.com"]
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_an_unconfirmed_address_is_confirmed_first(client, discord):
    discord.people["discord"]["verified"] = False
    response = come_back(client)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert not is_logged_in(client)
    assert not EmailAddress.objects.get().verified
    assert "/accounts/confirm-email/" in mail.outbox[0].body


def test_without_an_address_we_ask_for_one(client, discord):
    del discord.people["discord"]["email"]
    response = come_back(client, follow=True)
    read_page(response)
    assert "<h1>Almost there</h1>" in response.content.decode()
    response = client.post(reverse("socialaccount_signup"), {"email": "nelly@home.example"})
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].to == ["nelly@home.example"]
    assert SocialAccount.objects.get().user.email == "nelly@home.example"


def test_asked_for_an_address_nobody_learns_whose_it_is(client, discord, member):
    del discord.people["discord"]["email"]
    come_back(client)
    response = client.post(reverse("socialaccount_signup"), {"email": member.user.email})
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].subject != "Confirm your e-mail address"
    assert not SocialAccount.objects.exists()


def test_whoever_denies_is_told_that_nothing_has_changed(client, discord):
    response = client.get(decide(leave(client), "deny"), follow=True)
    read_page(response)
    assert "<h1>Nothing has changed</h1>" in response.content.decode()
    assert not User.objects.exists()


def refused(client, way_back):
    response = client.get(way_back)
    read_page(response, status=401)
    assert "<h1>That did not work</h1>" in response.content.decode()
    assert not User.objects.exists()
    return True


def test_a_foreign_state_is_refused(client, discord):
    way_back = decide(leave(client))
    assert refused(client, way_back.partition("&state=")[0] + "&state=someone-elses")


def test_another_browser_cannot_use_the_way_back(client, discord):
    way_back = decide(leave(client))
    client.cookies.clear()
    assert refused(client, way_back)


def test_a_way_back_works_once(client, discord):
    way_back = decide(leave(client))
    client.get(way_back)
    assert client.get(way_back).status_code == 401


@pytest.mark.parametrize("failure", ["codes_expire", "token_breaks", "person_breaks"])
def test_a_provider_that_fails_is_no_failure_of_ours(client, discord, failure):
    way_back = decide(leave(client))
    setattr(discord, failure, True)
    assert refused(client, way_back)


def test_a_code_needs_its_verifier(client, discord):
    """The provider checks PKCE: a code that was stolen on its way is worth nothing."""
    way_back = decide(leave(client))
    for grant in discord.codes.values():
        grant["code_challenge"] = "of another browser"
    assert refused(client, way_back)


def test_connecting_and_disconnecting(member, member_client, discord):
    prove_again(member_client)
    response = come_back(member_client, "connect", follow=True)
    read_page(response)
    assert "nelly" in response.content.decode()
    assert Profile.objects.get(pk=member.pk).discord_id == DISCORD_PERSON["id"]
    assert Member.objects.get(pk=member.pk).avatar_url == PICTURE
    assert "an account was connected" in mail.outbox[-1].subject.lower()

    account = SocialAccount.objects.get()
    member_client.post(CONNECTIONS, {"account": account.pk})
    profile = Profile.objects.get(pk=member.pk)
    assert not SocialAccount.objects.exists()
    assert (profile.discord_id, profile.discord_username, profile.discord_discriminator) == (None, "", "")
    assert Member.objects.get(pk=member.pk).avatar_url == ""
    assert "an account was disconnected" in mail.outbox[-1].subject.lower()


def test_connecting_asks_for_the_password_first(member_client, discord):
    response = come_back(member_client, "connect")
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    assert not SocialAccount.objects.exists()
    member_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert SocialAccount.objects.exists()


def test_ones_own_picture_stays(sign_in, discord):
    member = make_member(avatar_url="https://pictures.example/me.png")
    client = sign_in(member)
    prove_again(client)
    come_back(client, "connect")
    client.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert Member.objects.get(pk=member.pk).avatar_url == "https://pictures.example/me.png"


def test_an_account_that_is_connected_elsewhere_stays_there(member_client, member, discord):
    other = make_member()
    SocialAccount.objects.create(user=other.user, provider="discord", uid=DISCORD_PERSON["id"])
    prove_again(member_client)
    response = come_back(member_client, "connect", follow=True)
    assert "connected to somebody else" in response.content.decode()
    assert SocialAccount.objects.get().user == other.user


def test_anothers_account_cannot_be_disconnected(member_client, discord):
    account = SocialAccount.objects.create(user=make_user(), provider="discord", uid="1")
    prove_again(member_client)
    member_client.post(CONNECTIONS, {"account": account.pk})
    assert SocialAccount.objects.filter(pk=account.pk).exists()


def test_the_only_way_in_is_not_disconnected(client, discord):
    come_back(client)
    response = client.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert "Set a password first" in response.content.decode()
    assert SocialAccount.objects.exists()


def test_a_provider_that_was_switched_off_can_still_be_disconnected(member, member_client):
    SocialAccount.objects.create(user=member.user, provider="discord", uid="1", extra_data={"username": "nelly"})
    prove_again(member_client)
    assert "nelly" in member_client.get(CONNECTIONS).content.decode()
    member_client.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()


def test_without_providers_the_page_says_that_there_are_none(member_client):
    content = member_client.get(CONNECTIONS).content.decode()
    assert "Logging in with accounts elsewhere is not set up here." in content
    assert "None is connected." not in content


def test_with_a_provider_the_page_says_that_none_is_connected(discord, member_client):
    content = member_client.get(CONNECTIONS).content.decode()
    assert "None is connected." in content
    assert "not set up here" not in content
