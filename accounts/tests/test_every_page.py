"""Every address of allauth's: none shows a page of its own look, whoever asks."""

import pytest
from allauth import urls
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.urls import reverse

from accounts.tests.factories import PASSWORD
from accounts.tests.markup import read_page

pytestmark = pytest.mark.django_db

PASSKEY = ("mfa_edit_webauthn", "mfa_remove_webauthn")
# What an address needs; the others need nothing.
ARGUMENTS = {
    "account_confirm_email": {"key": "abc:def:ghi"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
}
# These send people on or answer with data.
WITHOUT_PAGE = {
    "account_confirm_login_code",
    "mfa_download_recovery_codes",
    "mfa_login_webauthn",
    # A page for those who are in the middle of it; test_second_step.py and the browser's tests are.
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_view_recovery_codes",
    "socialaccount_signup",
    # test_pages_render.py has a member without a password.
    "account_set_password",
}


def names(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


NAMES = set(names(urls.urlpatterns))


@pytest.fixture
def keys(settings):
    app = {"client_id": "nrghax", "secret": "between us"}
    providers = settings.SOCIALACCOUNT_PROVIDERS
    settings.SOCIALACCOUNT_PROVIDERS = {name: {**providers[name], "APP": app} for name in providers}


def pages_of(client, addresses, **arguments):
    """The names that answered with a page; each of them was held against what our pages keep to."""
    seen = set()
    for name in sorted(addresses):
        response = client.get(reverse(name, kwargs=ARGUMENTS.get(name, arguments)))
        if response.status_code < 300 or response.status_code >= 400:
            if not response.headers["Content-Type"].startswith("text/html"):
                continue
            page = read_page(response, status=response.status_code)
            assert page.tags["header"] == page.tags["footer"] == 1, name
            seen.add(name)
    return seen


def test_no_page_of_allauth_is_left_in_its_own_look(client, keys, sign_in, member):
    SocialAccount.objects.create(user=member.user, provider="google", uid="1", extra_data={"name": "Somebody"})
    seen = pages_of(client, NAMES - set(PASSKEY))
    sign_in(member).post(reverse("account_reauthenticate"), {"password": PASSWORD})
    seen |= pages_of(client, NAMES - set(PASSKEY))
    passkey = Authenticator.objects.create(user=member.user, type="webauthn", data={"name": "Key"})
    seen |= pages_of(client, PASSKEY, pk=passkey.pk)
    assert seen >= NAMES - WITHOUT_PAGE
