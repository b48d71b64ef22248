"""The settings on a phone, and the public profile as a visitor sees it."""

import pytest
from playwright.sync_api import expect

from nrghax.tests.browser.conftest import PHONE, sign_in

pytestmark = pytest.mark.browser


def test_member_edits_profile_and_makes_it_public(visit):
    member, stranger = visit(PHONE), visit(PHONE)
    sign_in(member, "learner@example.com", "breathe-in-slowly")
    page = member.page
    page.locator("summary", has_text="Your account").click()
    page.get_by_role("link", name="Settings").click()
    page.locator("main").get_by_role("link", name="Profile", exact=True).click()

    page.get_by_label("Username").fill("staff")
    expect(page.locator("#username-status")).to_have_text("This username is reserved. Choose another.")
    page.get_by_label("Username").fill("demo_learner")
    expect(page.locator("#username-status")).to_have_text("demo_learner is available")
    page.get_by_label("About you").fill("Tea and long walks.")
    page.get_by_role("radio", name="Protection").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Profile saved.")).to_be_visible()

    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Privacy").click()
    page.get_by_label("Let everyone see my profile").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Privacy settings saved.")).to_be_visible()
    page.locator("main").get_by_role("link", name="See your profile").click()
    expect(page.get_by_text("This is how others see your profile.")).to_be_visible()

    shown = stranger.go("/@Demo_Learner")
    expect(shown).to_have_url(f"{stranger.url}/@demo_learner/")
    expect(shown.get_by_text("Tea and long walks.")).to_be_visible()
    assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    page.goto(f"{member.url}/settings/privacy/")
    page.get_by_label("Let everyone see my profile").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Privacy settings saved.")).to_be_visible()
    with shown.expect_response("**/@demo_learner/") as response:
        shown.reload()
    assert response.value.status == 404
    # Chromium logs the 404 as an error.
    stranger.errors.clear()
