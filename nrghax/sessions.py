"""Sessions in the database behind the cache, reached as `nrghax_auth`.

A session is loaded before the request has an identity and saved after its transaction has ended, so that each
use of the table brings its own.
"""

from django.contrib.sessions.backends.cached_db import SessionStore as CachedDBStore

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
        with database_identity(Role.AUTH):
            return super().delete(session_key)

    @classmethod
    def clear_expired(cls):
        with database_identity(Role.AUTH):
            super().clear_expired()
