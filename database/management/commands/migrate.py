import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, connections, transaction

from database.checks import without_drift_check
from database.sql_files import NewerReleaseError, Plan, SqlFilesError, apply_sql_files, files_to_apply, make_plan


class Command(migrate.Command):
    help = f"{migrate.Command.help} Then applies the SQL files of the apps (<app>/sql/schema/*.sql)."

    def execute(self, *args, **options) -> str | None:
        with without_drift_check():
            return super().execute(*args, **options)

    def handle(self, *args, **options) -> None:
        is_only_shown = options["plan"] or options["check_unapplied"]
        try:
            with nullcontext() if is_only_shown else self._taking_turns(options["database"]):
                super().handle(*args, **options)
                self._handle_sql_files(options)
        except SqlFilesError as error:
            raise CommandError(str(error)) from error

    @contextmanager
    def _taking_turns(self, using: str) -> Iterator[None]:
        """Let two deploys at once migrate one after the other. The second one then finds nothing to do.

        The lock belongs to the session, because Django commits each migration.
        """
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('nrghax migrate'))")
            if not cursor.fetchone()[0]:
                self.stderr.write("Another `migrate` is running. Waiting for it to end.")
                cursor.execute("SELECT pg_advisory_lock(hashtext('nrghax migrate'))")
        try:
            yield
        finally:
            # A lost connection has released the lock, and the first error says more.
            with suppress(DatabaseError), connections[using].cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('nrghax migrate'))")

    def _handle_sql_files(self, options: dict[str, Any]) -> None:
        using, is_quiet = options["database"], options["verbosity"] == 0
        try:
            files = files_to_apply(using)
        except NewerReleaseError as error:
            # No failure: while a deploy replaces the processes, one of the old release may start again.
            self.stderr.write(f"SQL files: not applied. {error}")
            return
        if files is None:
            self.stderr.write(
                "SQL files: not applied, because some migrations are unapplied. Until `manage.py migrate` has applied "
                "all, the product may be unable to read the database."
            )
            return
        if options["plan"] or options["check_unapplied"]:
            with transaction.atomic(using):
                plan = make_plan(connections[using], files)
        else:
            plan = apply_sql_files(files, using=using)
        if not is_quiet:
            self._report(plan)
        if options["check_unapplied"] and not plan.is_empty:
            sys.exit(1)

    def _report(self, plan: Plan) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING("SQL files:"))
        for identity in plan.unmanaged:
            self.stdout.write(f"  Drop {identity}, which no file defines")
        for file in plan.stale:
            self.stdout.write(f"  Apply {file.path}")
        if plan.is_empty:
            self.stdout.write("  No SQL files to apply.")
