"""Queries whose SQL Django compiles once per process instead of once per request.

Django takes longer to compile such a query than PostgreSQL takes to answer it (docs/performance.md). The query is
still written as a QuerySet, with its visibility rule.
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

# Placeholders of integer keys lie above this, near the largest 32-bit integer, so that no query contains them itself.
NO_INTEGER_KEY = 2_147_000_000

# Placeholder for the n-th parameter while the SQL is compiled. No query contains these values itself.
PLACEHOLDERS: dict[type, Callable[[int], Any]] = {
    UUID: lambda number: UUID(int=number),
    str: lambda number: f"placeholder {number}",
    date: lambda number: date(1, 1, number),
    datetime: lambda number: datetime(1, 1, 1, second=number, tzinfo=UTC),
}


def compiled(build: Callable[..., QuerySet]) -> Callable[..., list]:
    """Decorate a function that returns a QuerySet, so that it returns the list of results instead.

    Annotate each parameter with a model, with a type of `PLACEHOLDERS`, or with one of these or None. `build` runs with
    placeholders: it may pass a parameter to the query and test it for None, but must not depend on its value
    otherwise. Raises TypeError if the statement does not use a parameter.

    The implementation uses private parts of Django's compiler, checked with Django 5.2. database/tests/test_compiled.py
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
    """A QuerySet's compiled SQL, with the functions that turn its rows into results."""

    def __init__(self, build: Callable[..., QuerySet], types: dict[str, type], given: tuple[str, ...]) -> None:
        placeholders = {name: _placeholder(types[name], number) for number, name in enumerate(given, start=1)}
        queryset = build(**{**dict.fromkeys(types), **placeholders})
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, parameters = compiler.as_sql()
        names = {_sql_value(value): name for name, value in placeholders.items()}
        self._parameters = [(names.get(value) if isinstance(value, Hashable) else None, value) for value in parameters]
        unused = set(given) - {name for name, _ in self._parameters}
        if unused:
            raise TypeError(f"The statement of {build.__qualname__} does not use {', '.join(sorted(unused))}.")
        self._converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
        self._read = _reader(queryset, compiler)

    def results(self, values: dict[str, Any]) -> list:
        parameters = [_sql_value(values[name]) if name else value for name, value in self._parameters]
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
    """Return the function that turns rows into the QuerySet's dicts, tuples or models."""
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
    """Return the annotated type, without None."""
    return next(kind for kind in get_args(annotation) or (annotation,) if kind is not type(None))


def _placeholder(kind: type, number: int) -> Any:
    """Return the placeholder of a type. For a model it is an instance that has only a primary key."""
    if issubclass(kind, Model):
        key: Any = UUID(int=number) if isinstance(_primary_key(kind), UUIDField) else NO_INTEGER_KEY + number
        return kind(pk=key)
    return PLACEHOLDERS[kind](number)


def _primary_key(model: type[Model]) -> Field:
    """Return the field that holds the key's value. If the key is a one-to-one relation, follow it."""
    key = model._meta.pk
    while key.is_relation:
        key = key.target_field
    return key


def _sql_value(value: Any) -> Any:
    return value.pk if isinstance(value, Model) else value
