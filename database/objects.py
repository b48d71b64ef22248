"""The objects of the database that SQL files make, as the catalogue has them (sql/objects.sql).

An object is known by its identity: `function app.uid()`, `policy member_own ON users`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from django.db.backends.base.base import BaseDatabaseWrapper

from database.statements import read_statement

# What calls one of these functions and was bound to it when it was made; a body in quotes finds it by name instead.
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
    """Return all objects of the database by their identities. Names are written as seen with `public` in the path."""
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
    """Return the identities of other objects that are bound to one of the chosen functions."""
    functions = [objects[identity].catalogue_key[1] for identity in chosen if objects[identity].is_function]
    with connection.cursor() as cursor:
        cursor.execute(DEPENDANTS, [functions])
        keys = set(cursor.fetchall())
    return {identity for identity, each in objects.items() if each.catalogue_key in keys} - set(chosen)


def drop_objects(connection: BaseDatabaseWrapper, objects: Iterable[DatabaseObject]) -> None:
    """Drop objects, what depends on functions first. What else depends on one of them makes PostgreSQL refuse."""
    doomed = list(objects)
    functions = [each.drop_sql for each in doomed if each.is_function]
    with connection.cursor() as cursor:
        for each in doomed:
            if not each.is_function:
                cursor.execute(each.drop_sql)
        # Functions may be bound to each other.
        if functions:
            cursor.execute(f"DROP ROUTINE {', '.join(functions)}")
