"""The template is created once for all copies, is never used before it is complete and is dropped once it is stale."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from database.tests.template import connected_as_owner, create_database, drop_database, template

CLOSED = """
    SELECT NOT EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0),
           has_database_privilege('nrghax_web', oid, 'CONNECT')
    FROM pg_database WHERE datname = current_database()
"""


class TemplateMaker:
    """Create empty templates under a prefix of this process."""

    def __init__(self, lock):
        self.prefix = f"{connection.settings_dict['NAME']}_template_"
        self.lock = lock
        self.made = 0

    def make(self, database):
        self.made += 1
        with connected_as_owner() as owner:
            create_database(owner, database, template="template0")

    def make_interrupted(self, database):
        self.make(database)
        raise KeyboardInterrupt

    def use(self, version, make=None):
        """Use the template of this version. Return the versions of all templates that exist meanwhile."""
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
def maker(db, tmp_path):
    maker = TemplateMaker(tmp_path / "lock")
    yield maker
    with connected_as_owner() as owner:
        for name in maker.templates(owner):
            drop_database(owner, maker.prefix + name)


def test_template_is_created_once_per_version(maker):
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(maker.use, ["a", "a"])) == [{"a"}, {"a"}]
    assert maker.made == 1
    assert maker.use("b") == {"b"}


def test_interrupted_template_is_created_again(maker):
    with pytest.raises(KeyboardInterrupt):
        maker.use("a", make=maker.make_interrupted)
    assert maker.use("a") == {"a"}
    assert maker.made == 2


def test_template_is_refused_when_files_change_meanwhile(maker):
    versions = iter(["a", "b"])
    with (
        pytest.raises(RuntimeError, match="run the tests again"),
        template(version=lambda: next(versions), make=maker.make, prefix=maker.prefix, lock=maker.lock),
    ):
        pass
    assert maker.use("a") == {"a"}
    assert maker.made == 2


@pytest.mark.django_db
def test_copy_is_open_to_our_logins_only():
    with connection.cursor() as cursor:
        cursor.execute(CLOSED)
        assert cursor.fetchone() == (True, True)
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("public",)
