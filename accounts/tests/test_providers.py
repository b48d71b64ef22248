"""Login with Discord. The tests of Google's login are in nrghax/tests/browser/test_logins.py."""

from urllib.parse import urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.urls import reverse

from accounts.models import Member, Profile, User
from accounts.providers.discord.identity import AVATAR_BASE_URL
from accounts.tests.factories import PASSWORD, is_logged_in, make_member, make_user
from accounts.tests.markup import read_page
from nrghax.tests.identity_provider import CLIENT_ID, CLIENT_SECRET, DISCORD_PERSON, running_provider

pytestmark = pytest.mark.django_db

LOGIN = reverse("discord_login")
CONNECTIONS = reverse("socialaccount_connections")
PICTURE_URL = f"{AVATAR_BASE_URL}{DISCORD_PERSON['id']}/{DISCORD_PERSON['avatar']}.png"


@pytest.fixture(scope="module")
def server():
    with running_provider() as provider:
        yield provider


@pytest.fixture
def discord(server, settings):
    """Configure Discord with keys, and restore the provider's state."""
    server.restore()
    keys = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    settings.SOCIALACCOUNT_PROVIDERS = {
        **settings.SOCIALACCOUNT_PROVIDERS,
        "discord": {"OAUTH_PKCE_ENABLED": True, "URL": f"{server.url}/discord", "APP": keys},
    }
    return server


def start_login(client, process="login"):
    """Press the login button. Return the URL at Discord."""
    response = client.post(f"{LOGIN}?process={process}")
    assert response.status_code == 302
    return response["Location"]


def answer_at_provider(address, decision="allow"):
    """Answer Discord's consent page. Return the path of the callback."""
    response = requests.get(f"{address}&decision={decision}", allow_redirects=False, timeout=5)
    assert response.status_code == 302
    target = urlsplit(response.headers["Location"])
    return f"{target.path}?{target.query}"


def log_in_with_discord(client, process="login", **options):
    return client.get(answer_at_provider(start_login(client, process)), **options)


def reauthenticate(client):
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def test_provider_without_keys_is_not_offered(client):
    for page in ("account_login", "account_signup"):
        content = client.get(reverse(page)).content.decode()
        assert "Discord" not in content
        assert "Google" not in content
    for name in ("google", "discord"):
        for page in ("login", "callback"):
            address = reverse(f"{name}_{page}")
            assert client.get(address).status_code == 404
            assert client.post(address).status_code == 404


def test_provider_with_keys_is_offered_without_queries(client, discord, queries_of):
    statements = queries_of(lambda: client.get(reverse("account_login")))
    assert "Log in with Discord" in client.get(reverse("account_login")).content.decode()
    assert "Google" not in client.get(reverse("account_login")).content.decode()
    assert [sql for sql in statements if "socialaccount" in sql] == []


def test_login_link_asks_before_redirect(client, discord):
    response = client.get(LOGIN)
    read_page(response)
    assert "Continue with Discord?" in response.content.decode()


def test_discord_signup_copies_name_and_picture(client, discord):
    response = log_in_with_discord(client)
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
    assert Member.objects.get(pk=user.pk).avatar_url == PICTURE_URL


def test_only_shown_discord_data_is_kept(client, discord):
    log_in_with_discord(client)
    kept = SocialAccount.objects.get().extra_data
    assert set(kept) == {"id", "username", "global_name", "discriminator", "avatar"}


def test_second_discord_login_updates_profile(client, discord):
    log_in_with_discord(client)
    client.logout()
    discord.people["discord"]["username"] = "nelly_the_second"
    log_in_with_discord(client)
    assert User.objects.count() == 1
    assert is_logged_in(client)
    assert Profile.objects.get().discord_username == "nelly_the_second"


def test_discord_login_does_not_open_account_with_same_address(client, discord):
    make_member(user=make_user(email="nelly@example.com"))
    response = log_in_with_discord(client)
    read_page(response)
    assert "<h1>You already have an account</h1>" in response.content.decode()
    assert not is_logged_in(client)
    assert not SocialAccount.objects.exists()


def test_unverified_discord_address_does_not_reveal_account(client, discord):
    make_member(user=make_user(email="nelly@example.com"))
    discord.people["discord"]["verified"] = False
    response = log_in_with_discord(client)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].to == ["nelly@example.com"]
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_unverified_discord_address_must_be_confirmed(client, discord):
    discord.people["discord"]["verified"] = False
    response = log_in_with_discord(client)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert not is_logged_in(client)
    assert not EmailAddress.objects.get().verified
    assert "/accounts/confirm-email/" in mail.outbox[0].body


def test_discord_login_without_address_asks_for_one(client, discord):
    del discord.people["discord"]["email"]
    response = log_in_with_discord(client, follow=True)
    read_page(response)
    assert "<h1>Almost there</h1>" in response.content.decode()
    response = client.post(reverse("socialaccount_signup"), {"email": "nelly@home.example"})
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].to == ["nelly@home.example"]
    assert SocialAccount.objects.get().user.email == "nelly@home.example"


def test_known_address_is_not_revealed_when_entered(client, discord, member):
    del discord.people["discord"]["email"]
    log_in_with_discord(client)
    response = client.post(reverse("socialaccount_signup"), {"email": member.user.email})
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].subject != "Confirm your email address"
    assert not SocialAccount.objects.exists()


def test_cancelled_login_changes_nothing(client, discord):
    response = client.get(answer_at_provider(start_login(client), "deny"), follow=True)
    read_page(response)
    assert "<h1>Nothing has changed</h1>" in response.content.decode()
    assert not User.objects.exists()


def assert_login_fails(client, callback):
    response = client.get(callback)
    read_page(response, status=401)
    assert "<h1>That didn't work</h1>" in response.content.decode()
    assert not User.objects.exists()


def test_foreign_state_is_refused(client, discord):
    callback = answer_at_provider(start_login(client))
    assert_login_fails(client, callback.partition("&state=")[0] + "&state=someone-elses")


def test_callback_is_refused_in_other_browser(client, discord):
    callback = answer_at_provider(start_login(client))
    client.cookies.clear()
    assert_login_fails(client, callback)


def test_callback_works_once(client, discord):
    callback = answer_at_provider(start_login(client))
    client.get(callback)
    assert client.get(callback).status_code == 401


@pytest.mark.parametrize("failure", ["codes_expire", "token_breaks", "person_breaks"])
def test_provider_failure_shows_error_page(client, discord, failure):
    callback = answer_at_provider(start_login(client))
    setattr(discord, failure, True)
    assert_login_fails(client, callback)


def test_code_needs_its_pkce_verifier(client, discord):
    """The provider checks PKCE, so a stolen code is useless."""
    callback = answer_at_provider(start_login(client))
    for grant in discord.codes.values():
        grant["code_challenge"] = "of another browser"
    assert_login_fails(client, callback)


def test_connect_and_disconnect(member, member_client, discord):
    reauthenticate(member_client)
    response = log_in_with_discord(member_client, "connect", follow=True)
    read_page(response)
    assert "nelly" in response.content.decode()
    assert Profile.objects.get(pk=member.pk).discord_id == DISCORD_PERSON["id"]
    assert Member.objects.get(pk=member.pk).avatar_url == PICTURE_URL
    assert "an account was connected" in mail.outbox[-1].subject.lower()

    account = SocialAccount.objects.get()
    member_client.post(CONNECTIONS, {"account": account.pk})
    profile = Profile.objects.get(pk=member.pk)
    assert not SocialAccount.objects.exists()
    assert (profile.discord_id, profile.discord_username, profile.discord_discriminator) == (None, "", "")
    assert Member.objects.get(pk=member.pk).avatar_url == ""
    assert "an account was disconnected" in mail.outbox[-1].subject.lower()


def test_connecting_requires_password(member_client, discord):
    response = log_in_with_discord(member_client, "connect")
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    assert not SocialAccount.objects.exists()
    member_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert SocialAccount.objects.exists()


def test_existing_picture_is_kept(sign_in, discord):
    member = make_member(avatar_url="https://pictures.example/me.png")
    client = sign_in(member)
    reauthenticate(client)
    log_in_with_discord(client, "connect")
    client.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert Member.objects.get(pk=member.pk).avatar_url == "https://pictures.example/me.png"


def test_account_connected_to_other_member_stays_there(member_client, member, discord):
    other = make_member()
    SocialAccount.objects.create(user=other.user, provider="discord", uid=DISCORD_PERSON["id"])
    reauthenticate(member_client)
    response = log_in_with_discord(member_client, "connect", follow=True)
    assert "connected to a different NRGHAX account" in response.content.decode()
    assert SocialAccount.objects.get().user == other.user


def test_account_of_other_member_cannot_be_disconnected(member_client, discord):
    account = SocialAccount.objects.create(user=make_user(), provider="discord", uid="1")
    reauthenticate(member_client)
    member_client.post(CONNECTIONS, {"account": account.pk})
    assert SocialAccount.objects.filter(pk=account.pk).exists()


def test_only_login_method_cannot_be_disconnected(client, discord):
    log_in_with_discord(client)
    response = client.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert "Set a password first" in response.content.decode()
    assert SocialAccount.objects.exists()


def test_account_of_disabled_provider_can_be_disconnected(member, member_client):
    SocialAccount.objects.create(user=member.user, provider="discord", uid="1", extra_data={"username": "nelly"})
    reauthenticate(member_client)
    assert "nelly" in member_client.get(CONNECTIONS).content.decode()
    member_client.post(CONNECTIONS, {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()


def test_connections_page_without_providers(member_client):
    content = member_client.get(CONNECTIONS).content.decode()
    assert "Logging in with other accounts isn't available here." in content
    assert "No connected accounts yet." not in content


def test_connections_page_without_connected_account(discord, member_client):
    content = member_client.get(CONNECTIONS).content.decode()
    assert "No connected accounts yet." in content
    assert "isn't available here" not in content
