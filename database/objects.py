"""The database objects that SQL files define, read from PostgreSQL's catalogue (sql/objects.sql).

An object's identity is a text such as `function app.uid()` or `policy member_own ON users`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from django.db.backends.base.base import BaseDatabaseWrapper

from database.statements import read_statement

# Objects that PostgreSQL binds to one of these functions. Functions with a quoted body are missing here: they look up
# the functions that they call by name.
DEPENDANTS = """
SELECT DISTINCT classid, objid FROM pg_depend
WHERE refclassid = 'pg_proc'::regclass AND refobjid = ANY (%s) AND deptype = 'n'
"""


@dataclass(frozen=True)
class DatabaseObject:
    identity: str
    digest: str
    drop_sql: str
    catalogue_key: tuple[int | None, int | None]

    @property
    def is_function(self) -> bool:
        return self.identity.startswith(("function ", "procedure "))


def read_objects(connection: BaseDatabaseWrapper) -> dict[str, DatabaseObject]:
    """Return all objects of the database by identity. Names are spelled for a search path of `public`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', 'public', true)")
        cursor.execute(read_statement("database", "objects"))
        return {
            identity: DatabaseObject(identity, sha256(definition.encode()).hexdigest()[:16], drop_sql, (catalogue, oid))
            for identity, definition, drop_sql, catalogue, oid in cursor.fetchall()
        }


def find_dependants(
    connection: BaseDatabaseWrapper, chosen: Collection[str], objects: Mapping[str, DatabaseObject]
) -> set[str]:
    """Return the identities of other objects that depend on one of the chosen functions."""
    functions = [objects[identity].catalogue_key[1] for identity in chosen if objects[identity].is_function]
    with connection.cursor() as cursor:
        cursor.execute(DEPENDANTS, [functions])
        keys = set(cursor.fetchall())
    return {identity for identity, each in objects.items() if each.catalogue_key in keys} - set(chosen)


def drop_objects(connection: BaseDatabaseWrapper, objects: Iterable[DatabaseObject]) -> None:
    """Drop objects, functions last. Raises DatabaseError if an object outside `objects` depends on one of them."""
    to_drop = list(objects)
    functions = [each.drop_sql for each in to_drop if each.is_function]
    with connection.cursor() as cursor:
        for each in to_drop:
            if not each.is_function:
                cursor.execute(each.drop_sql)
        # One statement, because functions may depend on each other.
        if functions:
            cursor.execute(f"DROP ROUTINE {', '.join(functions)}")
