"""Every table is either content for all or protected: a new one that is neither fails here."""

import pytest
from django.db import connection

PUBLIC = {
    "achievements",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "challenges",
    "django_content_type",
    "django_migrations",
    "hack_categories",
    "hacks",
    "sql_files",
}
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
def test_visitors_cannot_write_what_is_public():
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
def test_the_web_login_has_no_table_rights_of_its_own():
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
def test_partitions_are_sealed():
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
    for name, sealed, policies, grants in partitions:
        assert (sealed, policies, grants or 0) == (True, 0, 0), name


@pytest.mark.django_db
def test_policies_ask_who_it_is_once_a_statement():
    """app.uid() unwrapped would be called for every row: 24 times slower on a full scan."""
    unwrapped = rows(
        """
        SELECT tablename, policyname FROM pg_policies
        WHERE replace(COALESCE(qual, '') || COALESCE(with_check, ''), 'SELECT app.uid()', '') LIKE '%%app.uid()%%'
        """
    )
    assert unwrapped == []


@pytest.mark.django_db
def test_policy_columns_lead_an_index():
    unindexed = rows(
        r"""
        SELECT p.tablename, asked.columns[1] FROM pg_policies p,
          regexp_matches(p.qual, '[( ](\w+) = \( SELECT app\.uid\(\)', 'g') AS asked(columns)
        WHERE NOT EXISTS (
          SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = p.tablename::regclass AND a.attname = asked.columns[1]
        )
        """
    )
    assert unindexed == []


@pytest.mark.django_db
def test_definer_functions_have_an_empty_search_path_and_are_not_for_everybody():
    loose = rows(
        """
        SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND (NOT 'search_path=""' = ANY (COALESCE(p.proconfig, '{}'))
               OR has_function_privilege('nrghax_web', p.oid, 'EXECUTE')
               OR has_function_privilege('nrghax_anon', p.oid, 'EXECUTE'))
        """
    )
    assert loose == []


@pytest.mark.django_db
def test_enums_are_text_with_a_check():
    native = rows(
        "SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
        "WHERE typtype = 'e' AND n.nspname = 'public'"
    )
    assert native == []
