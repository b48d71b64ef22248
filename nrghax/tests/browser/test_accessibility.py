"""axe-core finds nothing on any page, light and dark, on a phone and on a desktop."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from nrghax.tests.browser.conftest import DESKTOP, PHONE, sign_in

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Colours differ by scheme and layout by device; the two do not act on each other, so that two of the four are enough.
LOOKS = [(PHONE, "dark"), (DESKTOP, "light")]
FOR_ALL = ["/", "/hacks/", "/hacks/energy-ball/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]


def violations(page) -> list[str]:
    page.wait_for_load_state()
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {node['target']}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(("device", "scheme"), LOOKS, ids=["phone-dark", "desktop-light"])
def test_pages_for_everybody(visit, device, scheme):
    visitor = visit(device, color_scheme=scheme)
    found = {path: violations(visitor.go(path)) for path in FOR_ALL}
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


@pytest.mark.parametrize(("device", "scheme"), LOOKS, ids=["phone-dark", "desktop-light"])
def test_pages_for_members(visit, device, scheme):
    visitor = visit(device, color_scheme=scheme)
    sign_in(visitor, "learner@example.com", "breathe-in-slowly")
    found = {path: violations(visitor.go(path)) for path in FOR_MEMBERS}
    page = visitor.go("/practice/warm-liquid/")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Pause").wait_for()
    found["running timer"] = violations(page)
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Save and").wait_for()
    found["feedback"] = violations(page)
    page.get_by_role("link", name="Correct this practice").click()
    page.wait_for_url("**/edit/")
    found["edit"] = violations(page)
    page.go_back()
    page.get_by_role("link", name="Delete it").click()
    page.wait_for_url("**/delete/")
    found["delete"] = violations(page)
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
