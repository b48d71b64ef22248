"""The database roles, created and corrected by one idempotent function.

This module doesn't import Django: the embedded server, `manage.py createroles` and the test suite share it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

from database.role_changes import Outcome, compose, do, fetch_one, run
from database.role_excess import take_back_rights_to_create, take_back_settings, warn_of_members

OWNER = "nrghax_owner"
WEB = "nrghax_web"
WORKER = "nrghax_worker"
BACKUP = "nrghax_backup"
TEST = "nrghax_test"
VISITORS = ("nrghax_anon", "nrghax_member", "nrghax_auth", "nrghax_staff")

# The columns of pg_roles that `role_table` decides, each with the option of ALTER ROLE that sets it.
ATTRIBUTES = {
    "rolsuper": "SUPERUSER",
    "rolcreaterole": "CREATEROLE",
    "rolcanlogin": "LOGIN",
    "rolinherit": "INHERIT",
    "rolbypassrls": "BYPASSRLS",
    "rolreplication": "REPLICATION",
    "rolcreatedb": "CREATEDB",
}


@dataclass(frozen=True)
class RoleDefinition:
    """A database role and its memberships.

    `may_become` names the roles that it can switch to with SET ROLE. Their rights are not inherited, so that code which
    forgets to set an identity gets "permission denied". Only `inherits_from` passes rights on.
    """

    name: str
    attributes: frozenset[str]
    may_become: tuple[str, ...] = ()
    inherits_from: tuple[str, ...] = ()


def _role(name: str, attributes: str, **memberships: tuple[str, ...]) -> RoleDefinition:
    return RoleDefinition(name, frozenset(attributes.split()), **memberships)


def role_table(*, for_tests: bool = False) -> tuple[RoleDefinition, ...]:
    """Return the roles in the order in which they can be created."""
    # PostgreSQL 15 has no GRANT ... WITH INHERIT FALSE. There, the NOINHERIT of the role has the same effect.
    roles = (
        *(_role(name, "INHERIT") for name in VISITORS),
        _role(OWNER, "LOGIN INHERIT CREATEDB" if for_tests else "LOGIN INHERIT"),
        _role(WEB, "LOGIN", may_become=VISITORS),
        _role(WORKER, "LOGIN", may_become=("nrghax_member",)),
        _role(BACKUP, "LOGIN INHERIT BYPASSRLS REPLICATION", inherits_from=("pg_read_all_data",)),
    )
    if for_tests:
        roles += (_role(TEST, "LOGIN", may_become=(*VISITORS, WORKER, OWNER)),)
    return roles


def create_roles(
    admin: Connection,
    *,
    database: str,
    passwords: Mapping[str, str] | None = None,
    login: str = "",
    for_tests: bool = False,
) -> Outcome:
    """Create or correct the roles of `role_table` and `database`; return the changes. Idempotent.

    `admin` is an autocommit connection to any database of the server, of a superuser or of a managed service's admin
    (CREATEROLE, CREATEDB). `login` is the application's own login, if it uses one of another name; it gets the right
    to switch to our roles. Given passwords are always set, because stored ones can't be compared.
    """
    outcome = Outcome()
    # The lock keeps two runs from creating the same role at once.
    admin.execute("SELECT pg_advisory_lock(hashtext('nrghax createroles'))")
    try:
        for_tests = for_tests or bool(fetch_one(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", TEST))
        roles = role_table(for_tests=for_tests)
        for role in roles:
            _ensure_role(admin, role, outcome)
        for role in roles:
            _ensure_memberships(admin, role, outcome)
            take_back_settings(admin, role.name, outcome)
        _ensure_can_become(admin, login, [*VISITORS, WEB, WORKER, OWNER], outcome)
        warn_of_members(admin, [role.name for role in roles], login, outcome)
        for name, password in (passwords or {}).items():
            _set_password(admin, name, password)
        _ensure_database(admin, database, outcome)
        dsn = psycopg.conninfo.make_conninfo(admin.info.dsn, dbname=database, password=admin.info.password)
        with psycopg.connect(dsn, autocommit=True) as connection:
            logins = [role.name for role in roles if "LOGIN" in role.attributes]
            # Without this grant, the admin could not connect for a second run.
            logins += [name for name in (login, admin.info.user) if name]
            prepare_database(connection, logins=logins, outcome=outcome)
    finally:
        admin.execute("SELECT pg_advisory_unlock(hashtext('nrghax createroles'))")
    return outcome


def prepare_database(connection: Connection, *, logins: Collection[str], outcome: Outcome | None = None) -> None:
    """Revoke all rights of PUBLIC on the connected database, and grant our roles theirs.

    Should be called as the database's owner or a superuser.
    """
    outcome = outcome or Outcome()
    if not _is_superuser(connection):
        connection.execute(compose("SET ROLE {}", OWNER))
    database = connection.info.dbname
    if fetch_one(connection, _OPEN_TO_PUBLIC_DATABASE):
        do(connection, outcome, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
    if fetch_one(connection, _OPEN_TO_PUBLIC_SCHEMA):
        do(connection, outcome, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    take_back_rights_to_create(connection, (*VISITORS, WEB, WORKER, BACKUP), outcome)
    for login in logins:
        if not fetch_one(connection, "SELECT has_database_privilege(%s, current_database(), 'CONNECT')", login):
            do(connection, outcome, "GRANT CONNECT ON DATABASE {} TO {}", database, login)
    if not fetch_one(connection, "SELECT has_schema_privilege(%s, 'public', 'CREATE')", OWNER):
        do(connection, outcome, "GRANT CREATE, USAGE ON SCHEMA public TO {}", OWNER)
    for name in dict.fromkeys((*VISITORS, WEB, WORKER, BACKUP, *logins)):
        if not fetch_one(connection, "SELECT has_schema_privilege(%s, 'public', 'USAGE')", name):
            do(connection, outcome, "GRANT USAGE ON SCHEMA public TO {}", name)
    # The path leaves out "$user": a schema with the name of a role would come before ours.
    if not fetch_one(connection, _HAS_SEARCH_PATH):
        do(connection, outcome, "ALTER DATABASE {} SET search_path = public", database)


_OPEN_TO_PUBLIC_DATABASE = """
    SELECT 1 FROM pg_database, aclexplode(COALESCE(datacl, acldefault('d', datdba)))
    WHERE datname = current_database() AND grantee = 0 LIMIT 1
"""
_OPEN_TO_PUBLIC_SCHEMA = """
    SELECT 1 FROM pg_namespace, aclexplode(COALESCE(nspacl, acldefault('n', nspowner)))
    WHERE nspname = 'public' AND grantee = 0 LIMIT 1
"""
_HAS_SEARCH_PATH = """
    SELECT 1 FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
    WHERE datname = current_database() AND setrole = 0 AND 'search_path=public' = ANY (setconfig)
"""


def _ensure_role(admin: Connection, role: RoleDefinition, outcome: Outcome) -> None:
    query = compose("SELECT {} FROM pg_roles WHERE rolname = %s", *ATTRIBUTES, separator=", ")
    if not (rows := admin.execute(query, [role.name]).fetchall()):
        do(admin, outcome, "CREATE ROLE {}", role.name)
        rows = admin.execute(query, [role.name]).fetchall()
    for option, is_set in zip(ATTRIBUTES.values(), *rows, strict=True):
        wanted = option in role.attributes
        if wanted != is_set:
            try:
                do(admin, outcome, f"ALTER ROLE {{}} {'' if wanted else 'NO'}{option}", role.name)
            except InsufficientPrivilege:
                if role.name != BACKUP:
                    raise
                outcome.warnings.append(
                    f"{admin.info.user} can't give {BACKUP} {option}. Use the service's own backups."
                )


def _ensure_memberships(admin: Connection, role: RoleDefinition, outcome: Outcome) -> None:
    wanted = {*role.may_become, *role.inherits_from}
    for granted, grantor, may_grant, inherits in _memberships(admin, role.name):
        if granted not in wanted or may_grant or (inherits and granted not in role.inherits_from):
            by = compose(" GRANTED BY {}", grantor) if _knows_grant_options(admin) else sql.SQL("")
            run(admin, outcome, compose("REVOKE {} FROM {}", granted, role.name) + by)
    _ensure_can_become(admin, role.name, role.may_become, outcome)
    for granted in role.inherits_from:
        if not fetch_one(admin, "SELECT pg_has_role(%s, %s, 'USAGE')", role.name, granted):
            try:
                do(admin, outcome, "GRANT {} TO {}", granted, role.name)
            except InsufficientPrivilege:
                outcome.warnings.append(f"{admin.info.user} can't grant {granted} to {role.name}.")


def _ensure_can_become(admin: Connection, login: str, names: Iterable[str], outcome: Outcome) -> None:
    if not login or fetch_one(admin, "SELECT rolsuper FROM pg_roles WHERE rolname = %s", login):
        return
    for name in names:
        if name == login or _can_become_only(admin, login, name):
            continue
        options = " WITH INHERIT FALSE, SET TRUE" if _knows_grant_options(admin) else ""
        do(admin, outcome, f"GRANT {{}} TO {{}}{options}", name, login)


def _can_become_only(admin: Connection, login: str, name: str) -> bool:
    if not _knows_grant_options(admin):
        return name in {granted for granted, *_ in _memberships(admin, login)}
    return bool(
        fetch_one(
            admin,
            "SELECT bool_or(set_option) AND NOT bool_or(inherit_option) FROM pg_auth_members "
            "WHERE member = %s::regrole AND roleid = %s::regrole",
            _quoted(admin, login),
            _quoted(admin, name),
        )
    )


def _memberships(admin: Connection, name: str) -> list[tuple[str, str, bool, bool]]:
    """Return the role, the grantor, whether it may be granted on, and whether its rights are inherited."""
    # Through JSON, because PostgreSQL 15 has no column inherit_option.
    query = (
        "SELECT pg_get_userbyid(roleid), pg_get_userbyid(grantor), admin_option, "
        "COALESCE((to_jsonb(m) ->> 'inherit_option')::boolean, false) "
        "FROM pg_auth_members m WHERE pg_get_userbyid(member) = %s ORDER BY 1, 2"
    )
    return admin.execute(query, [name]).fetchall()


def _set_password(admin: Connection, name: str, password: str) -> None:
    # The client hashes the password, so that it never appears in the server's log.
    hashed = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    admin.execute(compose("ALTER ROLE {} PASSWORD ", name) + sql.Literal(hashed))


def _ensure_database(admin: Connection, database: str, outcome: Outcome) -> None:
    owner = fetch_one(admin, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", database)
    if owner == OWNER:
        return
    # PostgreSQL lets only a member of the owner role give it a database.
    _ensure_can_become(admin, admin.info.user, [OWNER], outcome)
    if owner is None:
        query = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
        do(admin, outcome, query, database, OWNER)
    else:
        do(admin, outcome, "ALTER DATABASE {} OWNER TO {}", database, OWNER)


def _knows_grant_options(connection: Connection) -> bool:
    return connection.info.server_version >= 160000


def _is_superuser(connection: Connection) -> bool:
    return bool(fetch_one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))


def _quoted(connection: Connection, name: str) -> str:
    return sql.Identifier(name).as_string(connection)
