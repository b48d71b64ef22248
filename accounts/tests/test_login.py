import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import PASSWORD, is_logged_in, make_member, make_user

pytestmark = pytest.mark.django_db

LOGIN = reverse("account_login")
LOGOUT = reverse("account_logout")
TODAY = reverse("practice:today")


@pytest.fixture
def credentials(member):
    return {"login": member.user.email, "password": PASSWORD}


@pytest.mark.parametrize("change_case", [str.lower, str.upper, lambda email: f"  {email} "])
def test_login_ignores_case_and_spaces_of_address(client, credentials, change_case):
    response = client.post(LOGIN, {**credentials, "login": change_case(credentials["login"])})
    assert response.url == TODAY
    assert is_logged_in(client)


def test_login_redirects_newcomer_to_onboarding(client):
    member = make_member(onboarded=False)
    response = client.post(LOGIN, {"login": member.user.email, "password": PASSWORD})
    assert response.url == reverse("accounts:onboarding")


@pytest.mark.parametrize("field", ["login", "password"])
def test_failed_login_does_not_reveal_which_field_is_wrong(client, credentials, field):
    response = client.post(LOGIN, {**credentials, field: "wrong@example.com"})
    assert "That email and password don&#x27;t match." in response.content.decode()
    assert not is_logged_in(client)


def test_login_is_refused_after_five_failed_attempts(client, credentials):
    for _ in range(5):
        response = client.post(LOGIN, {**credentials, "password": "wrong"})
        assert "password don&#x27;t match" in response.content.decode()
    response = client.post(LOGIN, credentials)
    assert "Too many failed attempts. Wait five minutes" in response.content.decode()
    assert not is_logged_in(client)


def test_failed_attempts_from_elsewhere_do_not_shut_out_owner(client, credentials):
    for _ in range(6):
        client.post(LOGIN, {**credentials, "password": "wrong"}, REMOTE_ADDR="203.0.113.1")
    assert Client().post(LOGIN, credentials, REMOTE_ADDR="203.0.113.2").url == TODAY


def test_failed_attempts_do_not_shut_out_others_at_the_address(client, credentials):
    for _ in range(4):
        for number in range(5):
            client.post(LOGIN, {"login": f"someone{number}@example.com", "password": "wrong"})
    assert client.post(LOGIN, credentials).url == TODAY


def test_attempts_from_many_addresses_are_limited_together(client, credentials):
    for number in range(20):
        client.post(LOGIN, {**credentials, "password": "wrong"}, REMOTE_ADDR=f"203.0.113.{number}")
    response = client.post(LOGIN, credentials, REMOTE_ADDR="203.0.113.200")
    assert "Too many failed attempts. Wait five minutes" in response.content.decode()


def test_attempts_on_many_accounts_from_one_address_are_limited(client, credentials):
    for number in range(100):
        client.post(LOGIN, {"login": f"someone{number}@example.com", "password": "wrong"})
    assert client.post(LOGIN, credentials).status_code == 429
    assert client.post(LOGIN, credentials, REMOTE_ADDR="203.0.113.2").url == TODAY


def test_successful_logins_are_not_limited(client, credentials):
    for _ in range(6):
        assert Client().post(LOGIN, credentials).url == TODAY


def test_password_reset_lifts_login_limit(client, credentials, member):
    for _ in range(6):
        client.post(LOGIN, {**credentials, "password": "wrong"})
    client.post(reverse("account_reset_password"), {"email": credentials["login"]})
    link = mail.outbox[-1].body.partition("http://testserver")[2].split()[0]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another calm breath", "password2": "another calm breath"})
    assert client.post(LOGIN, {**credentials, "password": "another calm breath"}).url == TODAY


@pytest.fixture
def unreachable_cache(settings):
    """Point the cache at port 1, on which no server listens."""
    settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    caches._settings = caches.settings = caches.configure_settings(None)
    assert cache.get("anything") is None
    yield
    cache.clear()


def test_login_works_while_cache_is_unreachable(unreachable_cache, client, credentials):
    for _ in range(6):
        response = client.post(LOGIN, {**credentials, "password": "wrong"})
        assert "password don&#x27;t match" in response.content.decode()
    assert client.post(LOGIN, credentials).url == TODAY
    assert client.get(reverse("account_email")).status_code == 200


@pytest.mark.parametrize(
    ("target", "landing"),
    [
        ("/hacks/?difficulty=2", "/hacks/?difficulty=2"),
        ("https://elsewhere.example/", TODAY),
        ("//elsewhere.example/", TODAY),
        ("javascript:alert(1)", TODAY),
        ("/\\elsewhere.example/", TODAY),
    ],
)
def test_next_redirects_only_within_site(client, credentials, target, landing):
    assert client.post(LOGIN, {**credentials, "next": target}).url == landing


def test_logged_in_member_is_redirected_from_login_and_signup(member_client):
    assert member_client.get(LOGIN).url == TODAY
    assert member_client.get(reverse("account_signup")).url == TODAY


def test_session_is_kept_when_remember_is_ticked(client, credentials, settings):
    client.post(LOGIN, {**credentials, "remember": "on"})
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == settings.SESSION_COOKIE_AGE


def test_session_ends_with_browser_when_remember_is_not_ticked(client, credentials, settings):
    client.post(LOGIN, credentials)
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == ""


def test_remember_is_ticked_by_default(client):
    content = client.get(LOGIN).content.decode()
    assert "Keep me logged in on this device" in content
    assert 'name="remember" id="id_remember" checked' in content


def test_session_survives_cleared_cache(member_client):
    cache.clear()
    assert member_client.get(reverse("account_email")).status_code == 200


def test_login_changes_session_key(client, credentials):
    client.get(LOGIN)
    client.post(LOGIN, {**credentials, "password": "wrong"})
    before = client.session.session_key
    client.post(LOGIN, credentials)
    assert client.session.session_key != before


def test_logout_needs_post_and_ends_session(member_client):
    key = member_client.session.session_key
    assert member_client.get(LOGOUT).status_code == 200
    assert is_logged_in(member_client)
    assert member_client.post(LOGOUT).url == reverse("home")
    assert not is_logged_in(member_client)
    assert not Session.objects.filter(pk=key).exists()


@pytest.mark.parametrize("url", [LOGIN, LOGOUT])
def test_csrf_token_is_required(url, credentials):
    assert Client(enforce_csrf_checks=True).post(url, credentials).status_code == 403


@pytest.mark.parametrize("method", ["delete", "patch"])
def test_login_refuses_other_methods(client, method):
    assert getattr(client, method)(LOGIN).status_code == 405


def test_deactivated_user_is_logged_out_at_once(member, member_client):
    assert member_client.get(reverse("account_email")).status_code == 200
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    response = member_client.get(reverse("account_email"))
    assert response.status_code == 302
    assert response.url.startswith(LOGIN)


def test_deactivated_user_cannot_log_in(client, credentials, member):
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    assert client.post(LOGIN, credentials).url == reverse("account_inactive")
    assert not is_logged_in(client)


def test_deactivated_account_is_not_revealed_with_wrong_password(client, credentials, member):
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    assert "password don&#x27;t match" in client.post(LOGIN, {**credentials, "password": "wrong"}).content.decode()


def test_user_without_address_row_must_confirm_address(client):
    """The admin and fixtures create users without a row for the address."""
    user = make_user()
    EmailAddress.objects.all().delete()
    response = client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert response.url == reverse("account_email_verification_sent")
    assert mail.outbox[-1].to == [user.email]
    assert not EmailAddress.objects.get().verified
