"""Read tables and functions from PostgreSQL's catalogue, for docs/database.md.

Queries return names of roles instead of oids, and every list is sorted. Two databases that the same migrations made
therefore give equal results.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from database.statements import Row


@dataclass
class Table:
    name: str
    partition_key: str = ""
    columns: list[Row] = field(default_factory=list)
    constraints: list[Row] = field(default_factory=list)
    indexes: list[Row] = field(default_factory=list)
    policies: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    triggers: list[Row] = field(default_factory=list)
    has_row_security: bool = False


@dataclass
class Schema:
    tables: dict[str, Table]
    functions: list[Row]
    extensions: list[str]


# Partitions are left out: their parent table describes them.
TABLES = """
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS has_row_security,
       COALESCE(pg_get_partkeydef(c.oid), '') AS partition_key
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1
"""
COLUMNS = """
SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull AS is_required, pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated <> '' AS is_generated,
       a.attidentity <> '' AS is_identity
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""
# NOT NULL is left out, because only PostgreSQL 18 and later list it here. TRIGGERS returns the constraint triggers.
CONSTRAINTS = """
SELECT c.relname AS table, o.conname AS name, o.contype AS kind, pg_get_constraintdef(o.oid) AS definition,
       o.confrelid::regclass::text AS target,
       ARRAY(SELECT a.attname FROM unnest(o.conkey) WITH ORDINALITY AS k (attnum, position)
             JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum ORDER BY k.position) AS columns
FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND o.contype IN ('p', 'u', 'f', 'c', 'x')
ORDER BY c.relname, array_position(ARRAY['p', 'u', 'x', 'f', 'c'], o.contype::text), o.conname
"""
INDEXES = """
SELECT c.relname AS table, x.relname AS name, pg_get_indexdef(i.indexrelid) AS definition, i.indisunique AS is_unique
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (
  SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.conrelid = i.indrelid
)
ORDER BY c.relname, x.relname
"""
POLICIES = """
SELECT tablename AS table, policyname AS name, permissive = 'RESTRICTIVE' AS is_restrictive, roles::text[] AS roles,
       cmd AS command, qual AS using, with_check
FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename, policyname
"""
GRANTS = """
WITH given AS (
  SELECT c.relname, c.relowner, a.*, NULL::text AS column_name, 0 AS position
  FROM pg_class c, aclexplode(c.relacl) a
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  UNION ALL
  SELECT c.relname, c.relowner, a.*, t.attname, t.attnum
  FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
)
SELECT relname AS table, COALESCE(pg_get_userbyid(NULLIF(grantee, 0)), 'PUBLIC') AS role, privilege_type AS privilege,
       array_remove(array_agg(column_name ORDER BY position), NULL) AS columns
FROM given WHERE grantee <> relowner
GROUP BY relname, grantee, privilege_type, column_name IS NULL
ORDER BY relname, role,
         array_position(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'], privilege_type) NULLS LAST,
         privilege_type, column_name IS NULL DESC
"""
TRIGGERS = """
SELECT c.relname AS table, t.tgname AS name, pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgparentid = 0
ORDER BY c.relname, t.tgname
"""
FUNCTIONS = """
SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments,
       pg_get_function_result(p.oid) AS result, p.prokind = 'p' AS is_procedure, p.prosecdef AS is_definer,
       p.provolatile AS volatility, obj_description(p.oid, 'pg_proc') AS comment,
       ARRAY(SELECT COALESCE(pg_get_userbyid(NULLIF(a.grantee, 0)), 'PUBLIC')
             FROM aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
             WHERE a.grantee <> p.proowner ORDER BY 1) AS callers
FROM pg_proc p WHERE p.pronamespace = 'app'::regnamespace ORDER BY p.proname, 2
"""
EXTENSIONS = "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"


def read_schema() -> Schema:
    """Return the schema of the connected database. Expressions are spelled for a search path of `public` alone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path'), set_config('search_path', 'public', true)")
        search_path = cursor.fetchone()[0]

        def rows(query: str) -> list[Row]:
            cursor.execute(query)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        parts: dict[str, Any] = {
            part: _by_table(rows(query))
            for part, query in {
                "columns": COLUMNS,
                "constraints": CONSTRAINTS,
                "indexes": INDEXES,
                "policies": POLICIES,
                "grants": GRANTS,
                "triggers": TRIGGERS,
            }.items()
        }
        tables = {
            row["name"]: Table(**row, **{part: rows_of[row["name"]] for part, rows_of in parts.items()})
            for row in rows(TABLES)
        }
        schema = Schema(tables, rows(FUNCTIONS), [row["name"] for row in rows(EXTENSIONS)])
        cursor.execute("SELECT set_config('search_path', %s, true)", [search_path])
        return schema


def _by_table(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.pop("table")].append(row)
    return grouped
