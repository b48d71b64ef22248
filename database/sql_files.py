"""Apply the files `<app>/sql/schema/*.sql` after `migrate`.

A file defines functions, triggers, policies, grants and the CHECKs that call functions, in their current version;
Django's migrations create the tables. A file is applied if its text changed, or if one of its objects is missing or was
altered: its objects are dropped, then its text is run. A file whose objects depend on a dropped function is applied
too, and so is a file that calls a dropped procedure. An object that no file defines is dropped. The reasons are in
docs/decisions/sql.md.
"""

import re
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

# For each lock.
LOCK_TIMEOUT = "5s"
# The procedures that a file calls at its top level. A call in the body of a function is indented.
CALLED = re.compile(r"^CALL (app\.\w+)\(", re.MULTILINE)
COMMENT = re.compile(r"--.*")
FUNCTION = re.compile(r"\bapp\.\w+(?=\()")
ENDS_TRANSACTION = re.compile(r"^\s*(?:COMMIT|ROLLBACK)\b", re.MULTILINE | re.IGNORECASE)


class SqlFilesError(Exception):
    """The files could not be applied, and nothing was changed. The message names the cause."""


class NewerReleaseError(SqlFilesError):
    """A newer release has migrated the database. Its policies and grants are not those of this release's files."""


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
    """The difference between the files and the database.

    `stale` holds the files to run, in order. `to_drop` holds the objects to drop before. `unmanaged` holds the objects
    that no file defines.
    """

    files: Sequence[SourceFile]
    rows: dict[str, SqlFile]
    objects: dict[str, DatabaseObject]
    stale: list[SourceFile] = field(default_factory=list)
    to_drop: set[str] = field(default_factory=set)
    unmanaged: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.stale or self.to_drop or self.unmanaged)


@cache
def read_source_files() -> tuple[SourceFile, ...]:
    """Return the files of all apps, in the order of INSTALLED_APPS, then by name."""
    found = []
    for config in apps.get_app_configs():
        for path in sorted(Path(config.path, "sql", "schema").glob("*.sql")):
            name = str(path.relative_to(settings.BASE_DIR))
            found.append(SourceFile(config.label, name, path.read_text()))
    return tuple(found)


def apply_sql_files(
    files: Sequence[SourceFile], *, using: str = DEFAULT_DB_ALIAS, lock_timeout: str = LOCK_TIMEOUT
) -> Plan:
    """Apply the stale files and drop unmanaged objects, in one transaction; return the plan that was carried out.

    Should be called as the owner, after the migrations. `migrate` lets only one process at a time do it. Raises
    SqlFilesError.
    """
    if committing := [file.path for file in files if ENDS_TRANSACTION.search(file.text)]:
        raise SqlFilesError(f"{', '.join(committing)}: a file must not end the transaction that applies all files.")
    connection = connections[using]
    with transaction.atomic(using):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [lock_timeout])
        with _database_errors_explained("Outdated objects can't be dropped"):
            plan = make_plan(connection, files)
            unmanaged = plan.unmanaged
            # REVOKE on a table also revokes the grants on its columns. Those may belong to another file: plan again.
            while to_drop := plan.to_drop:
                drop_objects(connection, [each for identity, each in plan.objects.items() if identity in to_drop])
                plan = make_plan(connection, files)
                if survivors := to_drop & plan.to_drop:
                    raise SqlFilesError(
                        f"{connection.settings_dict['USER']} can't drop {', '.join(sorted(survivors))}."
                    )
            plan.unmanaged = unmanaged
        _record(connection, plan, _run(connection, plan))
    return plan


def make_plan(connection: BaseDatabaseWrapper, files: Sequence[SourceFile]) -> Plan:
    """Compare the files with the record of applied files and with the objects in the database."""
    rows = {row.path: row for row in SqlFile.objects.using(connection.alias)}
    plan = Plan(files, rows, read_objects(connection))
    digests = {identity: each.digest for identity, each in plan.objects.items()}
    made_by: dict[str, str] = {}
    stale: set[str] = set()
    for file in files:
        row = rows.get(file.path)
        if row is None or row.digest != file.digest or not row.objects_made.items() <= digests.items():
            stale.add(file.path)
        if row:
            made_by |= dict.fromkeys(row.objects_made, file.path)
    plan.unmanaged = sorted(digests.keys() - made_by.keys())
    plan.to_drop = {identity for identity in digests if made_by.get(identity, "") in {"", *stale}}
    while True:
        dependants = find_dependants(connection, plan.to_drop, plan.objects)
        more = {made_by[identity] for identity in dependants} | _callers(files, plan.to_drop)
        if more <= stale:
            break
        stale |= more
        plan.to_drop |= {identity for identity in digests if made_by.get(identity) in stale}
    plan.stale = [file for file in files if file.path in stale]
    return plan


def _callers(files: Sequence[SourceFile], chosen: Iterable[str]) -> set[str]:
    """Return the paths of the files that call one of the chosen procedures when they are applied."""
    procedures = {identity.split("(")[0].removeprefix("procedure ") for identity in chosen}
    return {file.path for file in files if not procedures.isdisjoint(CALLED.findall(file.text))}


def drop_objects_before_unapplying(*, plan: list[tuple[Migration, bool]], using: str, **kwargs: Any) -> None:
    """Drop all objects of the files before migrations are unapplied. A receiver of `pre_migrate`.

    PostgreSQL refuses to drop a column that a trigger or a policy uses. Until `migrate` applies the files again, only
    the owner can use the tables.
    """
    is_unapplying = any(is_backwards for _, is_backwards in plan)
    if is_unapplying and SqlFile._meta.db_table in connections[using].introspection.table_names():
        apply_sql_files([], using=using)
        SqlFile.objects.using(using).all().delete()


def files_to_apply(using: str = DEFAULT_DB_ALIAS) -> tuple[SourceFile, ...] | None:
    """Return the files to apply, or None if the migrations are incomplete.

    The files of an app without any applied migration are left out: it has no tables. Any other unapplied migration
    makes the result None. Raises NewerReleaseError: this release would drop the policies and grants of tables
    that it doesn't know.
    """
    executor = MigrationExecutor(connections[using])
    loader = executor.loader
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    pending = {migration.app_label for migration, _ in plan}
    ours = {file.app_label for file in read_source_files()}
    without_tables = ours & pending - {label for label, _ in loader.applied_migrations}
    unknown = [key for key in loader.applied_migrations if key[0] in ours and key not in loader.disk_migrations]
    if unknown:
        names = ", ".join(f"{label}.{name}" for label, name in sorted(unknown))
        raise NewerReleaseError(
            f"The database holds migrations that this release doesn't have: {names}. It belongs to a newer release, so "
            "it was left alone. If the migrations were removed on purpose, run `manage.py migrate <app> --prune`."
        )
    if pending - without_tables:
        return None
    return tuple(file for file in read_source_files() if file.app_label not in without_tables)


def _run(connection: BaseDatabaseWrapper, plan: Plan) -> dict[str, dict[str, str]]:
    """Run the stale files; return the digests of the objects that each made, by path and identity."""
    made: dict[str, dict[str, str]] = {}
    before = plan.objects
    if plan.stale:
        with connection.cursor() as cursor:
            # The files rely on it: only a GRANT lets a role call a function.
            cursor.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    for file in plan.stale:
        with _database_errors_explained(file.path, file.text):
            # Django's cursor would prepare a text that it runs repeatedly. Several statements can't be prepared.
            connection.connection.execute(file.text, prepare=False)
        after = read_objects(connection)
        changed = [identity for identity, each in before.items() if after.get(identity) != each]
        if changed:
            raise SqlFilesError(f"{file.path} changes objects of another file: {', '.join(changed)}.")
        made[file.path] = {identity: after[identity].digest for identity in after.keys() - before.keys()}
        before = after
    if plan.stale:
        _check_calls(plan.files, before)
    return made


def _check_calls(files: Sequence[SourceFile], objects: dict[str, DatabaseObject]) -> None:
    """Raise SqlFilesError if a file names a function that doesn't exist. PostgreSQL looks into a body when it runs."""
    existing = {identity.partition(" ")[2].partition("(")[0] for identity in objects}
    for file in files:
        missing = sorted(set(FUNCTION.findall(COMMENT.sub("", file.text))) - existing)
        if missing:
            raise SqlFilesError(f"{file.path} calls {', '.join(missing)}, which no file defines.")


def _record(connection: BaseDatabaseWrapper, plan: Plan, made: dict[str, dict[str, str]]) -> None:
    """Save the files that were applied. A removed file keeps its row, so a process of an older release stays ready."""
    rows = []
    for file in plan.stale:
        row = plan.rows.get(file.path) or SqlFile(path=file.path)
        row.replace(file.digest, made[file.path])
        rows.append(row)
    for path in plan.rows.keys() - {file.path for file in plan.files}:
        row = plan.rows[path]
        if row.digest:
            row.replace("", {})
            rows.append(row)
    SqlFile.objects.using(connection.alias).bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["path"],
        update_fields=["digest", "former_digests", "objects_made", "applied_at"],
    )


@contextmanager
def _database_errors_explained(where: str, text: str = "") -> Iterator[None]:
    """Turn errors of PostgreSQL into SqlFilesError, with the line of `text` that caused them."""
    try:
        yield
    except (psycopg.Error, DatabaseError) as error:
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        if isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise SqlFilesError(
                f"{where}: another transaction locks a table. No SQL file was applied. Run the same command again."
            ) from error
        position = cause.diag.statement_position if text and isinstance(cause, psycopg.Error) else None
        line = f", line {text[: int(position)].count(chr(10)) + 1}" if position else ""
        raise SqlFilesError(f"{where}{line}: {error}") from error
