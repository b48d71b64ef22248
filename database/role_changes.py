"""Statements on roles, with a record of the changes. Without Django, like roles.py."""

from dataclasses import dataclass, field

from psycopg import Connection, sql


@dataclass
class Outcome:
    """The statements that were run, and warnings about changes that the admin has no right to make."""

    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def compose(query: str, *names: str, separator: str = "") -> sql.Composed:
    identifiers = [sql.Identifier(name) for name in names]
    return sql.SQL(query).format(*([sql.SQL(separator).join(identifiers)] if separator else identifiers))


def fetch_one(connection: Connection, query: str, *arguments: str):
    row = connection.execute(query, arguments).fetchone()
    return row[0] if row else None


def do(connection: Connection, outcome: Outcome, query: str, *names: str) -> None:
    run(connection, outcome, compose(query, *names))


def run(connection: Connection, outcome: Outcome, query: sql.Composed) -> None:
    connection.execute(query)
    outcome.changes.append(query.as_string(connection))
