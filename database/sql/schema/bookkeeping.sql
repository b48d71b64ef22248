-- What `migrate` has applied: a health check compares it with the files of its own release.
GRANT SELECT ON django_migrations, sql_files TO nrghax_anon, nrghax_staff, nrghax_worker;
