"""Reset and change of passwords, change of addresses."""

from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user, sent_path

pytestmark = pytest.mark.django_db

RESET = reverse("account_reset_password")
CHANGE = reverse("account_change_password")
EMAIL = reverse("account_email")
LOGIN = reverse("account_login")
NEW_PASSWORD = "another calm breath"


def submit_new_password(client, link, word=NEW_PASSWORD):
    form = client.get(link, follow=True).redirect_chain[-1][0]
    return client.post(form, {"password1": word, "password2": word})


def test_reset_link_sets_new_password(client, member):
    client.post(RESET, {"email": member.user.email.upper()})
    assert mail.outbox[0].to == [member.user.email]
    submit_new_password(client, sent_path())
    assert User.objects.get().check_password(NEW_PASSWORD)
    assert mail.outbox[-1].subject == "Your password was reset"


def test_reset_link_works_once(client, member):
    client.post(RESET, {"email": member.user.email})
    link = sent_path()
    submit_new_password(client, link)
    assert "This link no longer works" in Client().get(link).content.decode()


def test_reset_link_expires(client, member, settings):
    client.post(RESET, {"email": member.user.email})
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link no longer works" in client.get(sent_path()).content.decode()


def test_reset_refuses_weak_password(client, member):
    client.post(RESET, {"email": member.user.email})
    response = submit_new_password(client, sent_path(), "short")
    assert "Use at least 10 characters." in response.content.decode()
    assert User.objects.get().check_password(PASSWORD)


def test_reset_ends_other_sessions(client, member, member_client):
    other = Client()
    other.post(RESET, {"email": member.user.email})
    submit_new_password(other, sent_path())
    assert member_client.get(EMAIL).status_code == 302


def test_reset_response_is_the_same_for_unknown_address(client, member):
    known = client.post(RESET, {"email": member.user.email})
    unknown = client.post(RESET, {"email": "nobody@example.com"})
    assert known.url == unknown.url
    assert mail.outbox[-1].to == ["nobody@example.com"]
    assert mail.outbox[-1].subject == "No account with this email address"


def test_resets_are_limited(client, member):
    for _ in range(5):
        client.post(RESET, {"email": member.user.email})
    response = client.post(RESET, {"email": member.user.email})
    assert response.status_code == 429
    assert len(mail.outbox) == 5


def test_password_is_changed_with_old_password(member, member_client):
    response = member_client.post(
        CHANGE, {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )
    assert response.status_code == 302
    assert User.objects.get().check_password(NEW_PASSWORD)
    assert "Password changed." in member_client.get(CHANGE).content.decode()
    assert mail.outbox[-1].subject == "Your password was changed"


@pytest.mark.parametrize(
    "fields",
    [{"oldpassword": "wrong"}, {"password1": "short", "password2": "short"}, {"password2": "a different breath"}],
)
def test_password_is_not_changed_on_bad_input(member_client, fields):
    response = member_client.post(
        CHANGE, {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD, **fields}
    )
    assert response.context["form"].errors
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("url", [CHANGE, EMAIL])
def test_visitor_is_redirected_to_login(client, url):
    assert client.get(url).url == f"{LOGIN}?next={url}"


@pytest.mark.parametrize("url", [RESET, CHANGE, EMAIL])
def test_csrf_token_is_required(url, member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member.user)
    assert client.post(url, {"action_add": "", "email": "new@example.com"}).status_code == 403


def request_address_change(client, email, password=PASSWORD):
    """Request a new address and confirm the password; allauth then resumes the request."""
    response = client.post(EMAIL, {"action_add": "", "email": email})
    assert response.url == f"{reverse('account_reauthenticate')}?next={quote(EMAIL, safe='')}"
    return client.post(response.url, {"password": password})


def test_address_changes_when_new_one_is_confirmed(member_client, member):
    old = member.user.email
    request_address_change(member_client, "New@Example.com")
    assert mail.outbox[-1].to == ["new@example.com"]
    assert User.objects.get().email == old
    member_client.post(sent_path())
    assert User.objects.get().email == "new@example.com"
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [("new@example.com", True, True)]
    assert mail.outbox[-1].to == [old], "the old address is notified"
    assert Client().post(LOGIN, {"login": "new@example.com", "password": PASSWORD}).url == reverse("practice:today")


def test_address_is_not_changed_with_wrong_password(member_client):
    response = request_address_change(member_client, "new@example.com", password="wrong")
    assert response.context["form"].errors
    assert EmailAddress.objects.count() == 1
    assert mail.outbox == []


def test_change_of_address_can_be_cancelled(member_client, member):
    request_address_change(member_client, "new@example.com")
    member_client.post(EMAIL, {"action_remove": "", "email": "new@example.com"})
    assert EmailAddress.objects.get().email == member.user.email


def test_address_of_other_user_cannot_be_confirmed(member_client, member):
    other = make_user()
    request_address_change(member_client, other.email)
    member_client.post(sent_path())
    assert User.objects.get(pk=member.pk).email == member.user.email
    assert EmailAddress.objects.get(user=other).verified


@pytest.mark.parametrize("action", ["action_remove", "action_primary", "action_send"])
def test_address_of_other_user_cannot_be_managed(member_client, action):
    other = make_user()
    member_client.post(EMAIL, {action: "", "email": other.email})
    address = EmailAddress.objects.get(user=other)
    assert (address.email, address.primary) == (other.email, True)
    assert mail.outbox == []
