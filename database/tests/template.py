"""One migrated database that all test runs and workers copy.

Its name ends with the version of what it was made of. It is made under another name and renamed once it is complete:
an interrupted run leaves nothing that a later run would trust.
"""

import fcntl
import os
import subprocess
import sys
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

from database.roles import BACKUP, OWNER, TEST, WEB, WORKER, prepare_database
from database.tests.connections import url_of

PREFIX = "test_nrghax_template_"
LOCK = Path(settings.BASE_DIR, ".local", "test-template.lock")


def create_migrated_database(name: str) -> None:
    """Create a database as `migrate` leaves it, in place of one of that name."""
    with template() as migrated, connected_as_owner() as owner:
        create_database(owner, name, template=migrated)
    # A copy has the rights inside its template, not those to the database itself.
    grant_logins(name)


def create_empty_database(name: str) -> None:
    """Create a database as `createroles` leaves it: the owner can migrate it, and the logins can connect."""
    with connected_as_owner() as owner:
        create_database(owner, name, template="template1")
    grant_logins(name)


def grant_logins(name: str) -> None:
    with psycopg.connect(url_of(connection.settings_dict["USER"], name), autocommit=True) as owner:
        prepare_database(owner, logins=[TEST, WEB, WORKER, BACKUP])


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


def migrate(database: str) -> None:
    """Create a database and migrate it in a process of the owner's, which reads the files as they are now."""
    with connected_as_owner() as owner:
        create_database(owner, database, template="template1")
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env=owner_environment(database),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The tests' database can't be migrated:\n{done.stderr}")


def owner_environment(database: str) -> dict[str, str]:
    """Return the environment of a process that is the owner on this database."""
    url = url_of(OWNER, database)
    return {**os.environ, "NRGHAX_PROCESS": "owner", "DATABASE_URL": url, "DATABASE_OWNER_URL": url, "DEBUG": "on"}


@contextmanager
def template(
    *,
    version: Callable[[], str] = schema_version,
    make: Callable[[str], None] = migrate,
    prefix: str = PREFIX,
    lock: Path = LOCK,
) -> Iterator[str]:
    """The name of the template of the present version, which no other process drops meanwhile.

    `make` makes a database where there is none of this version; templates of other versions are dropped. Processes
    wait for each other at the file `lock`, which the kernel frees when one ends.
    """
    with lock.open("w") as file, connected_as_owner() as owner:
        fcntl.flock(file, fcntl.LOCK_EX)
        made_of = version()
        name, unfinished = prefix + made_of, f"{prefix}unfinished"
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        found = [row[0] for row in owner.execute(query, [prefix])]
        if name not in found:
            for stale in found:
                drop_database(owner, stale)
            make(unfinished)
            if version() != made_of:
                raise RuntimeError("A migration or an SQL file changed while it was applied: run the tests again.")
            # A template that somebody is connected to can't be copied.
            owner.execute(_on("ALTER DATABASE {} ALLOW_CONNECTIONS false", unfinished))
            owner.execute(_on("ALTER DATABASE {} RENAME TO {}", unfinished, name))
        yield name


@contextmanager
def connected_as_owner() -> Iterator[Connection]:
    """A connection that makes and drops databases."""
    with psycopg.connect(url_of(connection.settings_dict["USER"], "postgres"), autocommit=True) as owner:
        owner.execute(_on("SET ROLE {}", OWNER))
        yield owner


def create_database(owner: Connection, name: str, *, template: str) -> None:
    drop_database(owner, name)
    owner.execute(_on("CREATE DATABASE {} TEMPLATE {}", name, template))


def drop_database(owner: Connection, name: str) -> None:
    owner.execute(_on("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))


def _on(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
