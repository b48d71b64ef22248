"""Every page of allauth and every error page: in our layout, and with nothing that our own policy would refuse."""

import re

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client
from django.urls import reverse
from django.views import defaults

from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.markup import read_page

pytestmark = pytest.mark.django_db

ENTRANCES = {
    "account_login": "Welcome back",
    "account_signup": "Create your account",
    "account_inactive": "This account is closed",
    "account_email_verification_sent": "Check your e-mail",
    "account_reset_password": "Forgotten your password?",
    "account_reset_password_done": "Check your e-mail",
    "account_reset_password_from_key_done": "Your password is changed",
}
MANAGEMENT = {
    "account_logout": "Log out?",
    "account_email": "Your e-mail address",
    "account_change_password": "Change your password",
    "account_reauthenticate": "Is it you?",
}


@pytest.mark.parametrize(("name", "heading"), ENTRANCES.items())
def test_a_visitors_page_is_in_our_layout(client, name, heading):
    response = client.get(reverse(name))
    page = read_page(response)
    assert f"<h1>{heading}</h1>" in response.content.decode()
    assert page.tags["header"] == 1
    assert page.tags["footer"] == 1


def test_whoever_confirms_elsewhere_is_not_promised_to_be_in(client):
    text = " ".join(client.get(reverse("account_email_verification_sent")).content.decode().split())
    assert "Open it in this browser to confirm the address, and you are in; in another one, you log in" in text


@pytest.mark.parametrize(("name", "heading"), MANAGEMENT.items())
def test_a_members_page_is_in_our_layout(member_client, name, heading):
    response = member_client.get(reverse(name))
    read_page(response)
    content = response.content.decode()
    assert f"<h1>{heading}</h1>" in content
    assert 'class="nav nav--member"' in content


def test_a_member_without_a_password_is_asked_to_set_one(member, member_client):
    member.user.set_unusable_password()
    member.user.save(update_fields=["password"])
    client = Client()
    client.force_login(member.user)
    response = client.get(reverse("account_set_password"))
    read_page(response)
    assert "<h1>Set a password</h1>" in response.content.decode()


def test_wrong_credentials_are_told_in_words(client):
    response = client.post(reverse("account_login"), {"login": "nobody@example.com", "password": "wrong"})
    read_page(response)
    assert 'class="errorlist nonfield"' in response.content.decode()


def test_an_error_stands_beside_its_field(client):
    response = client.post(reverse("account_signup"), {"email": "no address", "password1": "short"})
    page = read_page(response)
    email = next(field for field in page.fields if field["name"] == "email")
    assert email["aria-invalid"] == "true"
    assert email["aria-describedby"] == "id_email_error"
    assert page.ids["id_email_error"] == 1


def test_the_link_to_confirm_an_address(client):
    user = make_user(verified=False)
    address = EmailAddress.objects.get(user=user)
    url = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
    response = client.get(url)
    read_page(response)
    assert address.email in response.content.decode()


def test_a_link_to_confirm_that_is_no_longer_good(client):
    response = client.get(reverse("account_confirm_email", args=["abc:def:ghi"]))
    read_page(response)
    assert "<h1>This link no longer works</h1>" in response.content.decode()


def test_the_link_to_a_new_password(client):
    user = make_user()
    client.post(reverse("account_reset_password"), {"email": user.email})
    path = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    response = client.get(path, follow=True)
    read_page(response)
    assert "<h1>Choose a new password</h1>" in response.content.decode()


def test_a_link_to_a_new_password_that_is_no_longer_good(client):
    response = client.get(reverse("account_reset_password_from_key", args=["1", "set-password"]))
    read_page(response)
    assert "<h1>This link no longer works</h1>" in response.content.decode()


def test_an_address_that_waits_for_its_confirmation(member, member_client):
    member_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    response = member_client.post(
        reverse("account_email"), {"email": "other@example.com", "action_add": ""}, follow=True
    )
    read_page(response)
    content = response.content.decode()
    assert "other@example.com" in content
    assert "not confirmed yet" in content


def test_mails_are_ours_and_carry_a_link(client):
    user = make_user()
    client.post(reverse("account_reset_password"), {"email": user.email})
    client.post(reverse("account_reset_password"), {"email": "stranger@example.com"})
    known, unknown = mail.outbox
    assert known.subject == "Choose a new password"
    assert unknown.subject == "No account with this address"
    for message in (known, unknown):
        assert message.body.startswith("Hello,\n")
        assert "http://testserver/accounts/" in message.body
        assert "&amp;" not in message.body
        assert "&#x27;" not in message.body


def test_the_menu_shows_the_admin_to_staff_alone(sign_in, member):
    page = reverse("account_email")
    assert reverse("admin:index") not in sign_in(member).get(page).content.decode()
    member.user.is_staff = True
    member.user.save(update_fields=["is_staff"])
    assert reverse("admin:index") in sign_in(member).get(page).content.decode()


def test_a_page_that_is_not_there(client):
    response = client.get("/nowhere/at/all/")
    read_page(response, status=404)
    assert "<h1>We can't find that page</h1>" in response.content.decode()


def test_a_page_that_is_not_there_for_a_member(member_client):
    response = member_client.get("/nowhere/at/all/")
    read_page(response, status=404)


def test_a_form_without_its_token():
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "a@example.com"})
    read_page(response, status=403)
    assert "<h1>This form has expired</h1>" in response.content.decode()


def test_refusals_and_malformed_requests(rf):
    read_page(defaults.permission_denied(rf.get("/"), PermissionDenied("a secret reason")), status=403)
    response = defaults.bad_request(rf.get("/"), SuspiciousOperation("a secret reason"))
    read_page(response, status=400)
    assert "secret" not in response.content.decode()


def test_the_page_for_our_own_mistakes_needs_nothing(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = defaults.server_error(rf.get("/"))
    read_page(response, status=500)
    assert "<h1>Something went wrong on our side</h1>" in response.content.decode()
