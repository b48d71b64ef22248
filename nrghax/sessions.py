"""Sessions stored in the database and cached for a minute.

A session is loaded before the request has a database identity and saved after its transaction has ended. So each
access to the table runs as `nrghax_auth`, in a transaction of its own.

The cache keeps a session for a minute only. If the cache is down while a member logs out, it still holds the session
when it comes back.
"""

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import caches

from database.identity import Role, after_commit, database_identity

CACHE_SECONDS = 60


class SessionStore(DatabaseStore):
    def __init__(self, session_key=None):
        self._cache = caches[settings.SESSION_CACHE_ALIAS]
        super().__init__(session_key)

    def load(self):
        data = self._cache.get(_cache_key(self.session_key))
        if data is None:
            data = super().load()
            if self.session_key:
                self._remember(data)
        return data

    def _get_session_from_db(self):
        with database_identity(Role.AUTH):
            return super()._get_session_from_db()

    def exists(self, session_key):
        with database_identity(Role.AUTH):
            return super().exists(session_key)

    def save(self, must_create=False):
        with database_identity(Role.AUTH):
            super().save(must_create)
        if self.session_key:
            self._remember(self._session)

    def delete(self, session_key=None):
        """Delete the session, and its cache entry again after the commit: a concurrent request may have restored it."""
        ended = session_key or self.session_key
        with database_identity(Role.AUTH):
            super().delete(session_key)
            if ended:
                self._cache.delete(_cache_key(ended))
                after_commit(lambda: self._cache.delete(_cache_key(ended)))

    @classmethod
    def clear_expired(cls):
        with database_identity(Role.AUTH):
            super().clear_expired()

    def _remember(self, data):
        self._cache.set(_cache_key(self.session_key), data, CACHE_SECONDS)


def _cache_key(session_key):
    return f"nrghax.session.{session_key}"
