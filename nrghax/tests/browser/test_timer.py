"""The timer in a browser. The tests move the session's start back instead of waiting."""

import re

import pytest
from playwright.sync_api import Page, expect

from nrghax.tests.browser.conftest import DESKTOP, PHONE, Product, Visitor, sign_in

pytestmark = pytest.mark.browser

TIMER = "/practice/energy-ball/"
# Record the bells, the screen locks and the announcements.
SPIES = """
window.bells = [];
const begin = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) {
  window.bells.push(at - this.context.currentTime);
  return begin.call(this, at);
};
window.screenLocks = [];
if (navigator.wakeLock) {
  navigator.wakeLock.request = async (type) => {
    window.screenLocks.push(type);
    return { released: false, release: async () => window.screenLocks.push("released") };
  };
}
window.announcements = [];
document.addEventListener("announce", (event) => window.announcements.push(event.detail));
"""


@pytest.fixture
def learner(visit, product) -> Visitor:
    visitor = visit(PHONE)
    visitor.context.add_init_script(SPIES)
    sign_in(visitor, "learner@example.com", "breathe-in-slowly")
    product.query("DELETE FROM practice_sessions RETURNING id")
    return visitor


def start(visitor: Visitor, minutes: int = 10) -> Page:
    page = visitor.go(TIMER)
    page.get_by_label("Minutes").fill(str(minutes))
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    return page


def set_elapsed_seconds(product: Product, seconds: float) -> None:
    sql = "UPDATE practice_sessions SET started_at = now() - make_interval(secs => %s) RETURNING id"
    assert len(product.query(sql, seconds)) == 1


def stored_session(product: Product, columns: str) -> tuple:
    return product.query(f"SELECT {columns} FROM practice_sessions")[0]


def test_bell_rings_at_end_and_extra_time_is_not_counted_by_default(learner, product):
    page = start(learner)
    # The bell is scheduled at the start: the click on the button allows sound.
    assert page.evaluate("Math.min(...window.bells)") == pytest.approx(600, abs=5)
    assert page.evaluate("window.screenLocks") == ["screen"]
    set_elapsed_seconds(product, 592)
    page.reload()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^00:0\d$"))
    page.get_by_role("button", name="Turn the bell on").click()
    expect(page.locator("#timer")).to_have_attribute("data-state", "done", timeout=15_000)
    assert 0 < page.evaluate("Math.min(...window.bells)") < 8
    assert page.evaluate("window.announcements") == ["Time is up"]
    assert page.evaluate("window.screenLocks") == ["screen", "released"]

    set_elapsed_seconds(product, 14 * 60 + 30)
    page.reload()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^\+04:3\d$"))
    expect(page).to_have_title(re.compile(r"^\+04:3\d · Energy Ball"))
    expect(page.get_by_role("button", name="Count all 14 minutes")).to_be_visible()
    page.get_by_role("button", name="Finish at 10 minutes").click()
    expect(page.get_by_text("Well done: 10 minutes of Energy Ball")).to_be_visible()
    assert stored_session(product, "duration_seconds") == (600,)


def test_extra_time_counts_when_chosen(learner, product):
    page = start(learner)
    set_elapsed_seconds(product, 14 * 60 + 20)
    page.reload()
    page.get_by_role("button", name="Count all 14 minutes").click()
    expect(page).to_have_url(re.compile("/practice/sessions/"))
    assert stored_session(product, "duration_seconds / 60") == (14,)


def test_closed_tab_keeps_time_and_sends_heartbeat(learner, product):
    page = start(learner)
    product.query("UPDATE practice_sessions SET last_seen_at = NULL RETURNING id")
    page.close()
    set_elapsed_seconds(product, 240)
    learner.page = learner.context.new_page()
    expect(learner.go(TIMER).get_by_role("timer")).to_have_text(re.compile(r"^0[56]:\d\d$"))
    assert stored_session(product, "last_seen_at IS NOT NULL") == (True,)


def test_finish_while_offline_is_stored_and_sent_later(learner, product):
    page = start(learner)
    set_elapsed_seconds(product, 300)
    page.reload()
    learner.context.set_offline(True)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("kept on this device")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    assert stored_session(product, "ended_at IS NULL") == (True,)
    learner.errors.clear()
    learner.context.set_offline(False)
    expect(page).to_have_url(re.compile("/practice/sessions/"), timeout=20_000)
    assert stored_session(product, "duration_seconds BETWEEN 298 AND 310") == (True,)
    assert page.evaluate("localStorage.length") == 0


def test_pause_and_discard_in_other_window_are_shown(learner, visit, product):
    page = start(learner)
    laptop = visit(DESKTOP)
    sign_in(laptop, "learner@example.com", "breathe-in-slowly")
    laptop.go(TIMER).get_by_role("button", name="Pause").click()
    expect(laptop.page.get_by_role("button", name="Resume")).to_be_visible()
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow'))")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    laptop.page.get_by_role("button", name="Discard").click()
    laptop.page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(laptop.page.get_by_role("button", name="Start")).to_be_visible()
    assert product.query("SELECT id FROM practice_sessions") == []
