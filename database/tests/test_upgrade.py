"""`migrate` upgrades a database of the last release to the schema of a fresh one."""

import gzip
import re

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from database.document import document
from database.roles import OWNER
from database.tests.connections import url_of
from database.tests.processes import run_in
from dev.management.commands.dumprelease import RELEASED

# Prints the upgraded database in the format of docs/database.md, the warnings of the drift check, and the data.
UPGRADE = """
import json
from accounts.models import User
from database.checks import check_sql_files
from database.document import document
from django.core.management import call_command
from hacks.models import Hack

call_command("migrate", verbosity=0)
print(json.dumps({
    "document": document(),
    "warnings": [str(each) for each in check_sql_files(None, databases=["default"])],
    "users": sorted(User.objects.values_list("email", flat=True)),
    "hacks": Hack.objects.count(),
}))
"""


def without_casts(text: str) -> str:
    """Return the text without casts and parentheses. PostgreSQL spells them differently in a restored dump."""
    return re.sub(r"::(character varying|text)(\[\])?|[()]", "", text)


@pytest.fixture
def released_database(empty_database):
    with psycopg.connect(url_of(connection.settings_dict["USER"], empty_database), autocommit=True) as owner:
        owner.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        owner.execute(gzip.decompress(RELEASED.read_bytes()).decode())
    return empty_database


@pytest.mark.django_db
def test_released_database_upgrades_to_schema_of_fresh_one(released_database):
    upgraded = run_in(released_database, UPGRADE)

    assert upgraded["warnings"] == []
    assert without_casts(upgraded["document"]) == without_casts(document())
    assert upgraded["users"] == ["learner@example.com", "staff@example.com"]
    assert upgraded["hacks"] == 31
