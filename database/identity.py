"""Who a transaction is: the database role it runs as and the member it acts for.

Row level security asks `current_role` and `app.uid()` only; both are set here and nowhere else, both local to
the transaction, so that neither survives into another request on the same connection.
"""

import math
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import debug_transaction
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

TRUSTED_SECONDS = 30


class Role(StrEnum):
    """The database roles that a login may become; `NONE` is the login itself."""

    NONE = "none"
    ANON = "nrghax_anon"
    MEMBER = "nrghax_member"
    AUTH = "nrghax_auth"
    STAFF = "nrghax_staff"
    WORKER = "nrghax_worker"
    OWNER = "nrghax_owner"


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
    if not isinstance(role, Role) or not isinstance(member_id, UUID | None):
        raise TypeError("An identity is a Role and a UUID or None: both are written into the statement as they are.")
    connection.validate_no_broken_transaction()
    sql = f"SELECT set_config('role', '{role.value}', true), set_config('app.user_id', '{member_id or ''}', true)"
    # Every request does this twice. In one round trip with the BEGIN that psycopg would send by itself, and without a
    # cursor's way there and back, it takes half the time (docs/performance.md).
    pgconn = connection.connection.pgconn
    begin = "BEGIN; " if pgconn.transaction_status == TransactionStatus.IDLE else ""
    with debug_transaction(connection, sql), connection.wrap_database_errors:
        result = pgconn.exec_(f"{begin}{sql}".encode())
        if result.status != ExecStatus.TUPLES_OK:
            raise error_from_result(result)
    connection.nrghax_identity = Identity(role, member_id)  # type: ignore[attr-defined]


@contextmanager
def database_identity(role: Role, member_id: UUID | None = None, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Run a block in a transaction (a savepoint when nested) as `role`, acting for `member_id`.

    The outer identity is back afterwards, however the block ends: PostgreSQL restores the settings itself when
    the block is rolled back; when it is kept, they are set back before the savepoint is released.
    """
    connection = connections[using]
    outer = current_identity(using)
    if not connection.in_atomic_block:
        _spare_health_check(connection)
    try:
        with transaction.atomic(using=using):
            nested = len(connection.savepoint_ids) > 0
            become(role, member_id, using=using)
            yield
            if nested and not connection.needs_rollback:
                become(outer.role, outer.member_id, using=using)
    finally:
        connection.nrghax_identity = outer  # type: ignore[attr-defined]


def _spare_health_check(connection: BaseDatabaseWrapper) -> None:
    """Spare a connection that was in use a moment ago the question whether it still works.

    A server that stops closes it, which can be seen from here: then there is something to read.
    """
    now, link = time.monotonic(), connection.connection
    if link and not link.closed and now - getattr(connection, "nrghax_used_at", -math.inf) < TRUSTED_SECONDS:
        poll = select.poll()
        poll.register(link.fileno(), select.POLLIN)
        connection.health_check_done = not poll.poll(0)  # type: ignore[attr-defined]
    connection.nrghax_used_at = now  # type: ignore[attr-defined]
