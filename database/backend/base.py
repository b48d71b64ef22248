"""Django's PostgreSQL backend, whose commit hooks run under the identity that registered them."""

from collections.abc import Callable
from contextvars import copy_context

from django.db.backends.postgresql import base

from database.identity import NO_IDENTITY, current_identity, database_identity


class DatabaseWrapper(base.DatabaseWrapper):
    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        """Run `func` after the commit in its own transaction, under the present identity and in the present context.

        Both end with the transaction: a package's hook, such as allauth's, would have neither rights nor its request.
        An error is logged: it can't undo the commit, so the response must not say that nothing happened.
        """
        identity = current_identity(self.alias)
        if identity == NO_IDENTITY:
            super().on_commit(func, robust)
            return

        context = copy_context()

        def act() -> None:
            with database_identity(identity.role, identity.member_id, using=self.alias):
                context.run(func)

        super().on_commit(act, robust=True)

    def on_commit_without_database(self, func: Callable[[], object]) -> None:
        """Run `func` after the commit, outside of a transaction (identity.after_commit)."""
        super().on_commit(func, robust=True)
