"""Rights that somebody gave our roles beyond those of roles.py. `createroles` takes them back."""

from collections.abc import Collection

from psycopg import Connection, sql

from database.role_changes import Outcome, compose, run

# A role of ours must not begin its sessions with one of these.
FORBIDDEN_SETTINGS = (
    "app.user_id",
    "role",
    "row_security",
    "search_path",
    "session_authorization",
    "session_replication_role",
)


def take_back_settings(admin: Connection, role: str, outcome: Outcome) -> None:
    """Reset settings that would give a login's sessions another role or switch off triggers, and rights to set them."""
    for database, name in admin.execute(_SETTINGS, [role, [*FORBIDDEN_SETTINGS]]).fetchall():
        where = compose(" IN DATABASE {}", database) if database else sql.SQL("")
        setting = sql.SQL(".").join(map(sql.Identifier, name.split(".")))
        run(admin, outcome, compose("ALTER ROLE {}", role) + where + sql.SQL(" RESET ") + setting)
    for (name,) in admin.execute(_SETTABLE, [role]).fetchall():
        setting = sql.SQL(".").join(map(sql.Identifier, name.split(".")))
        run(admin, outcome, sql.SQL("REVOKE ALL ON PARAMETER ") + setting + compose(" FROM {}", role))


_SETTINGS = """
    SELECT datname, split_part(setting, '=', 1)
    FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole
    LEFT JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) AS setting
    WHERE rolname = %s AND split_part(setting, '=', 1) = ANY (%s) ORDER BY 1, 2
"""
_SETTABLE = """
    SELECT DISTINCT parname FROM pg_parameter_acl, aclexplode(paracl) WHERE pg_get_userbyid(grantee) = %s ORDER BY 1
"""


def warn_of_members(admin: Connection, names: Collection[str], login: str, outcome: Outcome) -> None:
    """Warn of other logins that can act as one of our roles: whether they should is the operator's decision."""
    query = (
        "SELECT pg_get_userbyid(member), string_agg(DISTINCT pg_get_userbyid(roleid), ', ') "
        "FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member "
        "WHERE pg_get_userbyid(roleid) = ANY (%s) AND NOT rolsuper AND rolname <> ALL (%s) GROUP BY 1 ORDER BY 1"
    )
    for member, roles in admin.execute(query, [[*names], [*names, login, admin.info.user]]).fetchall():
        outcome.warnings.append(f"{member} can act as {roles}. If it should not, revoke it.")


def take_back_rights_to_create(connection: Connection, names: Collection[str], outcome: Outcome) -> None:
    """Revoke rights of these roles to create anything in the connected database: only the owner creates."""
    for privileges, target, name in connection.execute(_RIGHTS_TO_CREATE, [[*names]]).fetchall():
        what = compose("DATABASE {}", connection.info.dbname) if target == "database" else sql.SQL("SCHEMA public")
        run(connection, outcome, compose(f"REVOKE {privileges} ON ") + what + compose(" FROM {}", name))


_RIGHTS_TO_CREATE = """
    SELECT string_agg(privilege_type, ', '), target, pg_get_userbyid(grantee) FROM (
      SELECT 'database' AS target, a.* FROM pg_database, aclexplode(datacl) a WHERE datname = current_database()
      UNION ALL
      SELECT 'schema', a.* FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'public'
    ) AS rights
    WHERE privilege_type IN ('CREATE', 'TEMPORARY') AND pg_get_userbyid(grantee) = ANY (%s)
    GROUP BY target, grantee ORDER BY 2, 3
"""
