"""A new member's first day: sign up, onboarding, a first hack, practice, feedback and check-in."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from nrghax.tests.browser.conftest import DESKTOP, PHONE, Product, Visitor, new_address, sign_in, wait_for

pytestmark = pytest.mark.browser

PASSWORD = "a calm breath of air"


def sign_up(visitor: Visitor, product: Product) -> str:
    """Sign up from the landing page, up to the start of onboarding. Return the email address."""
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


def complete_onboarding(page: Page, username: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Display name").fill("Robin")
    page.get_by_role("radio", name=re.compile("Energy awareness")).check()
    page.get_by_role("button", name="Show me my first hack").click()


def give_feedback(page: Page) -> None:
    page.get_by_text("Good", exact=True).click()
    page.get_by_label(re.compile("^Note")).fill("Warm hands.")
    page.get_by_role("button", name=re.compile("^Save and")).click()


def check_in(page: Page) -> None:
    page.get_by_role("group", name=re.compile("^How do you feel\\?")).get_by_text("4", exact=True).click()
    page.get_by_role("group", name=re.compile("after practising")).get_by_text("7", exact=True).click()
    page.locator("main form").get_by_role("button", name="Check in").click()
    expect(page).to_have_url(re.compile("/today/"))


def member_row(product: Product, username: str, sql: str) -> tuple:
    return product.query(f"SELECT {sql} WHERE user_id = (SELECT id FROM users WHERE username = %s)", username)[0]


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_new_member_practises_and_checks_in(visit, product, device):
    visitor = visit(device, timezone_id="America/New_York")
    page = visitor.page
    username = sign_up(visitor, product).partition("@")[0]
    expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    complete_onboarding(page, username)

    expect(page).to_have_url(re.compile("/hacks/energy-ball/"))
    page.get_by_role("link", name="Practise now").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^0[45]:\d\d$"))

    page.reload()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^0[45]:\d\d$"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Finish").click()

    give_feedback(page)
    expect(page).to_have_url(re.compile("/checkin/"))
    check_in(page)
    expect(page.locator("main")).to_contain_text(re.compile(r"1\s+day in a row"))

    sessions = "count(*), min(feedback_score), min(notes), min(timezone) FROM practice_sessions"
    assert member_row(product, username, sessions) == (1, 1, "Warm hands.", "America/New_York")
    assert member_row(product, username, "min(streak_count), min(mood_after) FROM daily_checkins") == (1, 7)
    assert member_row(product, username, "total_practice_count, days_active FROM user_hack_progress") == (1, 1)
    # The worker processes all activities.
    wait_for(lambda: member_row(product, username, "bool_and(processed_at IS NOT NULL) FROM user_activity_logs")[0])


def test_practice_unlocks_next_hack(visit, product):
    visitor = visit(PHONE)
    page = visitor.page
    username = sign_up(visitor, product).partition("@")[0]
    page.get_by_label("Time zone").select_option("UTC")
    complete_onboarding(page, username)
    for days_ago in (0, 1, 2):
        visitor.go("/practice/log/?hack=energy-ball")
        started = datetime.now(UTC) - timedelta(days=days_ago, minutes=30)
        page.get_by_label("Day").fill(f"{started:%Y-%m-%d}")
        page.get_by_label("Started at").fill(f"{started:%H:%M}")
        page.locator("main form").get_by_role("button", name=re.compile("Log|Save")).click()
        expect(page).not_to_have_url(re.compile("/log/"))
    unlocked = "count(*) FILTER (WHERE type = 'hack_unlocked') FROM notifications"
    wait_for(lambda: member_row(product, username, unlocked)[0] >= 1)
    visitor.go("/notifications/")
    expect(page.locator("main")).to_contain_text("You've unlocked")
    visitor.go("/hacks/palm-to-palm/")
    expect(page.get_by_role("link", name="Practise now")).to_be_visible()


def test_new_member_practises_and_checks_in_without_javascript(visit, product):
    visitor = visit(PHONE, java_script_enabled=False)
    page = visitor.page
    username = sign_up(visitor, product).partition("@")[0]
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    complete_onboarding(page, username)
    visitor.go("/hacks/?category=relaxation&difficulty=1")
    expect(page.get_by_role("link", name="Eye Massage")).to_be_visible()
    expect(page.get_by_role("link", name="Energy Ball")).to_have_count(0)
    visitor.go("/practice/eye-massage/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("main")).to_contain_text("Started at")
    page.get_by_role("button", name="Finish").click()
    give_feedback(page)
    check_in(page)
    assert member_row(product, username, "count(ended_at) FROM practice_sessions") == (1,)
    assert member_row(product, username, "min(timezone) FROM daily_checkins") == ("Europe/Berlin",)


def test_change_by_staff_shows_on_hack_page(visit, product):
    staff, learner = visit(DESKTOP), visit(PHONE)
    sign_in(staff, "staff@example.com", "curate-with-care")
    page = staff.go("/admin/hacks/hack/")
    page.get_by_role("link", name="Long Exhale").click()
    page.get_by_label("Short description").fill("Breathe out slowly, as staff say.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("was changed successfully"))).to_be_visible()
    expect(learner.go("/hacks/long-exhale/").locator("main")).to_contain_text("as staff say")
