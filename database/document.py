"""The text of docs/database.md, generated from the models and the catalogue by `manage.py databasedoc`."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder
from django.utils import translation

from database.catalogue import Row, Schema, Table, read_schema
from database.sql_files import read_source_files

PATH = settings.BASE_DIR / "docs" / "database.md"
INTRODUCTION = """\
# The database

`manage.py databasedoc` generates this file from the models and a freshly migrated database. A test fails if the file
is stale. Expressions are spelled as PostgreSQL {major} spells them. The reasons for the design are in
[architecture.md](architecture.md) and [decisions/](decisions/).

Each table of member data has row security enabled and forced. A role can only read and write rows that one of the
table's policies allows, and only in columns that it was granted. `nrghax_owner` owns all tables. `nrghax_backup` reads
everything.
"""
OTHER_APPS = "Django and allauth"
VOLATILITIES = {"i": "immutable", "s": "stable", "v": "volatile"}
# A function, with the comment lines directly above it.
DEFINITION = re.compile(r"((?:^--.*\n)*)^CREATE (?:FUNCTION|PROCEDURE) app\.(\w+)", re.MULTILINE)


def document() -> str:
    """Return the whole text, for the connected database."""
    # The override keeps Django's own help texts in English.
    with translation.override(None):
        return "\n".join(_lines(read_schema()))


def models_by_table() -> dict[str, type[models.Model]]:
    migrations: type[models.Model] = MigrationRecorder.Migration
    everything = [*apps.get_models(include_auto_created=True), migrations]
    return {model._meta.db_table: model for model in everything}


def purpose(model: type[models.Model]) -> str:
    """Return the first paragraph of a model's docstring; "" for a model of another package or without a docstring."""
    text = (model.__doc__ or "").strip()
    if not is_ours(model) or text.startswith(f"{model.__name__}("):
        return ""
    return " ".join(text.partition("\n\n")[0].split())


def is_ours(model: type[models.Model]) -> bool:
    # The model of a many-to-many table is excluded: it has no class in our code.
    return model.__module__.partition(".")[0] in _our_apps() and not model._meta.auto_created


def _our_apps() -> list[str]:
    inside = [config for config in apps.get_app_configs() if settings.BASE_DIR.samefile(f"{config.path}/..")]
    return [config.label for config in inside]


def _lines(schema: Schema) -> Iterator[str]:
    yield INTRODUCTION.format(major=connection.pg_version // 10_000)
    groups: dict[str, list[Table]] = {label: [] for label in [*_our_apps(), OTHER_APPS]}
    described = models_by_table()
    for table in schema.tables.values():
        model = described.get(table.name)
        label = model._meta.app_label if model else OTHER_APPS
        groups[label if label in groups else OTHER_APPS].append(table)
    for label, tables in groups.items():
        if not tables:
            continue
        yield f"## {label}\n"
        yield from _diagram(tables)
        for table in tables:
            yield from _table(table, described.get(table.name))
    yield from _functions(schema.functions)
    yield "## Extensions\n"
    yield f"{_codes(schema.extensions)}\n"


def _diagram(tables: Sequence[Table]) -> Iterator[str]:
    """Draw the primary and foreign keys of these tables."""
    yield "```mermaid\nerDiagram"
    for table in tables:
        keys: dict[str, list[str]] = {}
        for constraint in table.constraints:
            if mark := {"p": "PK", "f": "FK"}.get(constraint["kind"]):
                for column in constraint["columns"]:
                    keys.setdefault(column, []).append(mark)
        yield f"  {table.name} {{"
        for column in table.columns:
            if column["name"] in keys:
                kind = re.sub(r"\W+", "_", column["type"]).strip("_")
                yield f"    {kind} {column['name']} {', '.join(dict.fromkeys(keys[column['name']]))}"
        yield "  }"
    for table in tables:
        unique = [o["columns"] for o in table.constraints if o["kind"] in ("p", "u")]
        required = {column["name"] for column in table.columns if column["is_required"]}
        for key in table.constraints:
            if key["kind"] == "f":
                many = "o|" if key["columns"] in unique else "o{"
                one = "||" if required.issuperset(key["columns"]) else "|o"
                yield f'  {key["target"]} {one}--{many} {table.name} : "{", ".join(key["columns"])}"'
    yield "```\n"


def _table(table: Table, model: type[models.Model] | None) -> Iterator[str]:
    yield f"### {table.name}\n"
    if model:
        # Models of other packages are described by their name only.
        yield f"{purpose(model) or f'{str(model._meta.verbose_name_plural).capitalize()}.'}\n"
    if table.partition_key:
        yield f"Partitioned by `{table.partition_key}`. Roles can reach the partitions only through this table.\n"
    fields = {each.column: each for each in model._meta.concrete_fields} if model else {}
    targets = {o["columns"][0]: o["target"] for o in table.constraints if o["kind"] == "f" and len(o["columns"]) == 1}
    yield from _grid(
        ["column", "type", "null", "default", "description"],
        (
            [
                f"`{column['name']}`",
                column["type"],
                "" if column["is_required"] else "yes",
                _default(column, fields.get(column["name"])),
                _description(fields.get(column["name"]), targets.get(column["name"], "")),
            ]
            for column in table.columns
        ),
    )
    parts: list[tuple[str, list[Row], Callable[[Row], list[str]]]] = [
        ("constraint", table.constraints, lambda row: [_code(row["name"]), _code(row["definition"])]),
        ("index", table.indexes, _index),
        ("trigger", table.triggers, _trigger),
    ]
    for title, rows, cells in parts:
        if rows:
            yield from _grid([title, "definition"], map(cells, rows))
    if table.policies:
        yield from _grid(["policy", "roles", "command", "can read", "can write"], map(_policy, table.policies))
    elif not table.has_row_security:
        yield "No row security: the grants below apply to every row.\n"
    if table.grants:
        yield from _grid(["role", "privileges"], _grants(table.grants))


def _default(column: Row, described: models.Field | None) -> str:
    if column["is_generated"]:
        return f"always {_code(column['expression'])}"
    if column["is_identity"]:
        return "identity"
    if column["expression"]:
        return _code(column["expression"])
    if described is None or not described.has_default():
        return ""
    default = described.default
    if isinstance(default, Enum):
        default = default.value
    return f"{_code(default.__name__ + '()' if callable(default) else repr(default))} by Django"


def _description(described: models.Field | None, target: str) -> str:
    """Return the table that a column refers to, the field's choices and its help text."""
    if described is None:
        return f"→ {target}" if target else ""
    parts = [f"→ {target}"] if target else []
    # Long lists, such as time zones, are left out.
    if described.choices and len(described.flatchoices) <= 20:
        parts.append(", ".join(f"`{value}` {label}" for value, label in described.flatchoices))
    parts.append(str(described.help_text))
    return "; ".join(filter(None, parts))


def _index(row: Row) -> list[str]:
    unique = "UNIQUE " if row["is_unique"] else ""
    return [_code(row["name"]), _code(unique + row["definition"].partition(" USING ")[2])]


def _trigger(row: Row) -> list[str]:
    definition = row["definition"].partition(f" {row['name']} ")[2].replace(" ON public.", " ON ")
    return [_code(row["name"]), _code(definition)]


def _policy(row: Row) -> list[str]:
    name = f"{_code(row['name'])} (restrictive)" if row["is_restrictive"] else _code(row["name"])
    # A policy without WITH CHECK applies USING to written rows too.
    writes = row["command"] in ("ALL", "UPDATE") and row["with_check"] is None
    return [
        name,
        _codes(sorted(row["roles"])),
        row["command"],
        _code(row["using"] or ""),
        _code((row["using"] if writes else row["with_check"]) or ""),
    ]


def _grants(rows: Iterable[Row]) -> Iterator[list[str]]:
    by_role: dict[str, list[str]] = {}
    for row in rows:
        columns = f" ({', '.join(row['columns'])})" if row["columns"] else ""
        by_role.setdefault(row["role"], []).append(row["privilege"] + columns)
    for role, rights in by_role.items():
        yield [_code(role), ", ".join(rights)]


def _functions(functions: Iterable[Row]) -> Iterator[str]:
    yield "## Functions of the schema `app`\n"
    comments, files = _read_comments()
    for function in functions:
        yield f"### app.{function['name']}\n"
        call = "CALL " if function["is_procedure"] else ""
        result = f" → {function['result']}" if function["result"] else ""
        yield f"`{call}app.{function['name']}({function['arguments']}){result}`\n"
        if comment := function["comment"] or comments.get(function["name"]):
            yield f"{comment}\n"
        traits = [] if function["is_procedure"] else [VOLATILITIES[function["volatility"]]]
        traits.append("runs as its owner" if function["is_definer"] else "runs as its caller")
        callers = f"callable by {_codes(function['callers'])}" if function["callers"] else "callable by the owner only"
        source = f"; {files[function['name']]}" if function["name"] in files else ""
        yield f"{', '.join(traits).capitalize()}; {callers}{source}.\n"


def _read_comments() -> tuple[dict[str, str], dict[str, str]]:
    """Return the comment above each function, and the path of the file that defines it; both by function name."""
    comments: dict[str, str] = {}
    files: dict[str, str] = {}
    for file in read_source_files():
        for above, name in DEFINITION.findall(file.text):
            files[name] = file.path
            if above:
                comments[name] = " ".join(line.removeprefix("--").strip() for line in above.splitlines())
    return comments, files


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _cell(text: str) -> str:
    """Return the text on one line, with pipes escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))
