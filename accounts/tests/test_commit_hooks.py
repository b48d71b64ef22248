"""allauth does some things after the commit. Here they run after real commits, on the rights of the web's login."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.urls import reverse

from accounts.tests.factories import PASSWORD, make_member
from accounts.tests.totp import totp

pytestmark = pytest.mark.django_db(transaction=True)

ACTIVATE = reverse("mfa_activate_totp")
CODES = reverse("mfa_view_recovery_codes")


@pytest.fixture
def web_rights(monkeypatch):
    """Give the connection no rights of its own, like the web's: the login of the tests could do everything."""
    connection.close()
    options = {**connection.settings_dict["OPTIONS"], "options": "-c role=nrghax_anon"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    yield
    connection.close()


@pytest.fixture
def client_of_member(web_rights, client):
    member = make_member()
    client.post(reverse("account_login"), {"login": member.user.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    mail.outbox.clear()
    return client


def activate(client):
    page = client.get(ACTIVATE)
    secret = re.search(r'<code class="secret">(\w+)</code>', page.content.decode())[1]
    return client.post(ACTIVATE, {"code": totp(secret)}, follow=True)


def types() -> set[str]:
    from database.identity import Role, database_identity

    with database_identity(Role.AUTH):
        return set(Authenticator.objects.values_list("type", flat=True))


def test_authenticator_app_is_activated_and_recovery_codes_are_shown(client_of_member):
    page = activate(client_of_member)

    assert page.status_code == 200
    assert page.redirect_chain == [(CODES, 302)]
    codes = re.findall(r"<code>(\d+)</code>", page.content.decode())
    assert len(codes) == 10
    assert "Authenticator app turned on." in page.content.decode()
    assert types() == {"totp", "recovery_codes"}
    assert any("uthenticator app" in message.subject + message.body for message in mail.outbox)


def test_new_recovery_codes_are_made_and_shown(client_of_member):
    first = set(re.findall(r"<code>(\d+)</code>", activate(client_of_member).content.decode()))
    mail.outbox.clear()

    page = client_of_member.post(reverse("mfa_generate_recovery_codes"), follow=True)

    assert page.status_code == 200
    second = set(re.findall(r"<code>(\d+)</code>", page.content.decode()))
    assert len(second) == 10
    assert not first & second
    assert len(mail.outbox) == 1


def test_authenticator_app_is_deactivated(client_of_member):
    activate(client_of_member)
    mail.outbox.clear()

    page = client_of_member.post(reverse("mfa_deactivate_totp"), follow=True)

    assert page.status_code == 200
    assert types() == set()
    assert len(mail.outbox) >= 1
