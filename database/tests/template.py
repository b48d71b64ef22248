"""The migrated template database that all test runs and pytest workers copy.

Its name ends with a hash of the files that define its schema. It is created under another name and renamed once it is
complete, so that later runs never use what an interrupted run left.
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
    """Create a database in the state that `migrate` leaves. Replace an existing one of that name."""
    with template() as migrated, connected_as_owner() as owner:
        create_database(owner, name, template=migrated)
    # A copy has the grants inside its template, but not those on the database itself.
    grant_logins(name)


def create_empty_database(name: str) -> None:
    """Create a database in the state that `createroles` leaves: the owner can migrate it, the logins can connect."""
    with connected_as_owner() as owner:
        create_database(owner, name, template="template1")
    grant_logins(name)


def grant_logins(name: str) -> None:
    with psycopg.connect(url_of(connection.settings_dict["USER"], name), autocommit=True) as owner:
        prepare_database(owner, logins=[TEST, WEB, WORKER, BACKUP])


def schema_version() -> str:
    """Return a hash of all files that define a migrated database, including other packages' migrations."""
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
    """Create a database and migrate it as the owner, in a new process that reads the current files."""
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
        raise RuntimeError(f"The test database can't be migrated:\n{done.stderr}")


def owner_environment(database: str) -> dict[str, str]:
    """Return the environment of a process that connects to this database as the owner."""
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
    """Yield the name of the current version's template. No other process drops it during the block.

    If there is no template of this version, drop those of other versions and call `make`. Processes lock the file
    `lock`, which the kernel unlocks when a process ends.
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
            # PostgreSQL can't copy a template while a client is connected to it.
            owner.execute(_format("ALTER DATABASE {} ALLOW_CONNECTIONS false", unfinished))
            owner.execute(_format("ALTER DATABASE {} RENAME TO {}", unfinished, name))
        yield name


@contextmanager
def connected_as_owner() -> Iterator[Connection]:
    """Yield a connection of the owner that can create and drop databases."""
    with psycopg.connect(url_of(connection.settings_dict["USER"], "postgres"), autocommit=True) as owner:
        owner.execute(_format("SET ROLE {}", OWNER))
        yield owner


def create_database(owner: Connection, name: str, *, template: str) -> None:
    drop_database(owner, name)
    owner.execute(_format("CREATE DATABASE {} TEMPLATE {}", name, template))


def drop_database(owner: Connection, name: str) -> None:
    try:
        owner.execute(_format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
    except psycopg.errors.InsufficientPrivilege:
        # Autovacuum is at work there, and FORCE would end it as this user. Without FORCE, the server ends it.
        owner.execute(_format("DROP DATABASE IF EXISTS {}", name))


def _format(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
