import os

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from psycopg.conninfo import conninfo_to_dict

from database.roles import OWNER, WEB, WORKER, create_roles

# The login that each process's URL should name.
ROLES_BY_VARIABLE = {"DATABASE_URL": WEB, "DATABASE_OWNER_URL": OWNER, "DATABASE_WORKER_URL": WORKER}


class Command(BaseCommand):
    help = (
        "Creates the database and its roles, with the passwords in the processes' URLs. Connects with "
        "DATABASE_ADMIN_URL (a superuser or a managed service's admin), else with DATABASE_URL. Safe to run again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--test", action="store_true", help="also create nrghax_test, and let the owner create test databases"
        )

    def handle(self, *args, **options) -> None:
        application, passwords = _application_logins()
        try:
            with psycopg.connect(settings.DATABASE_ADMIN_URL, autocommit=True) as admin:
                outcome = create_roles(
                    admin,
                    database=application.get("dbname") or admin.info.dbname,
                    passwords=passwords,
                    login=application.get("user", ""),
                    for_tests=options["test"],
                )
        except psycopg.errors.InsufficientPrivilege as error:
            raise CommandError(
                f"{error.diag.message_primary}. DATABASE_ADMIN_URL must name a superuser, or the admin that created "
                "the roles."
            ) from error
        except psycopg.OperationalError as error:
            raise CommandError(f"The database server can't be reached: {error}") from error
        for warning in outcome.warnings:
            self.stderr.write(self.style.WARNING(warning))
        if options["verbosity"] > 1:
            for change in outcome.changes:
                self.stdout.write(change)
        self.stdout.write(f"Roles: {len(outcome.changes) or 'no'} changes.")


def _application_logins() -> tuple[dict[str, str], dict[str, str]]:
    """Return the database and login of DATABASE_URL, and the passwords of our roles from all URLs.

    The login is empty if it is one of our roles.
    """
    application: dict[str, str] = {}
    passwords = {}
    for variable, role in ROLES_BY_VARIABLE.items():
        try:
            url = conninfo_to_dict(os.environ.get(variable, ""))
        except psycopg.ProgrammingError as error:
            # The error's own text repeats the URL, with its password.
            raise CommandError(f"{variable} is no URL of a PostgreSQL database.") from error.with_traceback(None)
        if variable == "DATABASE_URL":
            application = {"dbname": url.get("dbname", ""), "user": url.get("user", "")}
        if url.get("user") == role and url.get("password"):
            passwords[role] = url["password"]
    if application["user"] in ROLES_BY_VARIABLE.values():
        application["user"] = ""
    return application, passwords
