import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache

from nrghax.sessions import CACHE_SECONDS, SessionStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    store = SessionStore()
    store["colour"] = "green"
    store.create()
    return store


def cached(session):
    return cache.get(f"nrghax.session.{session.session_key}")


def test_session_is_read_from_cache_or_else_from_database(session, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert SessionStore(session.session_key)["colour"] == "green"
    cache.clear()
    assert SessionStore(session.session_key)["colour"] == "green"
    with django_assert_num_queries(0):
        assert SessionStore(session.session_key)["colour"] == "green"


def test_cache_keeps_session_for_a_minute_only(session):
    """If the cache is down while a member logs out, it still holds the session when it comes back."""
    client = cache._cache.get_client()
    key = cache.make_key(f"nrghax.session.{session.session_key}")
    assert 0 < client.ttl(key) <= CACHE_SECONDS == 60
    cache.clear()
    SessionStore(session.session_key).load()
    assert 0 < client.ttl(key) <= CACHE_SECONDS


def test_flushed_session_leaves_cache_and_database(session):
    session.flush()
    assert cached(session) is None
    assert Session.objects.count() == 0


def test_unknown_session_key_is_dropped():
    store = SessionStore("0" * 32)
    assert store.load() == {}
    assert store.session_key is None
