"""The other ways in: an account elsewhere, and a passkey, as the browser goes them."""

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
def elsewhere(identity_provider):
    """Google and Discord with a person whom nobody here knows yet."""
    identity_provider.restore()
    number = next(_numbers)
    identity_provider.people["google"] |= {"sub": f"9{number}", "email": f"gregor{number}@example.com"}
    # Pictures come from another host, which this machine does not reach.
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


def forgive(visitor, status: int) -> None:
    """Chromium's own words for a page with this status are no complaint of ours."""
    assert visitor.complaints
    visitor.complaints[:] = [
        text for text in visitor.complaints if f"the server responded with a status of {status}" not in text
    ]


def test_a_newcomer_by_google_comes_again(visit, product, elsewhere):
    visitor = visit(PHONE)
    log_in_with(visitor.go("/accounts/login/"), "Google")
    expect(visitor.page).to_have_url(re.compile("/welcome/"))
    log_out(visitor)
    log_in_with(visitor.go("/accounts/login/?next=/hacks/"), "Google")
    expect(visitor.page).to_have_url(re.compile("/hacks/"))
    address = elsewhere.people["google"]["email"]
    assert product.query("SELECT count(*) FROM accounts_user WHERE email = %s", address) == [(1,)]


@pytest.mark.parametrize(
    "claims",
    [{"aud": "somebody else"}, {"iss": "https://accounts.evil.example"}, {"exp": 1}],
    ids=["for another site", "by another issuer", "expired"],
)
def test_a_token_that_is_not_for_us_is_refused(visit, elsewhere, claims):
    elsewhere.id_token_claims = claims
    visitor = visit()
    log_in_with(visitor.go("/accounts/login/"), "Google")
    expect(visitor.page.get_by_role("heading", name="That did not work")).to_be_visible()
    forgive(visitor, 401)


def test_turning_back_at_google(visit, elsewhere):
    visitor = visit()
    log_in_with(visitor.go("/accounts/login/"), "Google", answer="Deny")
    expect(visitor.page.get_by_role("heading", name="Nothing has changed")).to_be_visible()
    assert violations(visitor.page) == []


def test_a_way_back_that_we_never_asked_for(visit, elsewhere):
    visitor = visit()
    page = visitor.go("/accounts/google/login/callback/?code=stolen&state=forged")
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    assert violations(page) == []
    forgive(visitor, 401)


def test_a_known_address_is_connected_by_its_owner_and_disconnected_again(visit, product, elsewhere):
    elsewhere.people["discord"]["email"] = LEARNER
    visitor = visit()
    log_in_with(visitor.go("/accounts/login/"), "Discord")
    page = visitor.page
    expect(page.get_by_role("heading", name="You have an account already")).to_be_visible()
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
    expect(page.get_by_text("None is connected.")).to_be_visible()
    assert product.query(profile, LEARNER) == [("",)]


@pytest.fixture
def holder(visit, elsewhere):
    """A member with a device that makes passkeys, on the address where browsers allow that without https."""
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


def press_log_in_with_a_passkey(visitor) -> Page:
    page = visitor.page
    page.get_by_role("button", name="Log in with a passkey").click()
    return page


def test_the_life_of_a_passkey(holder):
    """One after the other, as each of them would begin with making a passkey."""
    it_is_the_second_step_after_google(holder)
    log_out(holder)
    removed_from_its_device_it_is_said_to_be_missing(holder)
    it_logs_in_alone(holder)
    whoever_removes_it_proves_it_is_them_with_it(holder)


def it_is_the_second_step_after_google(holder):
    page = holder.go("/accounts/login/")
    log_in_with(page, "Google")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/(welcome|today)/"))


def removed_from_its_device_it_is_said_to_be_missing(holder):
    device = {"authenticatorId": holder.device_id}
    (credential,) = holder.device.send("WebAuthn.getCredentials", device)["credentials"]
    holder.device.send("WebAuthn.clearCredentials", device)
    holder.go("/accounts/login/")
    page = press_log_in_with_a_passkey(holder)
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    holder.device.send("WebAuthn.addCredential", {**device, "credential": credential})


def it_logs_in_alone(holder):
    page = holder.go("/accounts/login/")
    assert violations(page) == []
    press_log_in_with_a_passkey(holder)
    expect(page).to_have_url(re.compile("/(welcome|today)/"))
    page = holder.go("/accounts/2fa/webauthn/")
    expect(page.get_by_text("My laptop", exact=True).first).to_be_visible()
    assert violations(page) == []


def whoever_removes_it_proves_it_is_them_with_it(holder):
    page = holder.page
    page.get_by_role("link", name="Remove My laptop").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()


def test_logging_out_elsewhere(visit):
    phone, laptop = visit(PHONE), visit()
    for visitor in (phone, laptop):
        log_in(visitor, LEARNER, PASSWORD)
    page = laptop.go("/accounts/sessions/")
    expect(page.get_by_text("Chrome on Linux").first).to_be_visible()
    page.get_by_role("button", name="Log out everywhere else").click()
    expect(page.get_by_text(re.compile("^Logged out"))).to_be_visible()
    phone.go("/today/")
    expect(phone.page).to_have_url(re.compile("/accounts/login/"))
