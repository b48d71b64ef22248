import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from database.document import PATH, document


class Command(BaseCommand):
    help = (
        "Writes docs/database.md from the models and from a database that is made for it, migrated, and dropped again, "
        "so that what a developer's own database went through does not show."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=PATH, help="another file to write")

    def handle(self, *args, **options) -> None:
        with _fresh_database():
            text = document()
        options["to"].write_text(text)
        self.stdout.write(f"Written: {options['to']}")


@contextmanager
def _fresh_database() -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"nrghax_databasedoc_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
