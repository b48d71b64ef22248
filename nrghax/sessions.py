"""Sessions in the database behind the cache, reached as `nrghax_auth`.

A session is loaded before the request has an identity and saved after its transaction has ended, so that each
use of the table brings its own.
"""

from django.contrib.sessions.backends.cached_db import SessionStore as CachedDBStore
from django.db import transaction

from nrghax.identity import Role, database_identity


class SessionStore(CachedDBStore):
    cache_key_prefix = "nrghax.session."

    def _get_session_from_db(self):
        with database_identity(Role.AUTH):
            return super()._get_session_from_db()

    def exists(self, session_key):
        with database_identity(Role.AUTH):
            return super().exists(session_key)

    def save(self, must_create=False):
        with database_identity(Role.AUTH):
            return super().save(must_create)

    def delete(self, session_key=None):
        """Another request may put the session back into the cache before this transaction ends: so out of it again."""
        ended = session_key or self.session_key
        with database_identity(Role.AUTH):
            super().delete(session_key)
            if ended:
                transaction.on_commit(lambda: self._cache.delete(self.cache_key_prefix + ended))

    @classmethod
    def clear_expired(cls):
        with database_identity(Role.AUTH):
            super().clear_expired()
