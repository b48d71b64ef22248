"""Sign-up, from the form to the first hack, over HTTP and email."""

import re

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.models import Member, User
from accounts.tests.factories import PASSWORD, is_logged_in, make_user, sent_path
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

SIGNUP = reverse("account_signup")
SENT = reverse("account_email_verification_sent")
WELCOME = reverse("accounts:onboarding")
NEWCOMER = {"email": "Newcomer@Example.com", "password1": PASSWORD}


def test_signup_to_first_hack(client):
    gateway = HackFactory(is_gateway=True, category=HackCategoryFactory(name="energy_awareness"))

    response = client.post(SIGNUP, NEWCOMER)
    assert response.url == SENT
    assert mail.outbox[0].to == ["newcomer@example.com"]
    assert "Confirm your email address to get started." in mail.outbox[0].body
    assert not is_logged_in(client)

    link = sent_path()
    assert "Confirm email address" in client.get(link).content.decode()
    assert not EmailAddress.objects.get().verified, "a mail scanner that opens the link must not confirm it"
    assert client.post(link).url == WELCOME
    assert EmailAddress.objects.get().verified

    assert client.get(WELCOME).status_code == 200
    response = client.post(
        WELCOME,
        {
            "username": "Quiet_Newcomer",
            "display_name": "Quiet Newcomer",
            "timezone": "Europe/Berlin",
            "selected_path": "energy_awareness",
        },
        follow=True,
    )
    assert response.redirect_chain[-1][0] == gateway.get_absolute_url()
    member = Member.objects.select_related("profile").get(user__email="newcomer@example.com")
    assert (member.username, member.profile.timezone) == ("Quiet_Newcomer", "Europe/Berlin")


def test_link_in_other_browser_confirms_and_redirects_to_login(client):
    client.post(SIGNUP, NEWCOMER)
    elsewhere = Client()
    assert elsewhere.post(sent_path()).url == reverse("account_login")
    assert EmailAddress.objects.get().verified
    assert not is_logged_in(elsewhere)


def test_login_is_refused_before_confirmation(client):
    client.post(SIGNUP, NEWCOMER)
    response = Client().post(reverse("account_login"), {"login": NEWCOMER["email"], "password": PASSWORD})
    assert response.url == SENT


def test_confirmation_link_works_once(client):
    client.post(SIGNUP, NEWCOMER)
    link = sent_path()
    client.post(link)
    late = Client()
    assert "This link no longer works" in late.get(link).content.decode()
    assert late.post(link).status_code == 404


def test_expired_link_does_not_confirm(client, settings):
    client.post(SIGNUP, NEWCOMER)
    settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = -1
    assert "This link no longer works" in client.get(sent_path()).content.decode()
    assert client.post(sent_path()).status_code == 404
    assert not EmailAddress.objects.get().verified


def test_forged_link_does_not_confirm(client):
    client.post(SIGNUP, NEWCOMER)
    key = EmailConfirmationHMAC(EmailAddress.objects.get()).key
    forged = reverse("account_confirm_email", args=[key[:-1] + ("A" if key[-1] != "A" else "B")])
    assert client.post(forged).status_code == 404
    assert not EmailAddress.objects.get().verified


def test_signup_response_is_the_same_for_known_address(client):
    make_user(email="known@example.com")
    known = client.post(SIGNUP, {**NEWCOMER, "email": "KNOWN@example.com"}, follow=True)
    assert mail.outbox[-1].to == ["known@example.com"]
    assert mail.outbox[-1].subject == "You already have an NRGHAX account"
    new = Client().post(SIGNUP, {**NEWCOMER, "email": "fresh@example.com"}, follow=True)
    assert mail.outbox[-1].subject == "Welcome to NRGHAX: confirm your email address"

    def page(response, email):
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode().replace(email, "…"))

    assert known.redirect_chain == new.redirect_chain
    assert page(known, "known@example.com") == page(new, "fresh@example.com")
    assert User.objects.filter(email__iexact="known@example.com").count() == 1


def test_concurrent_signup_gets_the_same_response(client, monkeypatch):
    """The other sign-up is saved between this one's check and its insert."""
    from accounts.adapter import AccountAdapter

    def lose_address_to_other_signup(self, request):
        make_user(email="newcomer@example.com")
        return User()

    monkeypatch.setattr(AccountAdapter, "new_user", lose_address_to_other_signup)
    response = client.post(SIGNUP, NEWCOMER)
    assert response.url == SENT
    assert User.objects.filter(email="newcomer@example.com").count() == 1
    assert mail.outbox[-1].subject == "You already have an NRGHAX account"


def test_database_refuses_same_address_in_other_case():
    make_user(email="one@example.com")
    with pytest.raises(IntegrityError):
        User(email="ONE@example.com").save()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "no address"}, "Enter an email address"),
        ({"email": ""}, "Fill in this field."),
        ({"password1": ""}, "Fill in this field."),
        ({"password1": "short"}, "Use at least 10 characters."),
        ({"password1": "password1234"}, "easy to guess"),
        ({"password1": "newcomer@example.com"}, "too close to your email address"),
    ],
)
def test_bad_input_shows_error(client, fields, message):
    response = client.post(SIGNUP, {**NEWCOMER, **fields})
    assert message in str(response.context["form"].errors)
    assert 'aria-invalid="true"' in response.content.decode()
    assert not User.objects.exists()


def test_signup_cannot_create_staff(client):
    client.post(SIGNUP, {**NEWCOMER, "is_staff": "on", "is_superuser": "on"})
    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser


def test_signups_are_limited_per_ip(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "1/m/ip"}
    client.post(SIGNUP, NEWCOMER)
    response = Client().post(SIGNUP, {**NEWCOMER, "email": "second@example.com"})
    assert response.status_code == 429
    assert "wait a minute or two" in response.content.decode()
    assert User.objects.count() == 1


def test_csrf_token_is_required():
    assert Client(enforce_csrf_checks=True).post(SIGNUP, NEWCOMER).status_code == 403
    assert not User.objects.exists()


def test_other_methods_are_refused(client):
    assert client.delete(SIGNUP).status_code == 405


def test_next_is_kept_through_signup_and_confirmation(client):
    client.post(f"{SIGNUP}?next=/hacks/", NEWCOMER)
    assert client.post(sent_path()).url == "/hacks/"


def test_next_to_other_host_is_ignored(client):
    client.post(f"{SIGNUP}?next=https://elsewhere.example/", NEWCOMER)
    assert client.post(sent_path()).url == WELCOME
