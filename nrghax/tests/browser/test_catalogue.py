"""The catalogue and a hack's page in a browser: filters, the favourite, and the video that loads on demand."""

import re

import pytest
from playwright.sync_api import expect

from nrghax.tests.browser.conftest import DESKTOP, PHONE, sign_in

pytestmark = pytest.mark.browser

LEARNER = ("learner@example.com", "breathe-in-slowly")
STAFF = ("staff@example.com", "curate-with-care")


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_filters_update_results_in_place_and_change_url(visit, device):
    page = visit(device).go("/hacks/")
    page.evaluate("window.isSamePage = true")
    search = page.get_by_role("searchbox", name="Search hacks")
    search.press_sequentially("engery bal")
    expect(page.get_by_role("heading", name="1 hack found")).to_be_visible()
    expect(page.get_by_role("link", name="Energy Ball")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/hacks/\?q=engery\+bal$"))
    expect(page.locator("#announcer")).to_have_text("1 hack found")
    expect(search).to_be_focused()
    search.fill("")
    page.locator("label", has_text="Relaxation").first.click()
    page.get_by_text("More filters and sorting").click()
    page.get_by_label("Length").select_option("5")
    expect(page).to_have_url(re.compile(r"/hacks/\?category=relaxation&length=5$"))
    expect(page.get_by_role("link", name="Long Exhale")).to_be_visible()
    expect(page.get_by_role("link", name="Energy Ball")).to_have_count(0)
    assert page.evaluate("window.isSamePage")

    page.reload()
    expect(page.get_by_role("radio", name="Relaxation")).to_be_checked()
    expect(page.get_by_label("Length")).to_have_value("5")
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("link", name="Energy Ball")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Length")).to_have_value("5")
    expect(page.get_by_role("link", name="Energy Ball")).to_have_count(0)


def test_browser_back_undoes_filter(visit):
    page = visit(DESKTOP).go("/hacks/")
    page.locator("label", has_text="Healing").first.click()
    expect(page).to_have_url(re.compile(r"category=healing$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/hacks/$"))
    expect(page.get_by_role("link", name="Energy Ball")).to_be_visible()
    expect(page.get_by_role("radio", name="All", exact=True)).to_be_checked()


def test_filters_work_without_javascript(visit):
    page = visit(PHONE, java_script_enabled=False).go("/hacks/")
    page.get_by_role("searchbox", name="Search hacks").fill("sheild")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Double Torus Shield")).to_be_visible()
    expect(page.get_by_role("link", name="Energy Ball")).to_have_count(0)


@pytest.mark.parametrize("has_javascript", [True, False], ids=["htmx", "plain"])
def test_favourite_button_toggles(visit, has_javascript):
    visitor = visit(PHONE, java_script_enabled=has_javascript)
    sign_in(visitor, *LEARNER)
    page = visitor.go("/hacks/breath-wave/")
    button = page.get_by_role("button", name="Favourite")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    if has_javascript:
        expect(page.locator("#announcer")).to_have_text("Breath Wave added to your favourites.")
        expect(button).to_be_focused()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_video_sends_no_request_to_provider_before_click(visit, product):
    staff = visit(DESKTOP)
    sign_in(staff, *STAFF)
    [(hack_id,)] = product.query("SELECT id FROM hacks WHERE slug = 'kind-hand'")
    page = staff.go(f"/admin/hacks/hack/{hack_id}/change/")
    page.get_by_label("Content url").fill("https://www.youtube-nocookie.com/embed/abc")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    visitor = visit(PHONE)
    requested = []

    def serve_video(route):
        requested.append(route.request.url)
        route.fulfill(body="<p>A video</p>", content_type="text/html")

    visitor.context.route("https://www.youtube-nocookie.com/**", serve_video)
    page = visitor.go("/hacks/kind-hand/")
    page.wait_for_load_state("networkidle")
    assert requested == []
    page.get_by_role("link", name="Watch on YouTube").click()
    expect(page.frame_locator("iframe[title='Kind Hand: video']").get_by_text("A video")).to_be_visible()
    assert requested == ["https://www.youtube-nocookie.com/embed/abc"]
