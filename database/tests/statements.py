"""Run SQL that the database may refuse."""

from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction


def attempt(statement: str, parameters: Sequence = ()) -> int | str:
    """Run a statement. Return its number of rows or, if the database refuses it, the name of psycopg's error class."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement, parameters)
                return cursor.rowcount
        except DatabaseError as error:
            return type(error.__cause__).__name__
