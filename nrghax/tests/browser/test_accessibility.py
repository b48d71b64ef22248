"""axe-core finds no violation on any page, in light and dark, on a phone and on a desktop."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from nrghax.tests.browser.conftest import DESKTOP, PHONE, log_in, sign_in

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Colours depend on the scheme and layout on the device, independently. So two of the four combinations are enough.
LOOKS = {"phone, dark": (PHONE, "dark"), "desktop, light": (DESKTOP, "light")}
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
# Finish colour transitions after a change of scheme. Inherited colours start further transitions, hence the loop.
FINISH_TRANSITIONS = """() => {
  const running = () => document.getAnimations().filter(animation => animation instanceof CSSTransition);
  for (let some = running(); some.length; some = running()) some.forEach(animation => animation.finish());
}"""
RUN_AXE = f"axe.run({json.dumps(OPTIONS)}).then(({{ violations }}) => violations)"
PUBLIC_PAGES = [
    "/",
    "/hacks/",
    "/hacks/energy-ball/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
]


def violations(page) -> list[str]:
    page.wait_for_load_state()
    # The script is half a megabyte. It stays loaded until the page changes.
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return [
        f"{violation['id']}: {node['target']}" for violation in page.evaluate(RUN_AXE) for node in violation["nodes"]
    ]


def violations_in_each_look(page) -> dict[str, list[str]]:
    """Return the violations by look. Our styles don't query the pointer, so one page can show every look."""
    found = {}
    for look, (device, scheme) in LOOKS.items():
        page.set_viewport_size(device["viewport"])
        page.emulate_media(color_scheme=scheme)
        page.evaluate(FINISH_TRANSITIONS)
        found[look] = violations(page)
    return {look: problems for look, problems in found.items() if problems}


def test_public_pages_have_no_violations(visit):
    visitor = visit(PHONE)
    found = {path: violations_in_each_look(visitor.go(path)) for path in PUBLIC_PAGES}
    assert {path: problems for path, problems in found.items() if problems} == {}


MEMBER_PAGES = [
    "/today/",
    "/checkin/",
    "/hacks/",
    "/hacks/energy-ball/",
    "/hacks/double-torus-shield/",
    "/journal/",
    "/journal/month/",
    "/journal/numbers/",
    "/practice/log/",
    "/practice/energy-ball/",
    "/practice/double-torus-shield/",
    "/notifications/",
    "/progress/",
    "/progress/history/",
    "/progress/how-it-works/",
    "/settings/",
    "/settings/profile/",
    "/settings/day/",
    "/settings/privacy/",
    "/@demo_learner/",
    "/accounts/security/",
    "/accounts/sessions/",
    "/accounts/3rdparty/",
    "/accounts/2fa/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
]


def test_member_pages_have_no_violations(visit):
    visitor = visit(PHONE)
    # Some account pages ask for the password again if it was typed long ago.
    log_in(visitor, "learner@example.com", "breathe-in-slowly")
    found = {path: violations_in_each_look(visitor.go(path)) for path in MEMBER_PAGES}
    page = visitor.go("/practice/warm-liquid/")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Pause").wait_for()
    found["running timer"] = violations_in_each_look(page)
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Save and").wait_for()
    found["feedback"] = violations_in_each_look(page)
    page.get_by_role("link", name="Edit practice").click()
    page.wait_for_url("**/edit/")
    found["edit"] = violations_in_each_look(page)
    page.go_back()
    page.get_by_role("link", name="Delete practice").click()
    page.wait_for_url("**/delete/")
    found["delete"] = violations_in_each_look(page)
    assert {path: problems for path, problems in found.items() if problems} == {}


def test_form_errors_are_linked_to_their_fields(visit):
    visitor = visit(PHONE)
    sign_in(visitor, "learner@example.com", "breathe-in-slowly")
    page = visitor.go("/practice/log/")
    page.get_by_label("Minutes").fill("5")
    page.locator("main form").evaluate("form => { form.noValidate = true }")
    page.locator("main form").get_by_role("button", name="Log").click()
    page.locator("[aria-invalid=true]").first.wait_for()
    assert violations(page) == []
    for field in page.locator("[aria-invalid=true]").all():
        described = page.locator(f"#{(field.get_attribute('aria-describedby') or 'missing').split()[-1]}")
        assert described.inner_text().strip()
