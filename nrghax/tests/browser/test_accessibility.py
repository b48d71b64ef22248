"""axe-core finds nothing on any page, light and dark, on a phone and on a desktop."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from nrghax.tests.browser.conftest import DESKTOP, PHONE, log_in, sign_in

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Colours differ by scheme and layout by device; the two do not act on each other, so that two of the four are enough.
LOOKS = {"phone, dark": (PHONE, "dark"), "desktop, light": (DESKTOP, "light")}
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
# What is still on its way from one scheme's colour to the other's has neither; who inherits a colour sets out later.
SETTLE = """() => {
  const onTheirWay = () => document.getAnimations().filter(each => each instanceof CSSTransition);
  for (let some = onTheirWay(); some.length; some = onTheirWay()) some.forEach(each => each.finish());
}"""
RUN = f"axe.run({json.dumps(OPTIONS)}).then(({{ violations }}) => violations)"
FOR_ALL = ["/", "/hacks/", "/hacks/energy-ball/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]


def violations(page) -> list[str]:
    page.wait_for_load_state()
    # Half a megabyte, which stays for as long as the page does.
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return [f"{violation['id']}: {node['target']}" for violation in page.evaluate(RUN) for node in violation["nodes"]]


def violations_in_each_look(page) -> dict[str, list[str]]:
    """What is found, by look. No style asks for a mouse or a finger, so that one page can take on all looks."""
    found = {}
    for look, (device, scheme) in LOOKS.items():
        page.set_viewport_size(device["viewport"])
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLE)
        found[look] = violations(page)
    return {look: problems for look, problems in found.items() if problems}


def test_pages_for_everybody(visit):
    visitor = visit(PHONE)
    found = {path: violations_in_each_look(visitor.go(path)) for path in FOR_ALL}
    assert {path: problems for path, problems in found.items() if problems} == {}


FOR_MEMBERS = [
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


def test_pages_for_members(visit):
    visitor = visit(PHONE)
    # Some pages of the account ask for a password that was typed long ago.
    log_in(visitor, "learner@example.com", "breathe-in-slowly")
    found = {path: violations_in_each_look(visitor.go(path)) for path in FOR_MEMBERS}
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


def test_errors_beside_their_fields(visit):
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
