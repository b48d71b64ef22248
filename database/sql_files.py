"""How the database behaves: the files `<app>/sql/schema/*.sql`, applied after `migrate`.

A file holds functions, triggers, policies, grants and the CHECKs that call functions, as they are now; tables are
Django's. A file is applied if its text has changed, or if its objects are not in the database as it made them: its
objects are dropped, then its text is run. Objects of other files are left alone, unless they are bound to a function
that is dropped; then their file is applied too. An object that no file makes is dropped. The reasons are in
docs/decisions/sql.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from database.models import SqlFile
from database.objects import DatabaseObject, drop_objects, find_dependants, read_objects

LOCK_TIMEOUT = "5s"
KEPT_DIGESTS = 10


class SqlFilesError(Exception):
    """The files could not be applied, and nothing was changed; the message says what to do."""


@dataclass(frozen=True)
class SourceFile:
    app_label: str
    path: str
    text: str

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@dataclass
class Plan:
    """`stale` files are to be run, in order; `doomed` objects are dropped before; `foreign` are those no file made."""

    files: Sequence[SourceFile]
    objects: dict[str, DatabaseObject]
    stale: list[SourceFile] = field(default_factory=list)
    doomed: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.stale or self.doomed or self.foreign)


@cache
def read_source_files() -> tuple[SourceFile, ...]:
    """Return the files of all apps: in the order of INSTALLED_APPS, then by name."""
    found = []
    for config in apps.get_app_configs():
        for path in sorted(Path(config.path, "sql", "schema").glob("*.sql")):
            name = str(path.relative_to(settings.BASE_DIR))
            found.append(SourceFile(config.label, name, path.read_text()))
    return tuple(found)


def apply_sql_files(
    files: Sequence[SourceFile], *, using: str = DEFAULT_DB_ALIAS, lock_timeout: str = LOCK_TIMEOUT
) -> Plan:
    """Make the database behave as these files say, in one transaction; return what was done.

    Should be called as the owner, once the migrations are applied. Raises SqlFilesError.
    """
    connection = connections[using]
    with transaction.atomic(using):
        with connection.cursor() as cursor:
            # Two runs at once would both find the same work.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('database.sql_files'))")
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [lock_timeout])
        with _explained("What the files no longer make can't be dropped"):
            plan = make_plan(connection, files)
            foreign = plan.foreign
            # A right to a table takes the rights to its columns along, so that another file may lose some.
            while plan.doomed:
                drop_objects(connection, [each for identity, each in plan.objects.items() if identity in plan.doomed])
                plan = make_plan(connection, files)
            plan.foreign = foreign
        if plan.stale:
            _run(connection, plan)
        SqlFile.objects.using(using).exclude(pk__in=[file.path for file in files]).delete()
    return plan


def make_plan(connection: BaseDatabaseWrapper, files: Sequence[SourceFile]) -> Plan:
    """Compare the files with what was applied and with what there is."""
    stored = {row.path: row for row in SqlFile.objects.using(connection.alias)}
    plan = Plan(files, read_objects(connection))
    digests = {identity: each.digest for identity, each in plan.objects.items()}
    made_by: dict[str, str] = {}
    stale: set[str] = set()
    for file in files:
        row = stored.get(file.path)
        if row is None or row.digest != file.digest or not row.objects_made.items() <= digests.items():
            stale.add(file.path)
        if row:
            made_by |= dict.fromkeys(row.objects_made, file.path)
    plan.foreign = sorted(digests.keys() - made_by.keys())
    plan.doomed = {identity for identity in digests if made_by.get(identity, "") in {"", *stale}}
    while bound := find_dependants(connection, plan.doomed, plan.objects):
        stale |= {made_by[identity] for identity in bound}
        plan.doomed |= {identity for identity in digests if made_by.get(identity) in stale}
    plan.stale = [file for file in files if file.path in stale]
    return plan


def make_way_for_migrations(*, plan: list[tuple[Migration, bool]], using: str, **kwargs: Any) -> None:
    """Drop all objects of the files before migrations are unapplied: a trigger or a policy holds its columns.

    Meanwhile the tables refuse everybody. `migrate` applies the files again once the migrations are done.
    """
    goes_back = any(is_backwards for _, is_backwards in plan)
    if goes_back and SqlFile._meta.db_table in connections[using].introspection.table_names():
        apply_sql_files([], using=using)


def files_to_apply(using: str = DEFAULT_DB_ALIAS) -> tuple[SourceFile, ...] | None:
    """Return the files of the apps that are migrated; None while another app has migrations to be applied.

    An app whose migrations are all unapplied has no tables, so that its files have nothing to say.
    """
    executor = MigrationExecutor(connections[using])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    pending = {migration.app_label for migration, _ in plan}
    ours = {file.app_label for file in read_source_files()}
    unmade = ours & pending - {label for label, _ in executor.loader.applied_migrations}
    if pending - unmade:
        return None
    return tuple(file for file in read_source_files() if file.app_label not in unmade)


def _run(connection: BaseDatabaseWrapper, plan: Plan) -> None:
    before = read_objects(connection)
    for file in plan.stale:
        with _explained(file.path, file.text):
            # Not by Django's cursor: it would prepare a text of several statements once it has seen it often enough.
            connection.connection.execute(file.text, prepare=False)
        after = read_objects(connection)
        changed = [identity for identity, each in before.items() if after.get(identity) != each]
        if changed:
            raise SqlFilesError(f"{file.path} changes what another file makes: {', '.join(changed)}.")
        _remember(connection, file, [after[identity] for identity in after.keys() - before.keys()])
        before = after


def _remember(connection: BaseDatabaseWrapper, file: SourceFile, made: Iterable[DatabaseObject]) -> None:
    rows = SqlFile.objects.using(connection.alias)
    row = rows.filter(pk=file.path).first() or SqlFile(path=file.path, digest=file.digest)
    former = [each for each in [row.digest, *row.former_digests] if each != file.digest]
    row.digest, row.former_digests = file.digest, former[:KEPT_DIGESTS]
    row.objects_made = {each.identity: each.digest for each in made}
    row.save(using=connection.alias)


@contextmanager
def _explained(where: str, text: str = "") -> Iterator[None]:
    """Raise SqlFilesError for an error of PostgreSQL's, with the line of the text that it points to."""
    try:
        yield
    except (psycopg.Error, DatabaseError) as error:
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        if isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise SqlFilesError(
                f"{where}: another transaction keeps a table locked. No SQL file was applied; run `manage.py migrate` "
                "again."
            ) from error
        position = cause.diag.statement_position if text and isinstance(cause, psycopg.Error) else None
        line = f", line {text[: int(position)].count(chr(10)) + 1}" if position else ""
        raise SqlFilesError(f"{where}{line}: {error}") from error
