"""The second step: authenticator app, recovery codes and the admin. Passkeys are covered by the browser tests."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import PASSWORD, is_logged_in, make_member
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
    """Set up an authenticator app. Return its secret."""
    client.post(REAUTHENTICATE, {"password": PASSWORD})
    page = client.get(ACTIVATE)
    read_page(page)
    secret = re.search(r'<code class="secret">(\w+)</code>', page.content.decode())[1]
    response = client.post(ACTIVATE, {"code": totp(secret)})
    assert response["Location"] == CODES
    return secret


@pytest.fixture
def secret(member_client):
    return set_up_app(member_client)


def codes_of(client):
    page = client.get(CODES)
    read_page(page)
    return re.findall(r"<code>(\d+)</code>", page.content.decode())


def test_setup_requires_password(member_client):
    assert member_client.get(ACTIVATE)["Location"].startswith(REAUTHENTICATE)


def test_wrong_code_is_refused_at_setup(member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    member_client.get(ACTIVATE)
    response = member_client.post(ACTIVATE, {"code": "000000"})
    assert "That code isn&#x27;t right, or has expired. Try again." in response.content.decode()
    assert not Authenticator.objects.exists()


def test_setup_page_shows_qr_code(member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    assert 'src="data:image/svg+xml;base64,' in member_client.get(ACTIVATE).content.decode()


def test_wrong_codes_do_not_shut_out_others_at_the_address(sign_in, member, secret):
    for _ in range(3):
        other = make_member()
        set_up_app(sign_in(other))
        client = Client()
        log_in(client, other)
        for _ in range(5):
            client.post(AUTHENTICATE, {"code": "000000"})

    client = Client()
    log_in(client, member)
    client.post(AUTHENTICATE, {"code": totp(secret, steps=1)})
    assert is_logged_in(client)


def test_login_requires_code_after_setup(member, secret):
    client = Client()
    assert log_in(client, member)["Location"] == AUTHENTICATE
    page = client.get(AUTHENTICATE)
    read_page(page)
    assert not is_logged_in(client)
    assert client.post(AUTHENTICATE, {"code": "000000"}).status_code == 200
    assert not is_logged_in(client)
    client.post(AUTHENTICATE, {"code": totp(secret, steps=1)})
    assert is_logged_in(client)


def test_code_works_once(member, secret):
    client, other_client = Client(), Client()
    code = totp(secret, steps=1)
    for browser in (client, other_client):
        log_in(browser, member)
        browser.post(AUTHENTICATE, {"code": code})
    assert is_logged_in(client)
    assert not is_logged_in(other_client)


def test_code_attempts_are_limited(member, secret):
    client = Client()
    log_in(client, member)
    for _ in range(10):
        client.post(AUTHENTICATE, {"code": "000000"})
    client.post(AUTHENTICATE, {"code": totp(secret, steps=1)})
    assert not is_logged_in(client)


def test_recovery_code_works_once(member, member_client, secret):
    codes = codes_of(member_client)
    assert len(set(codes)) == 10
    client, again = Client(), Client()
    for browser in (client, again):
        log_in(browser, member)
        browser.post(AUTHENTICATE, {"code": codes[0]})
    assert is_logged_in(client)
    assert not is_logged_in(again)
    assert len(codes_of(member_client)) == 9


def test_new_recovery_codes_replace_old_ones(member_client, secret):
    old = codes_of(member_client)
    page = member_client.get(reverse("mfa_generate_recovery_codes"))
    read_page(page)
    member_client.post(reverse("mfa_generate_recovery_codes"))
    assert set(codes_of(member_client)).isdisjoint(old)


def test_recovery_codes_require_second_step(member, member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    address = reverse("mfa_generate_recovery_codes")
    page = member_client.get(address)
    read_page(page)
    content = page.content.decode()
    assert f'href="{reverse("mfa_index")}">Set up a second step</a>' in content
    assert "Create new codes" not in content
    set_up_app(member_client)
    assert "Create new codes" in member_client.get(address).content.decode()


def test_recovery_codes_can_be_downloaded(member_client, secret):
    response = member_client.get(reverse("mfa_download_recovery_codes"))
    assert response["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert response.content.decode().split() == codes_of(member_client)


def test_secret_is_encrypted_in_database(member_client, secret, settings):
    data = Authenticator.objects.get(type=Authenticator.Type.TOTP).data
    assert secret not in str(data)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    authenticator = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert authenticator.wrap().validate_code(totp(secret, steps=1))


def test_app_can_be_turned_off(member_client, member, secret):
    page = member_client.get(reverse("mfa_deactivate_totp"))
    read_page(page)
    member_client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "Authenticator app turned off"
    client = Client()
    log_in(client, member)
    assert is_logged_in(client)


def test_unconfirmed_address_blocks_setup(member, member_client):
    member_client.post(REAUTHENTICATE, {"password": PASSWORD})
    EmailAddress.objects.create(user=member.user, email="new@example.com")
    response = member_client.get(ACTIVATE, follow=True)
    assert "Confirm your new email address first" in response.content.decode()


@pytest.fixture
def staff_need_second_step(settings):
    settings.STAFF_NEED_MFA = True


@pytest.mark.usefixtures("staff_need_second_step")
def test_staff_without_second_step_are_redirected_to_setup(staff, sign_in):
    client = sign_in(staff)
    response = client.get(ADMIN, follow=True)
    assert response.redirect_chain == [(reverse("mfa_index"), 302)]
    assert "You need a second step to use the admin" in response.content.decode()
    assert client.post(reverse("admin:accounts_user_add"), {}).status_code == 302


@pytest.mark.usefixtures("staff_need_second_step")
def test_staff_with_app_enter_code_before_admin(staff, sign_in):
    client = sign_in(staff)
    secret = set_up_app(client)
    response = client.get(ADMIN)
    assert response["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fadmin%2F"
    read_page(client.get(response["Location"]))
    response = client.post(response["Location"], {"code": totp(secret, steps=1)})
    assert response["Location"] == ADMIN
    assert client.get(ADMIN).status_code == 200


@pytest.mark.usefixtures("staff_need_second_step")
def test_password_does_not_replace_code_for_admin(staff, sign_in):
    client = sign_in(staff)
    set_up_app(client)
    client.post(REAUTHENTICATE, {"password": PASSWORD})
    assert client.get(ADMIN).status_code == 302


@pytest.mark.usefixtures("staff_need_second_step")
def test_staff_logged_in_with_code_open_admin(staff, sign_in):
    secret = set_up_app(sign_in(staff))
    client = Client()
    log_in(client, staff)
    client.post(AUTHENTICATE, {"code": totp(secret, steps=1)})
    assert client.get(ADMIN).status_code == 200


@pytest.mark.usefixtures("staff_need_second_step")
def test_staff_with_passkey_only_are_asked_for_it(staff, sign_in):
    with database_identity(Role.WORKER):
        Authenticator.objects.create(user=staff.user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    response = sign_in(staff).get(ADMIN)
    assert response["Location"].startswith(reverse("mfa_reauthenticate_webauthn"))


def test_admin_login_redirects_to_our_login(client):
    response = client.get(reverse("admin:login"))
    assert response["Location"].startswith(LOGIN)
    assert client.get(ADMIN, follow=True).redirect_chain[-1][0].startswith(LOGIN)


def test_password_is_enough_for_admin_without_setting(staff, sign_in, settings):
    settings.STAFF_NEED_MFA = False
    assert sign_in(staff).get(ADMIN).status_code == 200
