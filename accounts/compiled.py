"""Queries whose SQL is written once a process instead of once a request.

Django takes longer to write the statement of such a query than PostgreSQL takes to answer it (docs/performance.md).
The query itself stays what it is everywhere else: a QuerySet, with its gate.
"""

from collections.abc import Callable, Hashable
from copy import copy
from datetime import UTC, date, datetime
from functools import wraps
from inspect import signature
from typing import Any, get_args
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

from accounts.models import Member

Row = dict[str, Any]

# What stands in the statement for the n-th parameter while the SQL is written: values that no query has of itself.
STAND_INS: dict[type, Callable[[int], Any]] = {
    Member: lambda number: Member(pk=UUID(int=number)),
    UUID: lambda number: UUID(int=number),
    str: lambda number: f"stand-in {number}",
    date: lambda number: date(1, 1, number),
    datetime: lambda number: datetime(1, 1, 1, second=number, tzinfo=UTC),
}


def compiled(build: Callable[..., QuerySet]) -> Callable[..., list]:
    """Have a function that makes a QuerySet return the list of what is in it.

    Each parameter needs one of the types of `STAND_INS`, or that or None, and may do nothing but become a parameter of
    the statement: a function that looked at its value would see a stand-in. Only whether it is None may make another
    query of it.
    """
    types = {name: _type(parameter.annotation) for name, parameter in signature(build).parameters.items()}
    statements: dict[tuple[str, ...], _Statement] = {}

    @wraps(build)
    def results(*arguments: Any) -> list:
        values = dict(zip(types, arguments, strict=True))
        given = tuple(name for name, value in values.items() if value is not None)
        if given not in statements:
            statements[given] = _Statement(build, types, given)
        return statements[given].results(values)

    return results


class _Statement:
    def __init__(self, build: Callable[..., QuerySet], types: dict[str, type], given: tuple[str, ...]) -> None:
        stand_ins = {name: STAND_INS[types[name]](number) for number, name in enumerate(given, start=1)}
        self._queryset = build(**{**dict.fromkeys(types), **stand_ins})
        self._compiler = self._queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, parameters = self._compiler.as_sql()
        names = {_plain(value): name for name, value in stand_ins.items()}
        self._parameters = [(names.get(value) if isinstance(value, Hashable) else None, value) for value in parameters]
        unused = set(given) - {name for name, _ in self._parameters}
        if unused:
            raise TypeError(f"{build.__qualname__} puts {', '.join(sorted(unused))} nowhere into its statement.")

    def results(self, values: dict[str, Any]) -> list:
        """All that Django does with a query, except for writing it."""
        parameters = tuple(_plain(values[name]) if name else value for name, value in self._parameters)
        compiler = copy(self._compiler)
        # Each thread has a connection of its own.
        compiler.connection = connections[DEFAULT_DB_ALIAS]
        compiler.as_sql = lambda *args, **kwargs: (self._sql, parameters)
        queryset = self._queryset.all()
        queryset.query.get_compiler = lambda *args, **kwargs: compiler
        return list(queryset)


def _type(annotation: Any) -> type:
    """Of "that or None": that."""
    return next(kind for kind in get_args(annotation) or (annotation,) if kind is not type(None))


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, Member) else value
