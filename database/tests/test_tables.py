"""Every table is either protected by row security or listed here as public."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

PUBLIC = {
    "achievements",
    "auth_permission",
    "challenges",
    "django_content_type",
    "django_migrations",
    "hack_categories",
    "hacks",
    "sql_files",
}
OUR_APPS = {path.parent.name for path in settings.BASE_DIR.glob("*/migrations")}
VISITORS = ("nrghax_anon", "nrghax_member", "nrghax_auth")


def rows(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@pytest.mark.django_db
def test_every_table_is_public_or_protected():
    tables = dict(
        rows(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p')
            """
        )
    )
    assert tables.keys() >= PUBLIC
    unprotected = {name for name, protected in tables.items() if not protected}
    assert unprotected == PUBLIC


@pytest.mark.django_db
def test_visitors_cannot_write_public_tables():
    writable = rows(
        """
        SELECT r.role, t.name, p.privilege
        FROM unnest(%s::text[]) AS r(role), unnest(%s::text[]) AS t(name),
             unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) AS p(privilege)
        WHERE has_table_privilege(r.role, t.name, p.privilege)
        """,
        list(VISITORS),
        sorted(PUBLIC),
    )
    assert writable == []


@pytest.mark.django_db
def test_web_login_has_no_table_rights():
    granted = rows(
        """
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')
          AND (has_table_privilege('nrghax_web', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
               OR has_any_column_privilege('nrghax_web', c.oid, 'SELECT, INSERT, UPDATE'))
        """
    )
    assert granted == []


@pytest.mark.django_db
def test_partitions_have_no_policies_and_no_grants():
    partitions = rows(
        """
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
               (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid),
               (SELECT count(*) FROM aclexplode(c.relacl) WHERE grantee <> c.relowner)
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'user_activity_logs'::regclass
        """
    )
    assert len(partitions) >= 4
    for name, has_row_security, policies, grants in partitions:
        assert (has_row_security, policies, grants or 0) == (True, 0, 0), name


@pytest.mark.django_db
def test_policies_call_uid_once_per_statement():
    """PostgreSQL calls app.uid() for each row unless a subquery wraps it. A full scan is then 24 times slower."""
    unwrapped = rows(
        """
        SELECT tablename, policyname FROM pg_policies
        WHERE replace(COALESCE(qual, '') || COALESCE(with_check, ''), 'SELECT app.uid()', '') LIKE '%%app.uid()%%'
        """
    )
    assert unwrapped == []


@pytest.mark.django_db
def test_policy_columns_are_first_in_an_index():
    unindexed = rows(
        r"""
        SELECT p.tablename, compared.columns[1] FROM pg_policies p,
          regexp_matches(p.qual, '[( ](\w+) = \( SELECT app\.uid\(\)', 'g') AS compared(columns)
        WHERE NOT EXISTS (
          SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = p.tablename::regclass AND a.attname = compared.columns[1]
        )
        """
    )
    assert unindexed == []


@pytest.mark.django_db
def test_security_definer_functions_have_empty_search_path_and_no_public_callers():
    insecure = rows(
        """
        SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND (NOT 'search_path=""' = ANY (COALESCE(p.proconfig, '{}'))
               OR has_function_privilege('nrghax_web', p.oid, 'EXECUTE')
               OR has_function_privilege('nrghax_anon', p.oid, 'EXECUTE'))
        """
    )
    assert insecure == []


@pytest.mark.django_db
def test_schema_has_no_native_enums():
    native = rows(
        "SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
        "WHERE typtype = 'e' AND n.nspname = 'public'"
    )
    assert native == []


@pytest.mark.django_db
def test_no_index_is_the_beginning_of_another():
    """Such an index is written with every row for nothing, and the planner may take it for the better one."""
    ours = [model._meta.db_table for model in apps.get_models() if model.__module__.split(".")[0] in OUR_APPS]
    redundant = rows(
        """
        SELECT short.indexrelid::regclass::text, long.indexrelid::regclass::text
        FROM pg_index AS short JOIN pg_index AS long USING (indrelid)
        WHERE indrelid = ANY (%s::regclass[]) AND short.indexrelid <> long.indexrelid
          AND NOT short.indisunique AND short.indpred IS NULL AND long.indpred IS NULL
          AND short.indexprs IS NULL AND long.indexprs IS NULL AND short.indnkeyatts < long.indnkeyatts
          AND starts_with(long.indkey::text || ' ', short.indkey::text || ' ')
        """,
        ours,
    )
    assert len(ours) > 25
    assert redundant == []
