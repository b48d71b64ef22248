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


def test_a_session_is_read_from_the_cache_and_else_from_its_row(session, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert SessionStore(session.session_key)["colour"] == "green"
    cache.clear()
    assert SessionStore(session.session_key)["colour"] == "green"
    with django_assert_num_queries(0):
        assert SessionStore(session.session_key)["colour"] == "green"


def test_the_cache_is_believed_for_a_minute_only(session):
    """A cache that was away when somebody signed out still holds the session; it must not do so for weeks."""
    client = cache._cache.get_client()
    key = cache.make_key(f"nrghax.session.{session.session_key}")
    assert 0 < client.ttl(key) <= CACHE_SECONDS == 60
    cache.clear()
    SessionStore(session.session_key).load()
    assert 0 < client.ttl(key) <= CACHE_SECONDS


def test_a_session_that_has_ended_is_nowhere(session):
    session.flush()
    assert cached(session) is None
    assert Session.objects.count() == 0


def test_a_made_up_key_is_forgotten():
    store = SessionStore("0" * 32)
    assert store.load() == {}
    assert store.session_key is None
