"""The second step: an authenticator app, recovery codes, and what staff need. Passkeys are in the browser's tests."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import PASSWORD, is_logged_in
from accounts.tests.markup import read_page
from accounts.tests.totp import totp
from database.identity import Role, database_identity

pytestmark = pytest.mark.django_db

LOGIN = reverse("account_login")
ACTIVATE = reverse("mfa_activate_totp")
AUTHENTICATE = reverse("mfa_authenticate")
CODES = reverse("mfa_view_recovery_codes")
REAUTHENTICATE = reverse("account_reauthenticate")
ADMIN = reverse("admin:index")


def log_in(client, member):
    return client.post(LOGIN, {"login": member.user.email, "password": PASSWORD})


def set_up_app(client):
    """Go through the pages; returns the key that the app has."""
    client.post(REAUTHENTICATE, {"password": PASSWORD})
    page = client.get(ACTIVATE)
    read_page(page)
    key = re.search(r'<code class="secret">(\w+)</code>', page.content.decode())[1]
    response = client.post(ACTIVATE, {"code": totp(key)})
    assert response["Location"] == CODES
    return key


@pytest.fixture
def key(member_client):
    return set_up_app(member_client)


def codes_of(client):
    page = client.get(CODES)
    read_page(page)
    return re.findall(r"<code>(\d+)</code>", page.content.decode())


def test_setting_up_asks_for_the_password_first(member_client):
    assert member_client.get(ACTIVATE)["Location"].startswith(REAUTHENTICATE)


def test_a_wrong_code_sets_nothing_up(member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    member_client.get(ACTIVATE)
    response = member_client.post(ACTIVATE, {"code": "000000"})
    assert "This code is not right" in response.content.decode()
    assert not Authenticator.objects.exists()


def test_the_picture_is_in_the_page(member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    assert 'src="data:image/svg+xml;base64,' in member_client.get(ACTIVATE).content.decode()


def test_a_password_alone_no_longer_logs_in(member, key):
    client = Client()
    assert log_in(client, member)["Location"] == AUTHENTICATE
    page = client.get(AUTHENTICATE)
    read_page(page)
    assert not is_logged_in(client)
    assert client.post(AUTHENTICATE, {"code": "000000"}).status_code == 200
    assert not is_logged_in(client)
    client.post(AUTHENTICATE, {"code": totp(key, steps=1)})
    assert is_logged_in(client)


def test_a_code_works_once(member, key):
    client, spy = Client(), Client()
    code = totp(key, steps=1)
    for browser in (client, spy):
        log_in(browser, member)
        browser.post(AUTHENTICATE, {"code": code})
    assert is_logged_in(client)
    assert not is_logged_in(spy)


def test_codes_are_not_guessed(member, key):
    client = Client()
    log_in(client, member)
    for _ in range(10):
        client.post(AUTHENTICATE, {"code": "000000"})
    client.post(AUTHENTICATE, {"code": totp(key, steps=1)})
    assert not is_logged_in(client)


def test_a_recovery_code_stands_in_once(member, member_client, key):
    codes = codes_of(member_client)
    assert len(set(codes)) == 10
    client, again = Client(), Client()
    for browser in (client, again):
        log_in(browser, member)
        browser.post(AUTHENTICATE, {"code": codes[0]})
    assert is_logged_in(client)
    assert not is_logged_in(again)
    assert len(codes_of(member_client)) == 9


def test_new_recovery_codes_replace_the_old(member_client, key):
    old = codes_of(member_client)
    page = member_client.get(reverse("mfa_generate_recovery_codes"))
    read_page(page)
    member_client.post(reverse("mfa_generate_recovery_codes"))
    assert set(codes_of(member_client)).isdisjoint(old)


def test_recovery_codes_need_a_second_step_first(member, member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    address = reverse("mfa_generate_recovery_codes")
    page = member_client.get(address)
    read_page(page)
    content = page.content.decode()
    assert f'href="{reverse("mfa_index")}">Set up a second step</a>' in content
    assert "Make new ones" not in content
    set_up_app(member_client)
    assert "Make new ones" in member_client.get(address).content.decode()


def test_recovery_codes_as_a_file(member_client, key):
    response = member_client.get(reverse("mfa_download_recovery_codes"))
    assert response["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert response.content.decode().split() == codes_of(member_client)


def test_secrets_are_sealed_in_the_database(member_client, key, settings):
    data = Authenticator.objects.get(type=Authenticator.Type.TOTP).data
    assert key not in str(data)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    authenticator = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert authenticator.wrap().validate_code(totp(key, steps=1))


def test_switching_off(member_client, member, key):
    page = member_client.get(reverse("mfa_deactivate_totp"))
    read_page(page)
    member_client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "A second step was switched off"
    client = Client()
    log_in(client, member)
    assert is_logged_in(client)


def test_an_address_that_waits_blocks_the_second_step(member, member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    EmailAddress.objects.create(user=member.user, email="new@example.com")
    response = member_client.get(ACTIVATE, follow=True)
    assert "Confirm your new e-mail address first" in response.content.decode()


@pytest.fixture
def second_step_is_needed(settings):
    settings.STAFF_NEED_MFA = True


@pytest.mark.usefixtures("second_step_is_needed")
def test_staff_without_a_second_step_are_led_to_set_one_up(staff, sign_in):
    client = sign_in(staff)
    response = client.get(ADMIN, follow=True)
    assert response.redirect_chain == [(reverse("mfa_index"), 302)]
    assert "You need a second step to use the admin" in response.content.decode()
    assert client.post(reverse("admin:accounts_user_add"), {}).status_code == 302


@pytest.mark.usefixtures("second_step_is_needed")
def test_staff_with_an_app_type_a_code_before_the_admin_opens(staff, sign_in):
    client = sign_in(staff)
    key = set_up_app(client)
    response = client.get(ADMIN)
    assert response["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fadmin%2F"
    read_page(client.get(response["Location"]))
    response = client.post(response["Location"], {"code": totp(key, steps=1)})
    assert response["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


@pytest.mark.usefixtures("second_step_is_needed")
def test_a_password_typed_again_does_not_open_the_admin(staff, sign_in):
    client = sign_in(staff)
    set_up_app(client)
    client.post(REAUTHENTICATE, {"password": PASSWORD})
    assert client.get(ADMIN).status_code == 302


@pytest.mark.usefixtures("second_step_is_needed")
def test_staff_who_logged_in_with_a_code_enter_at_once(staff, sign_in):
    key = set_up_app(sign_in(staff))
    client = Client()
    log_in(client, staff)
    client.post(AUTHENTICATE, {"code": totp(key, steps=1)})
    assert client.get(ADMIN).status_code == 200


@pytest.mark.usefixtures("second_step_is_needed")
def test_staff_with_a_passkey_alone_are_asked_for_it(staff, sign_in):
    with database_identity(Role.WORKER):
        Authenticator.objects.create(user=staff.user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    response = sign_in(staff).get(ADMIN)
    assert response["Location"].startswith(reverse("mfa_reauthenticate_webauthn"))


def test_the_admins_own_login_is_ours(client):
    response = client.get(reverse("admin:login"))
    assert response["Location"].startswith(LOGIN)
    assert client.get(ADMIN, follow=True).redirect_chain[-1][0].startswith(LOGIN)


def test_without_the_setting_a_password_is_enough(staff, sign_in, settings):
    settings.STAFF_NEED_MFA = False
    assert sign_in(staff).get(ADMIN).status_code == 200
