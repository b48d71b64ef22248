"""Queries whose SQL is written once a process instead of once a request.

Django takes longer to write the statement of such a query than PostgreSQL takes to answer it (docs/performance.md).
The query itself stays what it is everywhere else: a QuerySet, with its gate.
"""

from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime
from functools import wraps
from inspect import signature
from typing import Any, get_args
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model, QuerySet, UUIDField
from django.db.models.query import ValuesIterable, ValuesListIterable, get_related_populators
from django.db.models.sql.compiler import SQLCompiler

Row = dict[str, Any]

# What stands in the statement for the n-th parameter while the SQL is written: values that no query has of itself.
STAND_INS: dict[type, Callable[[int], Any]] = {
    UUID: lambda number: UUID(int=number),
    str: lambda number: f"stand-in {number}",
    date: lambda number: date(1, 1, number),
    datetime: lambda number: datetime(1, 1, 1, second=number, tzinfo=UTC),
}


def compiled(build: Callable[..., QuerySet]) -> Callable[..., list]:
    """Have a function that makes a QuerySet return the list of what is in it.

    Each parameter is annotated with a model, with one of the types of `STAND_INS`, or with one of them or None. It may
    do nothing but become a parameter of the statement: a function that looked at its value would see a stand-in. Only
    whether it is None may make another query.

    This leans on private parts of Django's compiler and was tried with Django 5.2; database/tests/test_compiled.py
    compares its results with those of the QuerySet.
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
    """A QuerySet's SQL, and how Django makes results of its rows: worked out once, for rows of whatever values."""

    def __init__(self, build: Callable[..., QuerySet], types: dict[str, type], given: tuple[str, ...]) -> None:
        stand_ins = {name: _stand_in(types[name], number) for number, name in enumerate(given, start=1)}
        queryset = build(**{**dict.fromkeys(types), **stand_ins})
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, parameters = compiler.as_sql()
        names = {_plain(value): name for name, value in stand_ins.items()}
        self._parameters = [(names.get(value) if isinstance(value, Hashable) else None, value) for value in parameters]
        unused = set(given) - {name for name, _ in self._parameters}
        if unused:
            raise TypeError(f"{build.__qualname__} puts {', '.join(sorted(unused))} nowhere into its statement.")
        self._converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
        self._read = _reader(queryset, compiler)

    def results(self, values: dict[str, Any]) -> list:
        parameters = [_plain(values[name]) if name else value for name, value in self._parameters]
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            rows = cursor.fetchall()
        for position, (converters, column) in self._converters.items():
            for convert in converters:
                rows = [
                    (*row[:position], convert(row[position], column, connection), *row[position + 1 :]) for row in rows
                ]
        return self._read(rows)


def _reader(queryset: QuerySet, compiler: SQLCompiler) -> Callable[[list[tuple]], list]:
    """From rows to dicts, tuples or models, whatever is in the QuerySet."""
    if issubclass(queryset._iterable_class, ValuesListIterable):
        return list
    if issubclass(queryset._iterable_class, ValuesIterable):
        names = list(queryset.query.selected)
        return lambda rows: [dict(zip(names, row, strict=True)) for row in rows]
    fields = [compiler.select[index][0].target.attname for index in compiler.klass_info["select_fields"]]
    make, populators = queryset.model.from_db, get_related_populators(compiler.klass_info, compiler.select, queryset.db)

    def models(rows: list[tuple]) -> list:
        found = []
        for row in rows:
            instance = make(queryset.db, fields, row[: len(fields)])
            for populator in populators:
                populator.populate(row, instance)
            for name, position in compiler.annotation_col_map.items():
                setattr(instance, name, row[position])
            found.append(instance)
        return found

    return models


def _type(annotation: Any) -> type:
    """Of "that or None": that."""
    return next(kind for kind in get_args(annotation) or (annotation,) if kind is not type(None))


def _stand_in(kind: type, number: int) -> Any:
    """A model is stood in for by a row that has nothing but a key."""
    if issubclass(kind, Model):
        key: Any = UUID(int=number) if isinstance(_key_of(kind), UUIDField) else number
        return kind(pk=key)
    return STAND_INS[kind](number)


def _key_of(model: type[Model]) -> Field:
    """Return the field that says what a key is: that of the other model, where the key is a one-to-one relation."""
    key = model._meta.pk
    while key.is_relation:
        key = key.target_field
    return key


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, Model) else value
