"""SQL as a login of the product would send it."""

from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction


def attempt(statement: str, parameters: Sequence = ()) -> int | str:
    """Run a statement; return its number of rows, or the class of the error with which the database refuses it."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement, parameters)
                return cursor.rowcount
        except DatabaseError as error:
            return type(error.__cause__).__name__
