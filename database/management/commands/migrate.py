import sys
from typing import Any

from django.core.checks.registry import registry
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from database.sql_files import Plan, SqlFilesError, apply_sql_files, files_to_apply, make_plan


class Command(migrate.Command):
    help = f"{migrate.Command.help} Then applies the SQL files of the apps (<app>/sql/schema/*.sql)."

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[str, Any]:
        """Leave out the drift check of the SQL files: this command fixes the drift."""
        tags = registry.tags_available() - {"sql_files"}
        return {**super().get_check_kwargs(options), "tags": tags}

    def handle(self, *args, **options) -> None:
        super().handle(*args, **options)
        using, is_quiet = options["database"], options["verbosity"] == 0
        files = files_to_apply(using)
        if files is None:
            if not is_quiet:
                self.stdout.write("SQL files: not applied, because some migrations are unapplied.")
            return
        if options["plan"] or options["check_unapplied"]:
            plan = make_plan(connections[using], files)
        else:
            try:
                plan = apply_sql_files(files, using=using)
            except SqlFilesError as error:
                raise CommandError(str(error)) from error
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
