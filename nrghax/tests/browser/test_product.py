"""The web server and the worker, without beat."""

import json
import urllib.request
from urllib.error import HTTPError

import pytest

from nrghax.tests.browser.conftest import wait_for

pytestmark = pytest.mark.browser


def test_worker_sends_heartbeat_without_beat(product):
    def ready():
        try:
            return urllib.request.urlopen(f"{product.url}/readyz", timeout=5).read()
        except HTTPError:
            return None

    assert json.loads(wait_for(ready))["checks"]["worker"] == "ok"


def test_favicon_is_served_at_root(product):
    answer = urllib.request.urlopen(f"{product.url}/favicon.ico", timeout=5)
    assert answer.status == 200
    assert answer.headers.get_content_type() in ("image/x-icon", "image/vnd.microsoft.icon")
