import pytest
from django.db import connection

from database.tests.template import (
    connected_as_owner,
    create_empty_database,
    create_migrated_database,
    drop_database,
)


@pytest.fixture
def second_database(db):
    """The name of another migrated database."""
    name = f"{connection.settings_dict['NAME']}_second"
    create_migrated_database(name)
    yield name
    with connected_as_owner() as owner:
        drop_database(owner, name)


@pytest.fixture
def empty_database(db):
    """The name of a database without tables."""
    name = f"{connection.settings_dict['NAME']}_empty"
    create_empty_database(name)
    yield name
    with connected_as_owner() as owner:
        drop_database(owner, name)
