"""Pages of allauth and error pages use our layout and satisfy our Content Security Policy."""

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

VISITOR_PAGES = {
    "account_login": "Welcome back",
    "account_signup": "Create your account",
    "account_inactive": "This account is closed",
    "account_email_verification_sent": "Check your email",
    "account_reset_password": "Forgot your password?",
    "account_reset_password_done": "Check your email",
    "account_reset_password_from_key_done": "Your password has been changed",
}
MEMBER_PAGES = {
    "account_logout": "Log out?",
    "account_email": "Your email address",
    "account_change_password": "Change your password",
    "account_reauthenticate": "Confirm it's you",
}


@pytest.mark.parametrize(("name", "heading"), VISITOR_PAGES.items())
def test_visitor_page_uses_our_layout(client, name, heading):
    response = client.get(reverse(name))
    page = read_page(response)
    assert f"<h1>{heading}</h1>" in response.content.decode()
    assert page.tags["header"] == 1
    assert page.tags["footer"] == 1


def test_verification_page_explains_other_browsers(client):
    text = " ".join(client.get(reverse("account_email_verification_sent")).content.decode().split())
    assert "In another browser, log in after you've confirmed." in text


@pytest.mark.parametrize(("name", "heading"), MEMBER_PAGES.items())
def test_member_page_uses_our_layout(member_client, name, heading):
    response = member_client.get(reverse(name))
    read_page(response)
    content = response.content.decode()
    assert f"<h1>{heading}</h1>" in content
    assert 'class="nav nav--member"' in content


def test_member_without_password_can_set_one(member, member_client):
    member.user.set_unusable_password()
    member.user.save(update_fields=["password"])
    client = Client()
    client.force_login(member.user)
    response = client.get(reverse("account_set_password"))
    read_page(response)
    assert "<h1>Set a password</h1>" in response.content.decode()


def test_wrong_credentials_show_error(client):
    response = client.post(reverse("account_login"), {"login": "nobody@example.com", "password": "wrong"})
    read_page(response)
    assert 'class="errorlist nonfield"' in response.content.decode()


def test_error_is_linked_to_its_field(client):
    response = client.post(reverse("account_signup"), {"email": "no address", "password1": "short"})
    page = read_page(response)
    email = next(field for field in page.fields if field["name"] == "email")
    assert email["aria-invalid"] == "true"
    assert email["aria-describedby"] == "id_email_error"
    assert page.ids["id_email_error"] == 1


def test_confirmation_link_shows_address(client):
    user = make_user(verified=False)
    address = EmailAddress.objects.get(user=user)
    url = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
    response = client.get(url)
    read_page(response)
    assert address.email in response.content.decode()


def test_invalid_confirmation_link(client):
    response = client.get(reverse("account_confirm_email", args=["abc:def:ghi"]))
    read_page(response)
    assert "<h1>This link no longer works</h1>" in response.content.decode()


def test_reset_link_shows_form(client):
    user = make_user()
    client.post(reverse("account_reset_password"), {"email": user.email})
    path = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    response = client.get(path, follow=True)
    read_page(response)
    assert "<h1>Choose a new password</h1>" in response.content.decode()


def test_invalid_reset_link(client):
    response = client.get(reverse("account_reset_password_from_key", args=["1", "set-password"]))
    read_page(response)
    assert "<h1>This link no longer works</h1>" in response.content.decode()


def test_unconfirmed_new_address_is_shown(member, member_client):
    member_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    response = member_client.post(
        reverse("account_email"), {"email": "other@example.com", "action_add": ""}, follow=True
    )
    read_page(response)
    content = response.content.decode()
    assert "other@example.com" in content
    assert "not confirmed yet" in content


def test_reset_emails_have_our_text_and_link(client):
    user = make_user()
    client.post(reverse("account_reset_password"), {"email": user.email})
    client.post(reverse("account_reset_password"), {"email": "stranger@example.com"})
    known, unknown = mail.outbox
    assert known.subject == "Choose a new password"
    assert unknown.subject == "No account with this email address"
    for message in (known, unknown):
        assert message.body.startswith("Hello,\n")
        assert "http://testserver/accounts/" in message.body
        assert "&amp;" not in message.body
        assert "&#x27;" not in message.body


def test_menu_links_admin_for_staff_only(sign_in, member):
    page = reverse("account_email")
    assert reverse("admin:index") not in sign_in(member).get(page).content.decode()
    member.user.is_staff = True
    member.user.save(update_fields=["is_staff"])
    assert reverse("admin:index") in sign_in(member).get(page).content.decode()


def test_unknown_url_for_visitor(client):
    response = client.get("/nowhere/at/all/")
    read_page(response, status=404)
    assert "<h1>We can't find that page</h1>" in response.content.decode()


def test_unknown_url_for_member(member_client):
    response = member_client.get("/nowhere/at/all/")
    read_page(response, status=404)


def test_csrf_failure_page():
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "a@example.com"})
    read_page(response, status=403)
    assert "<h1>This form has expired</h1>" in response.content.decode()


def test_forbidden_and_bad_request_pages_hide_reason(rf):
    read_page(defaults.permission_denied(rf.get("/"), PermissionDenied("a secret reason")), status=403)
    response = defaults.bad_request(rf.get("/"), SuspiciousOperation("a secret reason"))
    read_page(response, status=400)
    assert "secret" not in response.content.decode()


def test_server_error_page_runs_no_query(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = defaults.server_error(rf.get("/"))
    read_page(response, status=500)
    assert "<h1>Something went wrong on our side</h1>" in response.content.decode()
