import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.devices import device_name
from accounts.tests.factories import PASSWORD, is_logged_in, make_member
from accounts.tests.markup import read_page
from nrghax.sessions import SessionStore

pytestmark = pytest.mark.django_db

SECURITY = reverse("accounts:security")
SESSIONS = reverse("accounts:logins")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


def log_in(member, user_agent=FIREFOX):
    client = Client(headers={"user-agent": user_agent})
    client.post(reverse("account_login"), {"login": member.user.email, "password": PASSWORD, "remember": "on"})
    assert is_logged_in(client)
    return client


def has_access(client):
    return client.get(SECURITY).status_code == 200


def test_security_page_shows_status_with_constant_queries(member, queries_of):
    client = log_in(member)
    response = client.get(SECURITY)
    read_page(response)
    assert "Off: add one to protect your account" in response.content.decode()
    few = queries_of(lambda: client.get(SECURITY))
    SocialAccount.objects.create(user=member.user, provider="google", uid="1")
    for number in range(3):
        Authenticator.objects.create(user=member.user, type=Authenticator.Type.WEBAUTHN, data={"name": str(number)})
        create_session(member, number)
    many = queries_of(lambda: client.get(SECURITY))
    assert len(many) == len(few) <= 8
    content = client.get(SECURITY).content.decode()
    assert "3 passkeys" in content
    assert "4 places" in content


def create_session(member, number):
    """Create a session as if another browser had logged in; return its key."""
    store = SessionStore()
    store.create()
    UserSession.objects.create(user=member.user, ip="192.0.2.1", session_key=store.session_key, user_agent=str(number))
    return store.session_key


def test_session_list_shows_browser_and_ip_with_constant_queries(member, queries_of):
    client = log_in(member)
    log_in(member, SAFARI)
    response = client.get(SESSIONS)
    read_page(response)
    content = response.content.decode()
    assert "Firefox on Linux" in content
    assert "Safari on iPhone" in content
    assert "127.0.0.1" in content
    assert content.count("this browser") == 1
    few = queries_of(lambda: client.get(SESSIONS))
    for number in range(5):
        create_session(member, number)
    many = queries_of(lambda: client.get(SESSIONS))
    assert len(many) == len(few) <= 8


def test_deleted_session_is_not_listed(member):
    client = log_in(member)
    key = create_session(member, 1)
    Session.objects.filter(session_key=key).delete()
    assert client.get(SESSIONS).content.decode().count("list__item") == 1


def test_logging_out_all_other_sessions(member):
    current, other, third = log_in(member), log_in(member, SAFARI), log_in(member, SAFARI)
    assert has_access(other)
    response = current.post(SESSIONS, follow=True)
    assert "Logged out in 2 places." in response.content.decode()
    assert has_access(current)
    assert not has_access(other)
    assert not has_access(third)
    assert UserSession.objects.count() == Session.objects.count() == 1


def test_logging_out_one_session(member):
    current, other, third = log_in(member), log_in(member, SAFARI), log_in(member, SAFARI)
    ended = UserSession.objects.get(session_key=other.session.session_key)
    current.post(SESSIONS, {"session": ended.pk})
    assert has_access(current)
    assert not has_access(other)
    assert has_access(third)


@pytest.mark.parametrize("chosen", ["9" * 5000, "9" * 30, "-1", "0", "x", "\x00", "1.5"])
def test_malformed_session_ends_nothing(member, chosen):
    current, other = log_in(member), log_in(member, SAFARI)
    response = current.post(SESSIONS, {"session": chosen}, follow=True)
    assert "You were already logged out there." in response.content.decode()
    assert has_access(other)


def test_session_of_other_member_is_not_ended(member):
    other_member = make_member()
    other = log_in(other_member)
    theirs = UserSession.objects.get(user=other_member.user)
    current = log_in(member)
    response = current.post(SESSIONS, {"session": theirs.pk}, follow=True)
    assert "You were already logged out there." in response.content.decode()
    assert has_access(other)


@pytest.mark.django_db(transaction=True)
def test_ended_session_leaves_cache_when_read_concurrently():
    """A request that reads before the deletion is committed puts the session back into the cache."""
    store = SessionStore()
    store["mood"] = "calm"
    store.save()
    key = f"nrghax.session.{store.session_key}"
    data = cache.get(key)
    assert data
    with transaction.atomic():
        SessionStore().delete(store.session_key)
        cache.set(key, data)
    assert cache.get(key) is None


def test_new_password_ends_other_sessions_and_cached_copies(member):
    current, other = log_in(member), log_in(member, SAFARI)
    key = f"nrghax.session.{other.session.session_key}"
    assert cache.get(key)
    new = {"oldpassword": PASSWORD, "password1": "another calm breath", "password2": "another calm breath"}
    current.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    current.post(reverse("account_change_password"), new)
    assert has_access(current)
    assert not has_access(other)
    assert cache.get(key) is None
    assert current.get(SESSIONS).content.decode().count("list__item") == 1


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.5.0", "A browser"),
    ],
)
def test_device_name(user_agent, name):
    assert device_name(user_agent) == name


@pytest.mark.parametrize("page", [SECURITY, SESSIONS])
def test_visitor_is_redirected_to_login(client, page):
    assert client.get(page)["Location"] == f"{reverse('account_login')}?next={page}"
