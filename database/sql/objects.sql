-- Return the objects that the files of sql/schema/ make, each with its definition and the command that drops it. The
-- definition is the catalogue's own text, so that every change of an object is found. Triggers and
-- row security of partitions are left out, because the parent table and a function make them. So are tables of another
-- owner, such as those of an extension: the owner of the schema app can't change them.
WITH tables AS (
  SELECT oid, relname, relowner, relacl, relrowsecurity, relforcerowsecurity, relispartition, oid::regclass AS name
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND relowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'app')
), grants AS (
  SELECT format('TABLE %s', name) AS target, a.grantee, a.privilege_type, NULL AS column_name, a.is_grantable
  FROM tables, aclexplode(relacl) a WHERE a.grantee <> relowner
  UNION ALL
  SELECT format('TABLE %s', name), a.grantee, a.privilege_type, quote_ident(t.attname), a.is_grantable
  FROM tables JOIN pg_attribute t ON t.attrelid = tables.oid, aclexplode(t.attacl) a WHERE a.grantee <> relowner
  UNION ALL
  SELECT 'SCHEMA app', a.grantee, a.privilege_type, NULL, a.is_grantable
  FROM pg_namespace, aclexplode(nspacl) a WHERE nspname = 'app' AND a.grantee <> nspowner
)
SELECT format('%s %s', CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, oid::regprocedure) AS identity,
       pg_get_functiondef(oid) || array_to_string(ARRAY(SELECT unnest(proacl)::text ORDER BY 1), ' ') AS definition,
       oid::regprocedure::text AS drop_sql, tableoid, oid
FROM pg_proc WHERE pronamespace = to_regnamespace('app') AND prokind IN ('f', 'p')
UNION ALL
SELECT format('trigger %s ON %s', tgname, name), pg_get_triggerdef(t.oid) || tgenabled::text,
       format('DROP TRIGGER %I ON %s', tgname, name), t.tableoid, t.oid
FROM pg_trigger t JOIN tables ON tables.oid = tgrelid WHERE NOT tgisinternal AND NOT relispartition
UNION ALL
SELECT format('policy %s ON %s', polname, name),
       concat_ws(' | ', polcmd, polpermissive,
                 ARRAY(SELECT pg_get_userbyid(role) FROM unnest(polroles) AS role ORDER BY 1),
                 'USING', pg_get_expr(polqual, polrelid), 'CHECK', pg_get_expr(polwithcheck, polrelid)),
       format('DROP POLICY %I ON %s', polname, name), p.tableoid, p.oid
FROM pg_policy p JOIN tables ON tables.oid = polrelid
UNION ALL
-- CHECKs that call a function of the schema app. All other CHECKs belong to the models.
SELECT format('constraint %s ON %s', conname, name), pg_get_constraintdef(c.oid),
       format('ALTER TABLE %s DROP CONSTRAINT %I', name, conname), c.tableoid, c.oid
FROM pg_constraint c JOIN tables ON tables.oid = conrelid
WHERE contype = 'c' AND NOT relispartition AND EXISTS (
  SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
  WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.refclassid = 'pg_proc'::regclass
    AND p.pronamespace = to_regnamespace('app')
)
UNION ALL
SELECT format('row security ON %s', name), concat(relrowsecurity, relforcerowsecurity),
       format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', name), NULL, NULL
FROM tables WHERE (relrowsecurity OR relforcerowsecurity) AND NOT relispartition
UNION ALL
SELECT format('grant %s%s ON %s TO %s', privilege_type, min(' of columns') FILTER (WHERE column_name IS NOT NULL),
              lower(split_part(target, ' ', 1)) || ' ' || split_part(target, ' ', 2), role),
       concat(string_agg(column_name, ', ' ORDER BY column_name), bool_or(is_grantable)),
       format('REVOKE %s%s ON %s FROM %s', privilege_type,
              '(' || string_agg(column_name, ', ' ORDER BY column_name) || ')', target, role), NULL, NULL
FROM grants, COALESCE(quote_ident(pg_get_userbyid(NULLIF(grantee, 0))), 'PUBLIC') AS role
GROUP BY privilege_type, target, role, column_name IS NULL
