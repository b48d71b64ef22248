"""Run SQL statements that are kept in files, one statement per file: `<app>/sql/<name>.sql`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection

# A row of a result: the values by the names of the columns.
Row = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """The result of a statement. `count` is the number of rows that it returned or, if it returns none, wrote."""

    rows: list[tuple]
    columns: list[str]
    count: int

    @property
    def row(self) -> tuple:
        """The first row. Raises IndexError if there is none."""
        return self.rows[0]

    @property
    def value(self) -> Any:
        """The first column of the first row. Raises IndexError if there is none."""
        return self.row[0]

    @property
    def values(self) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in self.rows]

    @property
    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@cache
def read_statement(app_label: str, name: str) -> str:
    """Return the text of `<app>/sql/<name>.sql`."""
    return Path(apps.get_app_config(app_label).path, "sql", f"{name}.sql").read_text()


def run_statement(app_label: str, name: str, /, **parameters: Any) -> Result:
    """Run `<app>/sql/<name>.sql` with named parameters."""
    return run_sql(read_statement(app_label, name), parameters)


def run_sql(text: str, parameters: Any = None) -> Result:
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        if cursor.description is None:
            return Result([], [], cursor.rowcount)
        return Result(cursor.fetchall(), [column.name for column in cursor.description], cursor.rowcount)


def call_function(name: str, *arguments: Any) -> Any:
    """Call a function in SQL and return its value: `call_function("app.recompute_streak", member_id)`."""
    return run_sql(f"SELECT {name}({', '.join(['%s'] * len(arguments))})", arguments).value
