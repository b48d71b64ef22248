"""The cache without a server: pages are slower, not broken."""

import pytest
from django.core.cache import caches
from django.test import override_settings

from accounts.tests.factories import PASSWORD, make_member, make_user
from nrghax.cache import ForgivingRedisCacheClient

UNREACHABLE_CACHE = {
    "default": {
        "BACKEND": "nrghax.cache.ForgivingRedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",
        "OPTIONS": {"socket_connect_timeout": 0.1},
    }
}


@pytest.fixture
def lost_cache():
    with override_settings(CACHES=UNREACHABLE_CACHE):
        yield caches["default"]


def test_every_operation_returns_fallback_without_server(lost_cache):
    assert lost_cache.get("a") is None
    assert lost_cache.get("a", "default") == "default"
    assert lost_cache.get_many(["a"]) == {}
    assert lost_cache.add("a", 1) is True
    lost_cache.set("a", 1)
    lost_cache.set_many({"a": 1})
    assert lost_cache.touch("a") is False
    assert lost_cache.delete("a") is False
    lost_cache.delete_many(["a"])
    assert lost_cache.has_key("a") is False
    assert lost_cache.incr("a") == 1
    assert lost_cache.get_or_set("a", 7) == 7
    assert lost_cache.clear() is False


def test_client_overrides_every_operation():
    from django.core.cache.backends.redis import RedisCacheClient

    operations = {name for name in vars(RedisCacheClient) if not name.startswith("_")} - {"get_client"}
    assert operations <= vars(ForgivingRedisCacheClient).keys()


@pytest.mark.django_db
def test_members_can_log_in_and_stay_logged_in(lost_cache, client):
    make_member(user=make_user(email="someone@example.com"))
    response = client.post("/accounts/login/", {"login": "someone@example.com", "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/accounts/email/").status_code == 200
