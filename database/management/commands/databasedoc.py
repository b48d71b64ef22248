import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from database.document import PATH, document


class Command(BaseCommand):
    help = (
        "Writes docs/database.md from the models and from a temporary, freshly migrated database. Your own database is "
        "not read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=PATH, help="file to write (default: docs/database.md)")

    def handle(self, *args, **options) -> None:
        with fresh_database():
            text = document()
        options["to"].write_text(text)
        self.stdout.write(f"Wrote {options['to']}")


@contextmanager
def fresh_database() -> Iterator[str]:
    """Connect to a new, migrated database for the block, and drop it afterwards. Yield its name."""
    own, name = connection.settings_dict["NAME"], f"nrghax_fresh_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = name
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        yield name
    finally:
        # Django connects to the new database before it migrates it.
        if connection.settings_dict["NAME"] == name:
            connection.creation.destroy_test_db(own, verbosity=0)
