"""Who a transaction is: the database role it runs as and the member it acts for.

Row level security asks `current_role` and `app.uid()` only; both are set here and nowhere else, both local to
the transaction, so that neither survives into another request on the same connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction


class Role(StrEnum):
    """The database roles that a login may become; `NONE` is the login itself."""

    NONE = "none"
    ANON = "nrghax_anon"
    MEMBER = "nrghax_member"
    AUTH = "nrghax_auth"
    STAFF = "nrghax_staff"
    WORKER = "nrghax_worker"
    OWNER = "nrghax_owner"


SET_IDENTITY = "SELECT set_config('role', %s, true), set_config('app.user_id', %s, true)"


@dataclass(frozen=True)
class Identity:
    role: Role = Role.NONE
    member_id: UUID | None = None


NOBODY = Identity()


def current_identity(using: str = DEFAULT_DB_ALIAS) -> Identity:
    """The identity that this thread's connection has taken on."""
    return getattr(connections[using], "nrghax_identity", NOBODY)


def become(role: Role, member_id: UUID | None = None, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Take on an identity until the transaction ends or another is taken on.

    Should be called inside a transaction: outside of one the settings would be forgotten at once, so that
    raises `TransactionManagementError`.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An identity is local to a transaction; there is none.")
    with connection.cursor() as cursor:
        cursor.execute(SET_IDENTITY, [role.value, str(member_id or "")])
    connection.nrghax_identity = Identity(role, member_id)  # type: ignore[attr-defined]


@contextmanager
def database_identity(role: Role, member_id: UUID | None = None, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Run a block in a transaction (a savepoint when nested) as `role`, acting for `member_id`.

    The outer identity is back afterwards, however the block ends: PostgreSQL restores the settings itself when
    the block is rolled back; when it is kept, they are set back before the savepoint is released.
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
