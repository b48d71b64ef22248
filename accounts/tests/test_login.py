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
def person(member):
    return {"login": member.user.email, "password": PASSWORD}


@pytest.mark.parametrize("spell", [str.lower, str.upper, lambda email: f"  {email} "])
def test_login_by_address_in_any_case(client, person, spell):
    response = client.post(LOGIN, {**person, "login": spell(person["login"])})
    assert response.url == TODAY
    assert is_logged_in(client)


def test_a_member_not_welcomed_yet_is_led_to_the_welcome(client):
    member = make_member(onboarded=False)
    response = client.post(LOGIN, {"login": member.user.email, "password": PASSWORD})
    assert response.url == reverse("accounts:onboarding")


@pytest.mark.parametrize("field", ["login", "password"])
def test_a_wrong_word_is_refused_without_saying_which(client, person, field):
    response = client.post(LOGIN, {**person, field: "wrong@example.com"})
    assert "This e-mail address and this password do not belong together." in response.content.decode()
    assert not is_logged_in(client)


def test_the_sixth_failed_login_is_refused_with_words(client, person):
    for _ in range(5):
        response = client.post(LOGIN, {**person, "password": "wrong"})
        assert "do not belong together" in response.content.decode()
    response = client.post(LOGIN, person)
    assert "Too many failed attempts. Wait five minutes" in response.content.decode()
    assert not is_logged_in(client)


def test_successful_logins_are_not_counted(client, person):
    for _ in range(6):
        assert Client().post(LOGIN, person).url == TODAY


def test_a_reset_password_ends_the_waiting(client, person, member):
    for _ in range(6):
        client.post(LOGIN, {**person, "password": "wrong"})
    client.post(reverse("account_reset_password"), {"email": person["login"]})
    link = mail.outbox[-1].body.partition("http://testserver")[2].split()[0]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another calm breath", "password2": "another calm breath"})
    assert client.post(LOGIN, {**person, "password": "another calm breath"}).url == TODAY


@pytest.fixture
def lost_cache(settings):
    """A cache whose server is not there; nothing listens on port 1."""
    settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    caches._settings = caches.settings = caches.configure_settings(None)
    assert cache.get("anything") is None
    yield
    cache.clear()


def test_a_lost_cache_locks_nobody_out(lost_cache, client, person):
    for _ in range(6):
        response = client.post(LOGIN, {**person, "password": "wrong"})
        assert "do not belong together" in response.content.decode()
    assert client.post(LOGIN, person).url == TODAY
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
def test_next_leads_inside_only(client, person, target, landing):
    assert client.post(LOGIN, {**person, "next": target}).url == landing


def test_whoever_is_signed_in_is_led_on(member_client):
    assert member_client.get(LOGIN).url == TODAY
    assert member_client.get(reverse("account_signup")).url == TODAY


def test_a_login_lasts_where_the_person_says_so(client, person, settings):
    client.post(LOGIN, {**person, "remember": "on"})
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == settings.SESSION_COOKIE_AGE


def test_a_login_ends_with_the_browser_otherwise(client, person, settings):
    client.post(LOGIN, person)
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == ""


def test_the_form_proposes_to_stay_logged_in(client):
    content = client.get(LOGIN).content.decode()
    assert "Keep me logged in on this device" in content
    assert 'name="remember" id="id_remember" checked' in content


def test_a_session_outlives_the_cache(member_client):
    cache.clear()
    assert member_client.get(reverse("account_email")).status_code == 200


def test_a_login_changes_the_sessions_key(client, person):
    client.get(LOGIN)
    client.post(LOGIN, {**person, "password": "wrong"})
    before = client.session.session_key
    client.post(LOGIN, person)
    assert client.session.session_key != before


def test_logging_out_takes_a_post_and_ends_the_session(member_client):
    key = member_client.session.session_key
    assert member_client.get(LOGOUT).status_code == 200
    assert is_logged_in(member_client)
    assert member_client.post(LOGOUT).url == reverse("home")
    assert not is_logged_in(member_client)
    assert not Session.objects.filter(pk=key).exists()


@pytest.mark.parametrize("url", [LOGIN, LOGOUT])
def test_the_token_is_needed(url, person):
    assert Client(enforce_csrf_checks=True).post(url, person).status_code == 403


@pytest.mark.parametrize("method", ["delete", "patch"])
def test_login_takes_no_other_method(client, method):
    assert getattr(client, method)(LOGIN).status_code == 405


def test_a_deactivated_person_is_signed_out_at_once(member, member_client):
    assert member_client.get(reverse("account_email")).status_code == 200
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    response = member_client.get(reverse("account_email"))
    assert response.status_code == 302
    assert response.url.startswith(LOGIN)


def test_a_deactivated_person_is_told_so_and_not_let_in(client, person, member):
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    assert client.post(LOGIN, person).url == reverse("account_inactive")
    assert not is_logged_in(client)


def test_a_closed_account_is_told_only_to_who_knows_the_password(client, person, member):
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    assert "do not belong together" in client.post(LOGIN, {**person, "password": "wrong"}).content.decode()


def test_an_account_from_elsewhere_confirms_its_address_first(client):
    """As staff make it in the admin, or a fixture does: without a row for the address."""
    user = make_user()
    EmailAddress.objects.all().delete()
    response = client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert response.url == reverse("account_email_verification_sent")
    assert mail.outbox[-1].to == [user.email]
    assert not EmailAddress.objects.get().verified
