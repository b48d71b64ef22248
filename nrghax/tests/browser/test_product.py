"""The processes by themselves: web server and worker, without beat."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

from nrghax.tests.browser.conftest import wait_for

pytestmark = pytest.mark.browser


def test_a_worker_gives_its_sign_of_life_without_beat(product):
    def ready():
        try:
            return urllib.request.urlopen(f"{product.url}/readyz", timeout=5).read()
        except HTTPError:
            return None

    assert json.loads(wait_for(ready))["checks"]["worker"] == "ok"


def test_a_browser_finds_the_icon_it_asks_for(product):
    answer = urllib.request.urlopen(f"{product.url}/favicon.ico", timeout=5)
    assert answer.status == 200
    assert answer.headers.get_content_type() in ("image/x-icon", "image/vnd.microsoft.icon")
