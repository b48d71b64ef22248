import gzip
import io
import subprocess
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from psycopg.conninfo import make_conninfo

from database.management.commands.databasedoc import fresh_database
from dev.embedded.postgres import POSTGRES_BIN

RELEASED = settings.BASE_DIR / "database" / "tests" / "released.dump.gz"


class Command(BaseCommand):
    help = (
        "Write database/tests/released.dump.gz: a database of this version with the seeds and the demo logins. A test "
        "upgrades it. Run this once for each release, after its last migration."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=RELEASED, help="write to another file")

    def handle(self, *args, **options) -> None:
        with fresh_database() as name:
            call_command("loaddata", "seeds", verbosity=0)
            call_command("demologins", stdout=io.StringIO())
            text = _dump(name)
        options["to"].write_bytes(gzip.compress(text.encode(), mtime=0))
        self.stdout.write(f"Written: {options['to']}")


def _dump(database: str) -> str:
    """Return the database as SQL that any client can run, without psql's own commands."""
    # The admin dumps it: row security would hide rows from the owner.
    address = make_conninfo(settings.DATABASE_ADMIN_URL, dbname=database)
    command = [POSTGRES_BIN / "pg_dump", "--inserts", "--dbname", address]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "".join(line for line in dump.splitlines(keepends=True) if not line.startswith("\\"))
