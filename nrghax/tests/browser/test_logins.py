"""Login in a browser with Google, Discord and passkeys."""

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from nrghax.tests.browser.conftest import PHONE, log_in
from nrghax.tests.browser.test_accessibility import violations

pytestmark = pytest.mark.browser

LEARNER, PASSWORD = "learner@example.com", "breathe-in-slowly"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
_numbers = count(1)


@pytest.fixture
def provider(identity_provider):
    """Google and Discord, with a person who has no account here yet."""
    identity_provider.restore()
    number = next(_numbers)
    identity_provider.people["google"] |= {"sub": f"9{number}", "email": f"gregor{number}@example.com"}
    # Discord's pictures come from another host, which the tests can't reach.
    discord = {"id": f"8{number}", "email": f"nelly{number}@example.com", "avatar": None}
    identity_provider.people["discord"] |= discord
    return identity_provider


def log_in_with(page: Page, provider: str, answer: str = "Allow") -> None:
    page.get_by_role("button", name=f"Log in with {provider}").click()
    page.get_by_role("button", name=answer).click()


def log_out(visitor) -> None:
    page = visitor.go("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page).to_have_url(visitor.url + "/")


def ignore_status_errors(visitor, status: int) -> None:
    """Drop the console errors that Chromium logs for a page with this status. At least one error must exist."""
    assert visitor.errors
    visitor.errors[:] = [
        text for text in visitor.errors if f"the server responded with a status of {status}" not in text
    ]


def test_member_who_signed_up_with_google_logs_in_again(visit, product, provider):
    visitor = visit(PHONE)
    log_in_with(visitor.go("/accounts/login/"), "Google")
    expect(visitor.page).to_have_url(re.compile("/welcome/"))
    log_out(visitor)
    log_in_with(visitor.go("/accounts/login/?next=/hacks/"), "Google")
    expect(visitor.page).to_have_url(re.compile("/hacks/"))
    address = provider.people["google"]["email"]
    assert product.query("SELECT count(*) FROM accounts_user WHERE email = %s", address) == [(1,)]


@pytest.mark.parametrize(
    "claims",
    [{"aud": "another site"}, {"iss": "https://accounts.evil.example"}, {"exp": 1}],
    ids=["for another site", "by another issuer", "expired"],
)
def test_invalid_id_token_is_refused(visit, provider, claims):
    provider.id_token_claims = claims
    visitor = visit()
    log_in_with(visitor.go("/accounts/login/"), "Google")
    expect(visitor.page.get_by_role("heading", name="That didn't work")).to_be_visible()
    ignore_status_errors(visitor, 401)


def test_login_is_cancelled_at_google(visit, provider):
    visitor = visit()
    log_in_with(visitor.go("/accounts/login/"), "Google", answer="Deny")
    expect(visitor.page.get_by_role("heading", name="Nothing has changed")).to_be_visible()
    assert violations(visitor.page) == []


def test_forged_callback_is_refused(visit, provider):
    visitor = visit()
    page = visitor.go("/accounts/google/login/callback/?code=stolen&state=forged")
    expect(page.get_by_role("heading", name="That didn't work")).to_be_visible()
    assert violations(page) == []
    ignore_status_errors(visitor, 401)


def test_owner_of_known_address_connects_and_disconnects_discord(visit, product, provider):
    provider.people["discord"]["email"] = LEARNER
    visitor = visit()
    log_in_with(visitor.go("/accounts/login/"), "Discord")
    page = visitor.page
    expect(page.get_by_role("heading", name="You already have an account")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Log in", exact=True).last.click()
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(LEARNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("button", name="Connect Discord").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Connected.", exact=True)).to_be_visible()
    assert violations(page) == []
    profile = (
        "SELECT discord_username FROM user_profiles WHERE user_id = (SELECT id FROM accounts_user WHERE email = %s)"
    )
    assert product.query(profile, LEARNER) == [("nelly",)]
    page.get_by_role("button", name="Disconnect Discord").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("No connected accounts yet.")).to_be_visible()
    assert product.query(profile, LEARNER) == [("",)]


@pytest.fixture
def passkey_owner(visit, provider):
    """A member with a passkey, logged out. Browsers allow passkeys without https on localhost only."""
    visitor = visit()
    visitor.url = visitor.url.replace("127.0.0.1", "localhost")
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    visitor.device = session
    visitor.device_id = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    log_in_with(visitor.go("/accounts/login/"), "Google")
    expect(visitor.page).to_have_url(re.compile("/welcome/"))
    page = visitor.go("/accounts/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    assert violations(page) == []
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert violations(page) == []
    log_out(visitor)
    return visitor


def click_log_in_with_passkey(visitor) -> Page:
    page = visitor.page
    page.get_by_role("button", name="Log in with a passkey").click()
    return page


def test_passkey_from_second_step_to_removal(passkey_owner):
    """One test, because each part would have to begin with adding a passkey."""
    check_second_step_after_google(passkey_owner)
    log_out(passkey_owner)
    check_error_when_device_has_no_passkey(passkey_owner)
    check_login_with_passkey_only(passkey_owner)
    check_removal_requires_passkey(passkey_owner)


def check_second_step_after_google(passkey_owner):
    page = passkey_owner.go("/accounts/login/")
    log_in_with(page, "Google")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/(welcome|today)/"))


def check_error_when_device_has_no_passkey(passkey_owner):
    device = {"authenticatorId": passkey_owner.device_id}
    (credential,) = passkey_owner.device.send("WebAuthn.getCredentials", device)["credentials"]
    passkey_owner.device.send("WebAuthn.clearCredentials", device)
    passkey_owner.go("/accounts/login/")
    page = click_log_in_with_passkey(passkey_owner)
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    passkey_owner.device.send("WebAuthn.addCredential", {**device, "credential": credential})


def check_login_with_passkey_only(passkey_owner):
    page = passkey_owner.go("/accounts/login/")
    assert violations(page) == []
    click_log_in_with_passkey(passkey_owner)
    expect(page).to_have_url(re.compile("/(welcome|today)/"))
    page = passkey_owner.go("/accounts/2fa/webauthn/")
    expect(page.get_by_text("My laptop", exact=True).first).to_be_visible()
    assert violations(page) == []


def check_removal_requires_passkey(passkey_owner):
    page = passkey_owner.page
    page.get_by_role("link", name="Remove My laptop").click()
    expect(page.get_by_role("heading", name="Confirm it's you")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Passkey removed.")).to_be_visible()


def test_log_out_everywhere_else_ends_other_session(visit):
    phone, laptop = visit(PHONE), visit()
    for visitor in (phone, laptop):
        log_in(visitor, LEARNER, PASSWORD)
    page = laptop.go("/accounts/sessions/")
    expect(page.get_by_text("Chrome on Linux").first).to_be_visible()
    page.get_by_role("button", name="Log out everywhere else").click()
    expect(page.get_by_text(re.compile("^Logged out"))).to_be_visible()
    phone.go("/today/")
    expect(phone.page).to_have_url(re.compile("/accounts/login/"))
