"""The main job as a newcomer meets it: sign up, be welcomed, pick a hack, practise, give feedback, check in."""

import re

import pytest
from playwright.sync_api import Page, expect

from nrghax.tests.browser.conftest import DESKTOP, PHONE, Product, Visitor, new_address

pytestmark = pytest.mark.browser

PASSWORD = "a calm breath of air"


def sign_up(visitor: Visitor, product: Product) -> str:
    """From the landing page to the welcome; returns the address."""
    address = new_address()
    page = visitor.go("/")
    page.locator("main").get_by_role("link", name=re.compile("start|sign up|account", re.IGNORECASE)).first.click()
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form").get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("confirm-email"))
    page.goto(product.link_in_mail_to(address))
    page.get_by_role("button", name=re.compile("confirm", re.IGNORECASE)).click()
    expect(page).to_have_url(re.compile("/welcome/"))
    return address


def be_welcomed(page: Page, username: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Display name").fill("Robin")
    page.get_by_role("radio", name=re.compile("Energy awareness")).check()
    page.get_by_role("button", name="Show me my first hack").click()


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_newcomer_practises_and_checks_in(visit, product, device):
    visitor = visit(device, timezone_id="America/New_York")
    page = visitor.page
    address = sign_up(visitor, product)
    expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    be_welcomed(page, address.partition("@")[0])
    expect(page).to_have_url(re.compile("/hacks/"))
