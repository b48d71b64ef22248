"""Drift check of the SQL files, run by `manage.py check --database default`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connections, transaction

from database.sql_files import SqlFilesError, files_to_apply, make_plan

_is_off: ContextVar[bool] = ContextVar("drift_check_is_off", default=False)


@contextmanager
def without_drift_check() -> Iterator[None]:
    """Leave out the drift check in this block. `migrate` uses it, because it mends the drift."""
    token = _is_off.set(True)
    try:
        yield
    finally:
        _is_off.reset(token)


def check_sql_files(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each SQL file that must be applied and for each object that no file defines.

    A file must be applied if its text changed, or if one of its objects is missing or was altered.
    """
    if _is_off.get():
        return []
    return [message for using in databases or [] for message in _differences(using)]


def _differences(using: str) -> list[CheckMessage]:
    hint = "Run `manage.py migrate`."
    try:
        files = files_to_apply(using)
        if files is None:
            message = "Unapplied migrations: the SQL files can't be checked yet."
            return [Warning(message, hint=hint, id="database.W001")]
        with transaction.atomic(using):
            plan = make_plan(connections[using], files)
    except (DatabaseError, SqlFilesError) as error:
        return [Warning(f"The SQL files can't be compared with the database: {error}", id="database.W002")]
    return [
        *(Warning(f"The database does not match {file.path}.", hint=hint, id="database.W003") for file in plan.stale),
        *(Warning(f"No SQL file defines {identity}.", hint=hint, id="database.W004") for identity in plan.unmanaged),
    ]
