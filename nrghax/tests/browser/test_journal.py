"""The journal in a browser: filters and edits in place, by keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from nrghax.tests.browser.conftest import DESKTOP, PHONE, Visitor, sign_in

pytestmark = pytest.mark.browser

LEARNER = ("learner@example.com", "breathe-in-slowly")


def log_practice(visitor: Visitor, note: str) -> None:
    page = visitor.go("/practice/log/?hack=energy-ball")
    page.get_by_label(re.compile("^Note")).fill(note)
    page.locator("main form").get_by_role("button", name="Log").click()
    expect(page).not_to_have_url(re.compile("/log/"))


def entry(page: Page, note: str):
    return page.get_by_role("listitem").filter(has_text=note)


def test_search_and_filters_update_entries_in_place_and_change_url(visit):
    visitor = visit(DESKTOP)
    sign_in(visitor, *LEARNER)
    log_practice(visitor, "A needle in the hay.")
    log_practice(visitor, "Nothing but hay.")
    page = visitor.go("/journal/")
    page.get_by_label("Search your notes").press_sequentially("needle")
    expect(entry(page, "Nothing but hay.")).to_have_count(0)
    expect(entry(page, "A needle in the hay.").locator("mark")).to_have_text("needle")
    expect(page).to_have_url(re.compile(r"/journal/\?q=needle$"))
    page.reload()
    expect(entry(page, "A needle in the hay.")).to_have_count(1)
    page.get_by_text("Check-ins", exact=True).click()
    expect(page.get_by_role("heading", name="No matches")).to_be_visible()
    page.get_by_role("link", name="Clear filters").first.click()
    page.get_by_text("More filters").click()
    page.get_by_label("Hack", exact=True).select_option("Energy Ball")
    expect(page.get_by_role("heading", name="What changed with Energy Ball")).to_be_visible()


def test_entry_is_edited_in_place_by_keyboard(visit):
    visitor = visit(PHONE)
    sign_in(visitor, *LEARNER)
    log_practice(visitor, "Written in haste.")
    page = visitor.go("/journal/")
    edit = entry(page, "Written in haste.").get_by_role("link", name=re.compile("^Edit"))
    edit.focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name=re.compile("^Energy Ball, Today"))
    expect(heading).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    note = page.locator("main li textarea")
    note.fill("Written at leisure.")
    page.get_by_role("button", name="Save").press("Enter")
    changed = entry(page, "Written at leisure.")
    expect(changed.get_by_role("link", name=re.compile("^Edit"))).to_be_focused()
    expect(changed.locator(".badge")).to_have_count(1)
    expect(page.locator("#messages")).to_contain_text("Practice updated.")
    expect(page).to_have_url(re.compile("/journal/$"))
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Cancel").click()
    expect(changed).to_be_visible()
    expect(page.locator("main textarea")).to_have_count(0)


def test_month_changes_in_place_and_days_link_to_their_entries(visit):
    visitor = visit(DESKTOP)
    sign_in(visitor, *LEARNER)
    log_practice(visitor, "Practised today.")
    page = visitor.go("/journal/month/")
    name = page.locator("#month-name").inner_text()
    page.get_by_role("link", name="Previous month").click()
    expect(page.locator("#month-name")).not_to_have_text(name)
    expect(page.locator("#month-name")).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?month=\d{4}-\d\d$"))
    page.get_by_role("link", name="This month").click()
    expect(page.locator("#month-name")).to_have_text(name)
    page.get_by_role("link", name=re.compile("^Today, ")).focus()
    page.keyboard.press("Enter")
    expect(entry(page, "Practised today.").first).to_be_visible()


def test_journal_works_without_javascript(visit):
    visitor = visit(PHONE, java_script_enabled=False)
    sign_in(visitor, *LEARNER)
    log_practice(visitor, "By hand alone.")
    page = visitor.go("/journal/")
    page.get_by_label("Search your notes").fill("alone")
    page.get_by_role("button", name="Apply filters").click()
    expect(page).to_have_url(re.compile("q=alone"))
    entry(page, "By hand alone.").get_by_role("link", name=re.compile("^Edit")).click()
    page.get_by_label(re.compile("^Note")).fill("By hand, together.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Practice updated.")
    expect(entry(page, "By hand, together.")).to_have_count(1)
    visitor.go("/journal/numbers/")
    page.get_by_text("Show the numbers").first.click()
    expect(page.get_by_role("table", name="Minutes a week")).to_be_visible()
