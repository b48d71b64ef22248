"""All pages of allauth use our layout, for visitors and members."""

import pytest
from allauth import urls
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.urls import reverse

from accounts.tests.factories import PASSWORD
from accounts.tests.markup import read_page

pytestmark = pytest.mark.django_db

PASSKEY_URL_NAMES = ("mfa_edit_webauthn", "mfa_remove_webauthn")
# Arguments of URLs; the other URLs have none.
ARGUMENTS = {
    "account_confirm_email": {"key": "abc:def:ghi"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
}
# These redirect or return data.
NAMES_WITHOUT_PAGE = {
    "account_confirm_login_code",
    "mfa_download_recovery_codes",
    "mfa_login_webauthn",
    # These need a flow in progress; test_second_step.py and the browser tests cover them.
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_view_recovery_codes",
    "socialaccount_signup",
    # test_pages_render.py covers it for a member without a password.
    "account_set_password",
}


def url_names(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from url_names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


URL_NAMES = set(url_names(urls.urlpatterns))


@pytest.fixture
def provider_keys(settings):
    app = {"client_id": "nrghax", "secret": "between us"}
    providers = settings.SOCIALACCOUNT_PROVIDERS
    settings.SOCIALACCOUNT_PROVIDERS = {name: {**providers[name], "APP": app} for name in providers}


def names_with_page(client, names, **arguments):
    """Check the pages at these URL names. Return the names that responded with a page."""
    seen = set()
    for name in sorted(names):
        response = client.get(reverse(name, kwargs=ARGUMENTS.get(name, arguments)))
        if response.status_code < 300 or response.status_code >= 400:
            if not response.headers["Content-Type"].startswith("text/html"):
                continue
            page = read_page(response, status=response.status_code)
            assert page.tags["header"] == page.tags["footer"] == 1, name
            seen.add(name)
    return seen


def test_every_allauth_page_uses_our_layout(client, provider_keys, sign_in, member):
    SocialAccount.objects.create(user=member.user, provider="google", uid="1", extra_data={"name": "Somebody"})
    seen = names_with_page(client, URL_NAMES - set(PASSKEY_URL_NAMES))
    sign_in(member).post(reverse("account_reauthenticate"), {"password": PASSWORD})
    seen |= names_with_page(client, URL_NAMES - set(PASSKEY_URL_NAMES))
    passkey = Authenticator.objects.create(user=member.user, type="webauthn", data={"name": "Key"})
    seen |= names_with_page(client, PASSKEY_URL_NAMES, pk=passkey.pk)
    assert seen >= URL_NAMES - NAMES_WITHOUT_PAGE
