"""docs/database.md matches the database."""

import os
import re
import subprocess
import sys
import warnings

import pytest
from django.conf import settings
from django.db import connection

from database import document as databasedoc
from database.identity import Role, database_identity

STALE = "docs/database.md is stale: run `make docs` and commit the result."


def outline(text):
    """Return the names in the text, without expressions: their spelling depends on PostgreSQL's major version."""
    kept = re.sub(r"as PostgreSQL \d+ spells them", "", text)
    return [line.split(" | ")[0] for line in kept.splitlines()]


@pytest.mark.django_db
def test_file_matches_catalogue():
    written, expected = databasedoc.PATH.read_text(), databasedoc.document()
    major = connection.pg_version // 10_000

    assert outline(written) == outline(expected), STALE
    if f"as PostgreSQL {major} spells them" in written:
        assert written == expected, STALE
    else:
        warnings.warn(f"Only names were compared: PostgreSQL {major} spells expressions differently.", stacklevel=1)


@pytest.mark.django_db
def test_document_does_not_depend_on_search_path():
    before = databasedoc.document()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = app, pg_catalog")
        assert databasedoc.document() == before
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("app, pg_catalog",)


@pytest.mark.django_db
def test_document_shows_changes_of_database():
    with database_identity(Role.OWNER), connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TABLE pebbles (
              id uuid PRIMARY KEY, weight integer DEFAULT 3 CONSTRAINT pebble_light CHECK (weight < 9),
              user_id uuid UNIQUE REFERENCES users, shape text DEFAULT 'round|flat'
            );
            CREATE INDEX pebbles_by_weight ON pebbles (weight);
            CALL app.protect('pebbles');
            CALL app.track_updated_at('pebbles');
            CREATE POLICY member_light ON pebbles AS RESTRICTIVE FOR UPDATE TO nrghax_member USING (weight < 5);
            GRANT UPDATE (weight, id) ON pebbles TO nrghax_member;
            CREATE FUNCTION app.throw() RETURNS void LANGUAGE sql AS 'SELECT';
            COMMENT ON FUNCTION app.throw() IS 'Out of the window.';
            """
        )
        text = databasedoc.document()

    section = text.partition("### pebbles\n")[2].partition("\n##")[0]
    assert "| `weight` | integer | yes | `3` |  |" in section
    assert r"`'round\|flat'::text`" in section
    assert "| `user_id` | uuid | yes |  | → users |" in section
    assert "| `pebble_light` | `CHECK ((weight < 9))` |" in section
    assert "| `pebbles_by_weight` | `btree (weight)` |" in section
    assert "`BEFORE UPDATE ON pebbles FOR EACH ROW EXECUTE FUNCTION app.update_updated_at_column()`" in section
    assert "| `member_light` (restrictive) | `nrghax_member` | UPDATE | `(weight < 5)` | `(weight < 5)` |" in section
    assert "| `nrghax_member` | UPDATE (id, weight) |" in section
    assert '  users |o--o| pebbles : "user_id"' in text
    assert "Out of the window." in text.partition("### app.throw\n")[2].partition("\n###")[0]


def test_each_of_our_models_has_a_docstring():
    ours = {model for model in databasedoc.models_by_table().values() if databasedoc.is_ours(model)}

    assert len(ours) >= 10
    assert [model.__name__ for model in ours if not databasedoc.purpose(model)] == []


@pytest.mark.django_db
def test_command_creates_temporary_database_and_drops_it(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "NRGHAX_PROCESS"}
    file = tmp_path / "database.md"

    done = subprocess.Popen(
        [sys.executable, "manage.py", "databasedoc", "--to", file],
        cwd=settings.BASE_DIR,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, errors = done.communicate()

    assert done.returncode == 0, errors
    assert file.read_text() == databasedoc.document()
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname = %s", [f"nrghax_fresh_{done.pid}"])
        assert cursor.fetchall() == []
