"""One migrated database that all test runs and workers copy.

Its name ends with the version of what it was made of. It is made under another name and renamed once it is complete:
an interrupted run leaves nothing that a later run would trust.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import django
import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from psycopg import Connection, sql

from database.roles import OWNER
from database.tests.connections import url_of

PREFIX = "test_nrghax_template_"


def schema_version() -> str:
    """Return a hash of the files that decide what is in a migrated database: other packages' migrations too."""
    files = {
        *Path(settings.BASE_DIR, "database").glob("*.py"),
        *Path(settings.BASE_DIR, "database", "management").rglob("*.py"),
        *Path(settings.BASE_DIR, "database", "sql").glob("*.sql"),
    }
    for config in apps.get_app_configs():
        files.update(Path(config.path, "migrations").rglob("*.py"))
        files.update(Path(config.path, "sql", "schema").glob("*.sql"))
    version = sha256(repr((django.VERSION, settings.INSTALLED_APPS)).encode())
    for file in sorted(files):
        version.update(f"\0{file}\0".encode() + file.read_bytes())
    return version.hexdigest()[:16]


@contextmanager
def connected_as_owner() -> Iterator[Connection]:
    """A connection that makes and drops databases."""
    with psycopg.connect(url_of(connection.settings_dict["USER"], "postgres"), autocommit=True) as owner:
        owner.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        yield owner


def create_copy(name: str, version: str, *, make: Callable[[str], None], lock: Path, prefix: str = PREFIX) -> None:
    """Create the database `name` from the template of this version; `make` makes a database where there is none yet.

    Drops templates of other versions. Processes that share `lock` wait for each other; the kernel frees it when one ends.
    """
    template, unfinished = prefix + version, f"{prefix}unfinished"
    with lock.open("w") as file, connected_as_owner() as owner:
        fcntl.flock(file, fcntl.LOCK_EX)
        templates = _databases(owner, prefix)
        if template not in templates:
            for each in templates:
                drop_database(owner, each)
            make(unfinished)
            # A template that somebody is connected to can't be copied.
            owner.execute(_on("ALTER DATABASE {} ALLOW_CONNECTIONS false", unfinished))
            owner.execute(_on("ALTER DATABASE {} RENAME TO {}", unfinished, template))
        drop_database(owner, name)
        owner.execute(_on("CREATE DATABASE {} TEMPLATE {}", name, template))


def drop_database(owner: Connection, name: str) -> None:
    owner.execute(_on("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))


def _databases(owner: Connection, prefix: str) -> list[str]:
    return [name for (name,) in owner.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])]


def _on(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
