"""axe-core finds nothing on any page, light and dark, phone and desktop."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from nrghax.tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOR_ALL = ["/", "/hacks/", "/hacks/energy-ball/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]


def violations(page) -> list[str]:
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {node['target']}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_pages_for_everybody(visit, device, scheme):
    visitor = visit(device, color_scheme=scheme)
    found = {path: violations(visitor.go(path)) for path in FOR_ALL}
    assert {path: problems for path, problems in found.items() if problems} == {}
