"""The template is made once for all copies, is never used half-made and is dropped once it is stale."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from database.tests.template import connected_as_owner, create_database, drop_database, template

CLOSED = """
    SELECT NOT EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0),
           has_database_privilege('nrghax_web', oid, 'CONNECT')
    FROM pg_database WHERE datname = current_database()
"""


class Workshop:
    """Makes templates, with nothing in them, under a prefix of this process's own."""

    def __init__(self, lock):
        self.prefix = f"{connection.settings_dict['NAME']}_template_"
        self.lock = lock
        self.made = 0

    def make(self, database):
        self.made += 1
        with connected_as_owner() as owner:
            create_database(owner, database, template="template0")

    def make_half(self, database):
        self.make(database)
        raise KeyboardInterrupt

    def need(self, version, make=None):
        """Return the templates that there are while one of this version is used."""
        make = make or self.make
        with (
            template(version=lambda: version, make=make, prefix=self.prefix, lock=self.lock),
            connected_as_owner() as owner,
        ):
            return self.templates(owner)

    def templates(self, owner):
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        return {name.removeprefix(self.prefix) for (name,) in owner.execute(query, [self.prefix])}


@pytest.fixture
def workshop(db, tmp_path):
    workshop = Workshop(tmp_path / "lock")
    yield workshop
    with connected_as_owner() as owner:
        for name in workshop.templates(owner):
            drop_database(owner, workshop.prefix + name)


def test_template_is_made_once_until_its_version_changes(workshop):
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(workshop.need, ["a", "a"])) == [{"a"}, {"a"}]
    assert workshop.made == 1
    assert workshop.need("b") == {"b"}


def test_interrupted_template_is_made_again(workshop):
    with pytest.raises(KeyboardInterrupt):
        workshop.need("a", make=workshop.make_half)
    assert workshop.need("a") == {"a"}
    assert workshop.made == 2


def test_template_of_files_that_changed_meanwhile_is_refused(workshop):
    versions = iter(["a", "b"])
    with (
        pytest.raises(RuntimeError, match="run the tests again"),
        template(version=lambda: next(versions), make=workshop.make, prefix=workshop.prefix, lock=workshop.lock),
    ):
        pass
    assert workshop.need("a") == {"a"}
    assert workshop.made == 2


@pytest.mark.django_db
def test_copy_is_closed_to_all_but_our_logins():
    with connection.cursor() as cursor:
        cursor.execute(CLOSED)
        assert cursor.fetchone() == (True, True)
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("public",)
