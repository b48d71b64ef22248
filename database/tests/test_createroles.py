"""Tests of the database roles, on a separate cluster: roles belong to a whole cluster, which other tests share."""

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege

from database.roles import create_roles
from dev.embedded.postgres import Postgres

# The expected roles: superuser, inherit, createrole, createdb, login, replication, bypassrls.
ATTRIBUTES = {
    "nrghax_anon": (False, True, False, False, False, False, False),
    "nrghax_auth": (False, True, False, False, False, False, False),
    "nrghax_backup": (False, True, False, False, True, True, True),
    "nrghax_member": (False, True, False, False, False, False, False),
    "nrghax_owner": (False, True, False, False, True, False, False),
    "nrghax_staff": (False, True, False, False, False, False, False),
    "nrghax_web": (False, False, False, False, True, False, False),
    "nrghax_worker": (False, False, False, False, True, False, False),
}
MEMBERSHIPS = {
    ("nrghax_backup", "pg_read_all_data"),
    ("nrghax_web", "nrghax_anon"),
    ("nrghax_web", "nrghax_auth"),
    ("nrghax_web", "nrghax_member"),
    ("nrghax_web", "nrghax_staff"),
    ("nrghax_worker", "nrghax_member"),
}
CLEANUP = (
    "DROP DATABASE IF EXISTS nrghax WITH (FORCE)",
    *(f"DROP ROLE IF EXISTS {name}" for name in (*ATTRIBUTES, "nrghax_test", "stranger")),
    # The admin comes last, because its grants are gone once the other roles are dropped.
    "DROP ROLE IF EXISTS admin",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    postgres = Postgres(tmp_path_factory.mktemp("roles") / "postgres", {"fsync": "off", "shared_buffers": "16MB"})
    postgres.start()
    yield postgres
    postgres.stop()


@pytest.fixture
def connect(cluster):
    """A function that connects to the cluster as any user. The fixture closes the connections."""
    connections = []

    def connect(user="postgres", database="postgres"):
        connections.append(psycopg.connect(cluster.url(user, database), autocommit=True))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


@pytest.fixture
def superuser(connect):
    connection = connect()
    for statement in CLEANUP:
        connection.execute(statement)
    return connection


def attributes(connection):
    rows = connection.execute(
        "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, "
        "rolbypassrls FROM pg_roles WHERE rolname LIKE 'nrghax%'"
    )
    return {name: tuple(values) for name, *values in rows}


def memberships(connection):
    return set(
        connection.execute(
            "SELECT pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members "
            "WHERE pg_get_userbyid(member) LIKE 'nrghax%'"
        )
    )


def can_become(connection, role):
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    except InsufficientPrivilege:
        return False
    connection.execute("RESET ROLE")
    return True


def test_first_run_creates_roles_and_second_run_changes_nothing(superuser):
    first = create_roles(superuser, database="nrghax")

    assert first.changes
    assert first.warnings == []
    assert attributes(superuser) == ATTRIBUTES
    assert memberships(superuser) == MEMBERSHIPS
    assert create_roles(superuser, database="nrghax").changes == []


def test_added_attributes_and_memberships_are_revoked(superuser):
    create_roles(superuser, database="nrghax")
    superuser.execute("ALTER ROLE nrghax_web CREATEDB CREATEROLE INHERIT BYPASSRLS SUPERUSER")
    superuser.execute("GRANT nrghax_owner, nrghax_worker TO nrghax_web")
    superuser.execute("GRANT nrghax_backup, pg_execute_server_program TO nrghax_owner")
    superuser.execute("GRANT nrghax_member TO nrghax_web WITH INHERIT TRUE")
    superuser.execute("GRANT ALL ON DATABASE nrghax TO PUBLIC")

    changes = create_roles(superuser, database="nrghax").changes

    assert len(changes) == 12
    assert attributes(superuser) == ATTRIBUTES
    assert memberships(superuser) == MEMBERSHIPS


def test_dangerous_rights_of_our_roles_are_taken_back(superuser, connect):
    create_roles(superuser, database="nrghax")
    for statement in (
        "CREATE ROLE admin",
        "GRANT nrghax_staff TO admin WITH ADMIN OPTION",
        "GRANT nrghax_staff TO nrghax_web WITH INHERIT TRUE GRANTED BY admin",
        "GRANT nrghax_member TO nrghax_web WITH ADMIN OPTION",
        "ALTER ROLE nrghax_web SET role = 'nrghax_staff'",
        "ALTER ROLE nrghax_member IN DATABASE nrghax SET app.user_id = '1'",
        "ALTER ROLE nrghax_web SET statement_timeout = '5s'",
        "GRANT SET ON PARAMETER session_replication_role TO nrghax_member",
        "GRANT CREATE, TEMPORARY ON DATABASE nrghax TO nrghax_web",
    ):
        superuser.execute(statement)
    connect(database="nrghax").execute("GRANT CREATE ON SCHEMA public TO nrghax_member")

    outcome = create_roles(superuser, database="nrghax")

    assert outcome.changes == [
        'ALTER ROLE "nrghax_member" IN DATABASE "nrghax" RESET "app"."user_id"',
        'REVOKE ALL ON PARAMETER "session_replication_role" FROM "nrghax_member"',
        'REVOKE "nrghax_member" FROM "nrghax_web" GRANTED BY "postgres"',
        'REVOKE "nrghax_staff" FROM "nrghax_web" GRANTED BY "admin"',
        'GRANT "nrghax_member" TO "nrghax_web" WITH INHERIT FALSE, SET TRUE',
        'ALTER ROLE "nrghax_web" RESET "role"',
        'REVOKE CREATE, TEMPORARY ON DATABASE "nrghax" FROM "nrghax_web"',
        'REVOKE CREATE ON SCHEMA public FROM "nrghax_member"',
    ]
    assert create_roles(superuser, database="nrghax").changes == []
    assert memberships(superuser) == MEMBERSHIPS
    web = connect("nrghax_web", "nrghax")
    # A setting of the operator stays.
    assert web.execute("SHOW role").fetchone() + web.execute("SHOW statement_timeout").fetchone() == ("none", "5s")
    superuser.execute("ALTER ROLE nrghax_web RESET statement_timeout")


def test_other_members_of_our_roles_are_reported(superuser):
    create_roles(superuser, database="nrghax")
    superuser.execute("CREATE ROLE stranger LOGIN")
    superuser.execute("GRANT nrghax_owner, nrghax_staff TO stranger")

    outcome = create_roles(superuser, database="nrghax")

    assert outcome.changes == []
    assert outcome.warnings == ["stranger can act as nrghax_owner, nrghax_staff. If it should not, revoke it."]


def test_web_login_has_no_rights_until_it_becomes_visitor(superuser, connect):
    create_roles(superuser, database="nrghax")
    connect("nrghax_owner", "nrghax").execute("CREATE TABLE t (i int); GRANT SELECT ON t TO nrghax_member")
    web = connect("nrghax_web", "nrghax")

    with pytest.raises(InsufficientPrivilege):
        web.execute("SELECT * FROM t")
    web.execute("SET ROLE nrghax_member")
    assert web.execute("SELECT * FROM t").fetchall() == []
    web.execute("RESET ROLE")
    assert not can_become(web, "nrghax_owner")
    assert not can_become(web, "nrghax_worker")
    assert not can_become(web, "postgres")


def test_worker_can_become_member_but_does_not_inherit_its_rights(superuser, connect):
    create_roles(superuser, database="nrghax")
    connect("nrghax_owner", "nrghax").execute("CREATE TABLE t (i int); GRANT SELECT ON t TO nrghax_member")
    worker = connect("nrghax_worker", "nrghax")

    with pytest.raises(InsufficientPrivilege):
        worker.execute("SELECT * FROM t")
    assert can_become(worker, "nrghax_member")
    assert not can_become(worker, "nrghax_staff")
    assert not can_become(worker, "nrghax_owner")


def test_backup_reads_everything(superuser, connect):
    create_roles(superuser, database="nrghax")
    connect("nrghax_owner", "nrghax").execute("CREATE TABLE t AS SELECT 1 AS i")

    assert connect("nrghax_backup", "nrghax").execute("SELECT i FROM t").fetchone() == (1,)


def test_other_logins_cannot_connect_and_only_owner_creates_objects(superuser, connect):
    create_roles(superuser, database="nrghax")
    superuser.execute("CREATE ROLE stranger LOGIN")

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect("stranger", "nrghax")
    # Even with a connection, another login could not use the schema.
    (usage,) = (
        connect(database="nrghax").execute("SELECT has_schema_privilege('stranger', 'public', 'USAGE')").fetchone()
    )
    assert not usage
    for login in ("nrghax_web", "nrghax_worker", "nrghax_backup"):
        connection = connect(login, "nrghax")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine (i int)")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("CREATE TEMP TABLE mine (i int)")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("CREATE SCHEMA mine")
    connect("nrghax_owner", "nrghax").execute("CREATE SCHEMA ours")
    assert connect("nrghax_web", "nrghax").execute("SHOW search_path").fetchone() == ("public",)


def test_existing_database_gets_our_owner(superuser):
    superuser.execute("CREATE DATABASE nrghax")

    create_roles(superuser, database="nrghax")

    assert superuser.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'nrghax'").fetchone() == (
        "nrghax_owner",
    )


def test_test_login_can_become_every_role(superuser, connect):
    create_roles(superuser, database="nrghax", for_tests=True)

    # A later run without `for_tests` keeps the test login.
    assert create_roles(superuser, database="nrghax").changes == []
    tester = connect("nrghax_test", "nrghax")
    for role in ("nrghax_anon", "nrghax_member", "nrghax_auth", "nrghax_staff", "nrghax_worker", "nrghax_owner"):
        assert can_become(tester, role)
    connect("nrghax_owner", "nrghax").execute("CREATE DATABASE test_mine")
    superuser.execute("DROP DATABASE test_mine")


def test_admin_of_managed_service_has_enough_rights(superuser, connect):
    superuser.execute("CREATE ROLE admin LOGIN CREATEROLE CREATEDB")
    admin = connect("admin")

    outcome = create_roles(admin, database="nrghax")

    expected = {**ATTRIBUTES, "nrghax_backup": (False, True, False, False, True, False, False)}
    assert attributes(superuser) == expected
    assert memberships(superuser) == MEMBERSHIPS - {("nrghax_backup", "pg_read_all_data")}
    assert len(outcome.warnings) == 3
    assert all("nrghax_backup" in warning for warning in outcome.warnings)
    assert create_roles(admin, database="nrghax").changes == []


def test_login_of_another_name_can_become_our_roles(superuser, connect):
    superuser.execute("CREATE ROLE stranger LOGIN")

    create_roles(superuser, database="nrghax", login="stranger")

    login = connect("stranger", "nrghax")
    for role in ("nrghax_web", "nrghax_worker", "nrghax_owner", "nrghax_anon", "nrghax_member"):
        assert can_become(login, role)
    with pytest.raises(InsufficientPrivilege):
        login.execute("CREATE TABLE public.mine (i int)")
    assert create_roles(superuser, database="nrghax", login="stranger").changes == []


def test_passwords_come_from_urls_and_stay_out_of_log(superuser, cluster, settings, monkeypatch):
    settings.DATABASE_ADMIN_URL = cluster.url()
    for variable, role in (
        ("DATABASE_URL", "nrghax_web"),
        ("DATABASE_OWNER_URL", "nrghax_owner"),
        ("DATABASE_WORKER_URL", "nrghax_worker"),
    ):
        monkeypatch.setenv(variable, f"postgresql://{role}:secret-of-{role}@db.example/nrghax")
    superuser.execute("ALTER SYSTEM SET log_statement = 'all'")
    superuser.execute("SELECT pg_reload_conf()")

    call_command("createroles", verbosity=0)

    superuser.execute("ALTER SYSTEM RESET log_statement")
    superuser.execute("SELECT pg_reload_conf()")
    hashes = dict(superuser.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword <> ''"))
    assert hashes.keys() == {"nrghax_web", "nrghax_owner", "nrghax_worker"}
    assert all(value.startswith("SCRAM-SHA-256$") for value in hashes.values())
    log = cluster.log.read_text()
    assert "ALTER ROLE" in log
    assert "secret-of" not in log


def test_command_explains_missing_rights_and_unreachable_server(superuser, cluster, settings, monkeypatch):
    superuser.execute("CREATE ROLE stranger LOGIN")
    settings.DATABASE_ADMIN_URL = cluster.url("stranger")
    monkeypatch.setenv("DATABASE_URL", "postgresql://stranger@db.example/nrghax")
    with pytest.raises(CommandError, match="DATABASE_ADMIN_URL must name a superuser, or the admin that created"):
        call_command("createroles", verbosity=0)

    settings.DATABASE_ADMIN_URL = make_conninfo(cluster.url(), host="/nowhere")
    with pytest.raises(CommandError, match="can't be reached"):
        call_command("createroles", verbosity=0)


@pytest.mark.parametrize("url", ["psql://nrghax_web:secret@db.example/nrghax", "postgresql://w:secret@db/x?foo=bar"])
def test_command_names_malformed_url_without_its_password(monkeypatch, url):
    monkeypatch.setenv("DATABASE_WORKER_URL", url)

    with pytest.raises(CommandError) as refused:
        call_command("createroles", verbosity=0)

    assert str(refused.value) == "DATABASE_WORKER_URL is no URL of a PostgreSQL database."
