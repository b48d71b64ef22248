"""A transaction's identity: the database role that it runs as and the member that it acts for.

Row level security reads only `current_role` and `app.uid()`. Only this module sets them, after logins.py chose the role
that a connection begins with. Both are local to the transaction, so that neither leaks into the next request on the
same connection.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction


class Role(StrEnum):
    """The database roles that a login can switch to; `NONE` is the role that the connection began with."""

    NONE = "none"
    ANON = "nrghax_anon"
    MEMBER = "nrghax_member"
    AUTH = "nrghax_auth"
    STAFF = "nrghax_staff"
    WORKER = "nrghax_worker"
    OWNER = "nrghax_owner"


SET_MEMBER = "SELECT set_config('app.user_id', %s, true)"
SET_IDENTITY = "SELECT set_config('role', %s, true), set_config('app.user_id', %s, true)"


@dataclass(frozen=True)
class Identity:
    role: Role = Role.NONE
    member_id: UUID | None = None


NO_IDENTITY = Identity()


def current_identity(using: str = DEFAULT_DB_ALIAS) -> Identity:
    """Return the identity of this thread's connection; `NO_IDENTITY` if none is set."""
    return getattr(connections[using], "nrghax_identity", NO_IDENTITY)


def become(role: Role, member_id: UUID | None = None, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Set the identity for the rest of the transaction, or until the next call.

    Raises TransactionManagementError outside a transaction, where PostgreSQL would drop the settings at once.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An identity can only be set inside a transaction.")
    with connection.cursor() as cursor:
        if role is Role.NONE:
            cursor.execute("RESET ROLE")
            cursor.execute(SET_MEMBER, [str(member_id or "")])
        else:
            cursor.execute(SET_IDENTITY, [role.value, str(member_id or "")])
    connection.nrghax_identity = Identity(role, member_id)  # type: ignore[attr-defined]


@contextmanager
def database_identity(role: Role, member_id: UUID | None = None, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Run a block in a transaction (a savepoint when nested) as `role`, acting for `member_id`.

    The outer identity is restored when the block ends. PostgreSQL restores the settings on rollback; otherwise they
    are set back before the savepoint is released.
    """
    connection = connections[using]
    outer = current_identity(using)
    try:
        with transaction.atomic(using=using):
            nested = len(connection.savepoint_ids) > 0
            become(role, member_id, using=using)
            yield
            if nested and not connection.needs_rollback:
                become(outer.role, outer.member_id, using=using)
    finally:
        connection.nrghax_identity = outer  # type: ignore[attr-defined]


def after_commit(func: Callable[[], object], *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Run `func` after the commit, without a transaction: it must not use the database. An error is logged.

    For messages to the broker and the cache. `transaction.on_commit` costs three round trips more, because it runs its
    function in a transaction with the identity (backend/base.py).
    """
    connections[using].on_commit_without_database(func)  # type: ignore[attr-defined]
