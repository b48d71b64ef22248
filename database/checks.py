"""`manage.py check --database default` says where files and database differ."""

from typing import Any

from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connections, transaction

from database.sql_files import files_to_apply, make_plan


def check_sql_files(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Report files that are not applied, and objects that are not as their file made them or that no file made."""
    return [message for using in databases or [] for message in _differences(using)]


def _differences(using: str) -> list[CheckMessage]:
    hint = "Run `manage.py migrate`."
    try:
        files = files_to_apply(using)
        if files is None:
            return [Warning("Migrations are to be applied before the SQL files.", hint=hint, id="database.W001")]
        with transaction.atomic(using):
            plan = make_plan(connections[using], files)
    except DatabaseError as error:
        return [Warning(f"The SQL files cannot be compared with the database: {error}", id="database.W002")]
    return [
        *(
            Warning(f"{file.path} is not in the database as it stands.", hint=hint, id="database.W003")
            for file in plan.stale
        ),
        *(Warning(f"No file makes {identity}.", hint=hint, id="database.W004") for identity in plan.foreign),
    ]
