-- These tables record what `migrate` has applied. The health check compares them with the files of its own release.
GRANT SELECT ON django_migrations, sql_files TO nrghax_anon, nrghax_staff, nrghax_worker;
