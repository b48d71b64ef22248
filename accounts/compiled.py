"""Queries whose SQL is written once a process instead of once a request.

Django takes longer to write the statement of such a query than PostgreSQL takes to answer it (docs/performance.md).
The query itself stays what it is everywhere else: a QuerySet, with its gate.
"""

from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime
from functools import wraps
from inspect import signature
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Member

Row = dict[str, Any]

# What stands in the statement for the n-th parameter while the SQL is written: values that no query has of itself.
STAND_INS: dict[type, Callable[[int], Any]] = {
    Member: lambda number: Member(pk=UUID(int=number)),
    UUID: lambda number: UUID(int=number),
    date: lambda number: date(1, 1, number),
    datetime: lambda number: datetime(1, 1, 1, second=number, tzinfo=UTC),
}


def compiled(build: Callable[..., QuerySet]) -> Callable[..., list[Row]]:
    """Have a function that makes a QuerySet of `values()` return its rows.

    Each parameter needs one of the types of `STAND_INS`, and may do nothing but become a parameter of the statement: a
    function that asked for its value would ask a stand-in.
    """
    types = {name: parameter.annotation for name, parameter in signature(build).parameters.items()}
    statement: list[_Statement] = []

    @wraps(build)
    def rows(*values: Any) -> list[Row]:
        if not statement:
            statement.append(_Statement(build, types))
        return statement[0].rows(dict(zip(types, values, strict=True)))

    return rows


class _Statement:
    def __init__(self, build: Callable[..., QuerySet], types: dict[str, type]) -> None:
        stand_ins = {name: STAND_INS[kind](number) for number, (name, kind) in enumerate(types.items(), start=1)}
        names = {_plain(value): name for name, value in stand_ins.items()}
        query = build(**stand_ins).query
        self._compiler = query.get_compiler(connection=connection)
        self._sql, parameters = self._compiler.as_sql()
        self._parameters = [(names.get(value) if isinstance(value, Hashable) else None, value) for value in parameters]
        unused = types.keys() - {name for name, _ in self._parameters}
        if unused:
            raise TypeError(f"{build.__qualname__} puts {', '.join(sorted(unused))} nowhere into its statement.")
        columns = [column for column, _, _ in self._compiler.select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(columns)
        self._names = list(query.selected)

    def rows(self, values: dict[str, Any]) -> list[Row]:
        parameters = [_plain(values[name]) if name else value for name, value in self._parameters]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            found = cursor.fetchall()
        if self._converters:
            found = self._compiler.apply_converters(found, self._converters)
        return [dict(zip(self._names, row, strict=True)) for row in found]


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, Member) else value
