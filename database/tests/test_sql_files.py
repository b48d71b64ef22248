"""The database contains exactly the objects that the files of sql/schema/ define."""

import re
from collections import Counter
from dataclasses import replace
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder

from database.checks import _differences
from database.identity import Role, database_identity
from database.models import SqlFile
from database.objects import read_objects
from database.sql_files import (
    SourceFile,
    SqlFilesError,
    apply_sql_files,
    drop_objects_before_unapplying,
    make_plan,
    read_source_files,
)
from database.tests.connections import url_of

pytestmark = pytest.mark.django_db

FILES = read_source_files()
# The tables that this transaction locks against reading, writing or altering.
LOCKED_TABLES = """
    SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = pg_backend_pid() AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
"""


@pytest.fixture(autouse=True)
def _run_as_owner():
    with database_identity(Role.OWNER):
        yield


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def objects():
    return {identity: each.digest for identity, each in read_objects(connection).items()}


def keys():
    """Return the objects' oids by identity. A recreated object has another oid."""
    found = read_objects(connection).items()
    return {identity: each.catalogue_key[1] for identity, each in found if each.catalogue_key[1]}


def extra(text, path="practice/sql/schema/zz_extra.sql"):
    return SourceFile("practice", path, text)


def changed(path, old="\n", new="\n-- Another line.\n"):
    """Return the files, with one of them changed."""
    assert any(path == file.path and old in file.text for file in FILES)
    return [replace(file, text=file.text.replace(old, new, 1)) if file.path == path else file for file in FILES]


def paths(plan):
    return [file.path for file in plan.stale]


class TestCatalogue:
    def test_objects_equal_recorded_objects(self):
        made = {}
        for row in SqlFile.objects.all():
            assert not made.keys() & row.objects_made.keys()
            made |= row.objects_made
        assert made == objects()
        assert {row.path: row.digest for row in SqlFile.objects.all()} == {file.path: file.digest for file in FILES}

    def test_objects_equal_definitions_in_texts(self):
        """Compare with the texts, independently of the code that applies them."""
        text = "\n".join(re.sub(r"--.*", "", file.text) for file in FILES)
        functions = re.findall(r"^CREATE (?:FUNCTION|PROCEDURE) app\.(\w+)", text, re.MULTILINE)
        policies = re.findall(r"^CREATE POLICY (\w+) ON (\w+)", text, re.MULTILINE)
        policies += [
            ("system_all", table) for table in re.findall(r"^CALL app\.protect\(\s*'(\w+)'", text, re.MULTILINE)
        ]
        policies += [
            (f"staff_{command}", table)
            for table in re.findall(r"^CALL app\.limit_staff(?:_to_members)?\('(\w+)'", text, re.MULTILINE)
            for command in ("inserts", "updates", "deletes")
        ]
        triggers = re.findall(r"^CREATE (?:CONSTRAINT )?TRIGGER (\w+)\s[^;]*?\bON (\w+)\s", text, re.MULTILINE)
        tracked = re.findall(r"^CALL app\.track_updated_at\('(\w+)'\)", text, re.MULTILINE)
        triggers += [("update_updated_at", table) for table in tracked]

        assert sorted(functions) == sorted(
            name for (name,) in run("SELECT proname FROM pg_proc WHERE pronamespace = 'app'::regnamespace")
        )
        assert sorted(policies) == sorted(run("SELECT policyname, tablename FROM pg_policies"))
        assert sorted(triggers) == sorted(
            run(
                "SELECT tgname, tgrelid::regclass::text FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
                "WHERE NOT tgisinternal AND NOT relispartition"
            )
        )

    def test_every_right_is_granted_once(self):
        """PostgreSQL accepts the same GRANT a second time, so only the texts show that it stands in two files."""
        text = "\n".join(re.sub(r"--.*", "", file.text) for file in FILES)
        grants = re.findall(
            r"^GRANT ([^;]+?)\s+ON (?!FUNCTION|PROCEDURE|SCHEMA)([^;]+?)\s+TO ([^;]+);", text, re.MULTILINE
        )
        rights = [
            (privilege, column.strip(), table.removeprefix("TABLE ").strip(), role.strip())
            for privileges, tables, roles in grants
            for privilege, columns in re.findall(r"(SELECT|INSERT|UPDATE|DELETE)\s*(\([^)]*\))?", privileges)
            for column in columns.strip("()").split(",")
            for table in tables.split(",")
            for role in roles.split(",")
        ]

        assert len(rights) > 200
        assert [right for right, times in Counter(rights).items() if times > 1] == []

    def test_reapplying_all_files_gives_same_objects(self):
        before = objects()
        SqlFile.objects.update(digest="stale")

        plan = apply_sql_files(FILES)

        assert paths(plan) == [file.path for file in FILES]
        assert objects() == before
        assert make_plan(connection, FILES).is_empty


class TestUnchanged:
    def test_unchanged_files_are_not_applied_and_lock_nothing(self):
        before = keys()

        plan = apply_sql_files(FILES)

        assert plan.is_empty
        assert keys() == before
        assert run(LOCKED_TABLES) == []

    def test_changed_file_locks_only_its_tables(self):
        before = keys()

        plan = apply_sql_files(changed("analytics/sql/schema/notifications.sql"))

        assert paths(plan) == ["analytics/sql/schema/notifications.sql"]
        recreated = {identity for identity, key in keys().items() if key != before[identity]}
        assert recreated == {identity for identity in before if identity.endswith(" ON notifications")} - {
            identity for identity in before if identity.startswith("trigger forget")
        }
        assert {table for (table,) in run(LOCKED_TABLES)} == {"notifications"}


class TestChanged:
    def test_changed_body_replaces_function(self):
        plan = apply_sql_files(changed("hacks/sql/schema/hacks.sql", "lead back to itself", "go round in a circle"))

        assert paths(plan) == ["hacks/sql/schema/hacks.sql"]
        [(source,)] = run("SELECT prosrc FROM pg_proc WHERE proname = 'refuse_prerequisite_cycle'")
        assert "go round in a circle" in source
        # CREATE OR REPLACE does not work for a constraint trigger.
        assert "trigger hacks_no_prerequisite_cycle ON hacks" in objects()

    def test_changed_signature_replaces_function(self):
        first = extra("CREATE FUNCTION app.weigh(pebble integer) RETURNS integer RETURN pebble;")
        apply_sql_files([*FILES, first])

        second = extra("CREATE FUNCTION app.weigh(pebble integer, more integer DEFAULT 1) RETURNS bigint RETURN more;")
        apply_sql_files([*FILES, second])

        assert [each for each in objects() if "weigh" in each] == ["function app.weigh(integer,integer)"]

    def test_removed_grant_is_revoked(self):
        apply_sql_files(
            changed("accounts/sql/schema/users.sql", "GRANT UPDATE (username, display_name,", "GRANT UPDATE (")
        )
        assert run("SELECT has_column_privilege('nrghax_member', 'users', 'username', 'UPDATE')") == [(False,)]
        assert run("SELECT has_column_privilege('nrghax_member', 'users', 'privacy_settings', 'UPDATE')") == [(True,)]

        revoked = "GRANT EXECUTE ON FUNCTION app.uuid7() TO nrghax_member, nrghax_staff, nrghax_worker;"
        apply_sql_files(changed("database/sql/schema/keys.sql", revoked, ""))
        assert run("SELECT has_function_privilege('nrghax_member', 'app.uuid7()', 'EXECUTE')") == [(False,)]

    def test_dependants_of_changed_function_are_recreated(self):
        """Policies, trigger conditions, CHECKs and SQL bodies refer to a function by its oid."""
        run("CREATE TABLE pebbles (id integer PRIMARY KEY, weight integer)")
        base = extra("CREATE FUNCTION app.heavy(weight integer) RETURNS boolean IMMUTABLE RETURN weight > 9;")
        bound = extra(
            """
            CREATE FUNCTION app.light(weight integer) RETURNS boolean IMMUTABLE RETURN NOT app.heavy(weight);
            ALTER TABLE pebbles ADD CONSTRAINT pebbles_light CHECK (app.light(weight)) NOT VALID;
            CREATE POLICY light ON pebbles USING (app.light(weight));
            """,
            "practice/sql/schema/zz_pebbles.sql",
        )
        other = extra("CREATE FUNCTION app.aside() RETURNS integer RETURN 1;", "practice/sql/schema/zz_other.sql")
        apply_sql_files([*FILES, base, bound, other])
        before = objects()

        heavier = replace(base, text="CREATE FUNCTION app.heavy(w bigint) RETURNS boolean IMMUTABLE RETURN w > 99;")
        plan = apply_sql_files([*FILES, heavier, bound, other])

        assert paths(plan) == [base.path, bound.path]
        assert "function app.heavy(integer)" in before.keys() - objects().keys()
        assert run("SELECT app.light(50)") == [(True,)]
        assert {"constraint pebbles_light ON pebbles", "policy light ON pebbles"} <= objects().keys()

    def test_files_that_call_changed_procedure_are_applied(self):
        privilege = "SELECT has_table_privilege('nrghax_worker', '{}', 'DELETE')"
        tables = ("trips", "notifications", "xp_ledger")
        assert [run(privilege.format(table)) for table in tables] == [[(True,)]] * 3

        grants = "GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO nrghax_worker"
        plan = apply_sql_files(changed("database/sql/schema/tables.sql", grants, grants.replace(", DELETE", "")))

        callers = {file.path for file in FILES if re.search(r"^CALL app\.protect\(", file.text, re.MULTILINE)}
        assert callers <= set(paths(plan))
        assert [run(privilege.format(table)) for table in tables] == [[(False,)]] * 3

    def test_table_of_another_owner_is_left_alone(self):
        run("GRANT CREATE ON SCHEMA public TO nrghax_worker")
        with database_identity(Role.WORKER):
            run("CREATE TABLE stones (id integer)")
            run("GRANT SELECT ON stones TO PUBLIC")
        assert apply_sql_files(FILES).is_empty
        assert run("SELECT has_table_privilege('nrghax_anon', 'stones', 'SELECT')") == [(True,)]

    def test_function_that_column_default_uses_cannot_be_dropped(self):
        base = extra("CREATE FUNCTION app.one() RETURNS integer IMMUTABLE RETURN 1;")
        apply_sql_files([*FILES, base])
        run("CREATE TABLE pebbles (id integer PRIMARY KEY, weight integer DEFAULT app.one())")

        with pytest.raises(SqlFilesError, match=r"column weight of table pebbles depends on function app\.one"):
            apply_sql_files(FILES)
        assert "function app.one()" in objects()


class TestGone:
    def test_objects_of_deleted_file_are_dropped(self):
        run("CREATE TABLE pebbles (id integer PRIMARY KEY, user_id uuid, updated_at timestamptz)")
        file = extra(
            """
            CALL app.protect('pebbles');
            CALL app.track_updated_at('pebbles');
            GRANT SELECT (id) ON pebbles TO nrghax_anon;
            """
        )
        apply_sql_files([*FILES, file])
        assert len([identity for identity in objects() if "pebbles" in identity]) == 12

        apply_sql_files(FILES)

        assert [identity for identity in objects() if "pebbles" in identity] == []
        # A process of the release that still has the file stays ready.
        row = SqlFile.objects.get(path=file.path)
        assert (row.digest, row.former_digests, row.objects_made) == ("", [file.digest], {})
        assert make_plan(connection, FILES).is_empty

    def test_restored_file_is_applied(self):
        file = extra("CREATE FUNCTION app.one() RETURNS integer RETURN 1;")
        for files in ([*FILES, file], FILES, FILES, [*FILES, file]):
            apply_sql_files(files)

        assert "function app.one()" in objects()
        row = SqlFile.objects.get(path=file.path)
        assert (row.digest, row.former_digests) == (file.digest, [])

    def test_unapplying_forgets_files(self):
        """The objects are gone, so no process may call itself ready."""
        migration = Migration("0001_initial", "practice")

        drop_objects_before_unapplying(plan=[(migration, True)], using="default")

        assert objects() == {}
        assert not SqlFile.objects.exists()

    def test_unmanaged_grants_and_policies_of_partitions_are_dropped(self):
        [(partition,)] = run(
            "SELECT min(inhrelid::regclass::text) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
            "WHERE inhparent = 'user_activity_logs'::regclass"
        )
        run(f"GRANT SELECT ON {partition} TO nrghax_anon")
        run(f"CREATE POLICY by_hand ON {partition} USING (true)")

        plan = apply_sql_files(FILES)

        assert plan.unmanaged == [
            f"grant SELECT ON table {partition} TO nrghax_anon",
            f"policy by_hand ON {partition}",
        ]
        assert make_plan(connection, FILES).is_empty

    def test_unmanaged_objects_are_dropped(self):
        run("CREATE POLICY by_hand ON users FOR SELECT TO nrghax_anon USING (true)")
        run("GRANT SELECT ON user_profiles TO nrghax_anon")
        run("CREATE FUNCTION app.by_hand() RETURNS integer RETURN 1")
        run(
            "CREATE TRIGGER by_hand BEFORE UPDATE ON hacks FOR EACH ROW EXECUTE FUNCTION app.update_updated_at_column()"
        )

        plan = apply_sql_files(FILES)

        assert plan.unmanaged == [
            "function app.by_hand()",
            "grant SELECT ON table user_profiles TO nrghax_anon",
            "policy by_hand ON users",
            "trigger by_hand ON hacks",
        ]
        assert make_plan(connection, FILES).is_empty
        assert not objects().keys() & set(plan.unmanaged)
        # Revoking the grant on the table also revoked grants on its columns. The file has restored them.
        assert "grant SELECT of columns ON table user_profiles TO nrghax_anon" in objects()

    @pytest.mark.parametrize(
        ("change", "file"),
        [
            ("ALTER POLICY member_own ON trips USING (true)", "practice/sql/schema/trips.sql"),
            ("DROP POLICY member_own ON trips", "practice/sql/schema/trips.sql"),
            ("ALTER TABLE trips NO FORCE ROW LEVEL SECURITY", "practice/sql/schema/trips.sql"),
            ("ALTER TABLE trips DISABLE TRIGGER trip_guard", "practice/sql/schema/trips.sql"),
            ("REVOKE DELETE ON trips FROM nrghax_member", "practice/sql/schema/trips.sql"),
            ("GRANT UPDATE (user_id) ON trips TO nrghax_member", "practice/sql/schema/trips.sql"),
            ("ALTER FUNCTION app.guard_trip() SECURITY INVOKER", "practice/sql/schema/trips.sql"),
            ("GRANT EXECUTE ON FUNCTION app.stays(uuid, text, time) TO PUBLIC", "practice/sql/schema/clocks.sql"),
        ],
    )
    def test_manual_change_is_reverted(self, change, file):
        before = objects()
        run(change)
        assert objects() != before

        plan = apply_sql_files(FILES)

        assert paths(plan) == [file]
        assert objects() == before


class TestRefused:
    def test_default_privileges_open_no_function(self):
        run("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")

        apply_sql_files(changed("hacks/sql/schema/hacks.sql"))

        [(is_open,)] = run("SELECT has_function_privilege('nrghax_anon', 'app.refuse_prerequisite_cycle()', 'EXECUTE')")
        assert not is_open

    def test_missing_function_in_body_is_refused(self):
        """PostgreSQL accepts the body: it looks up the functions that it calls when it runs."""
        before = objects()

        body = "CREATE FUNCTION app.one() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM app.two(); END $$;"
        with pytest.raises(SqlFilesError, match=r"zz_extra\.sql calls app\.two, which no file defines"):
            apply_sql_files([*FILES, extra(body)])

        assert make_plan(connection, FILES).is_empty
        assert objects() == before

    @pytest.mark.parametrize("statement", ["COMMIT;", "  rollback;", "COMMIT AND CHAIN;"])
    def test_file_cannot_end_transaction(self, statement):
        with pytest.raises(SqlFilesError, match=r"zz_extra\.sql: a file must not end the transaction"):
            apply_sql_files([*FILES, extra(f"CREATE FUNCTION app.one() RETURNS integer RETURN 1;\n{statement}")])
        assert "function app.one()" not in objects()

    def test_sql_error_names_line_and_changes_nothing(self):
        before = objects()
        file = extra("CREATE FUNCTION app.fine() RETURNS integer RETURN 1;\n\nSELECT 1 FROM nowhere;")

        with pytest.raises(SqlFilesError, match=r"zz_extra.sql, line 3: relation \"nowhere\" does not exist"):
            apply_sql_files([*FILES, file])

        assert objects() == before
        assert not SqlFile.objects.filter(path=file.path).exists()

    @pytest.mark.parametrize(
        "text",
        [
            "GRANT EXECUTE ON FUNCTION app.welcome_user() TO nrghax_anon;",
            "GRANT UPDATE (avatar_url) ON users TO nrghax_member;",
            "ALTER POLICY member_own ON users USING (true);",
        ],
    )
    def test_file_cannot_change_objects_of_another_file(self, text):
        with pytest.raises(SqlFilesError, match=r"zz_extra\.sql changes objects of another file"):
            apply_sql_files([*FILES, extra(text)])

    def test_function_cannot_be_defined_twice(self):
        with pytest.raises(SqlFilesError, match="already exists"):
            apply_sql_files([*FILES, extra("CREATE FUNCTION app.uid() RETURNS uuid RETURN NULL::uuid;")])


def test_table_without_grants_refuses_every_role():
    run("CREATE TABLE pebbles (id integer PRIMARY KEY)")
    for role in (Role.ANON, Role.MEMBER, Role.AUTH, Role.STAFF, Role.WORKER):
        with pytest.raises(ProgrammingError, match="permission denied"), database_identity(role):
            run("SELECT * FROM pebbles")


class TestCommands:
    def migrate(self, *arguments):
        out = StringIO()
        call_command("migrate", *arguments, stdout=out)
        return out.getvalue()

    def test_database_of_newer_release_is_left_alone(self, capsys):
        run("CREATE TABLE secrets (id integer PRIMARY KEY, user_id uuid, updated_at timestamptz)")
        run("CREATE POLICY member_own ON secrets USING (false)")
        MigrationRecorder(connection).record_applied("practice", "0100_secrets")
        SqlFile.objects.filter(path__endswith="/trips.sql").update(digest="newer")
        before = objects()

        call_command("migrate", verbosity=0)

        assert "practice.0100_secrets. It belongs to a newer release" in capsys.readouterr().err
        assert objects() == before
        assert "practice.0100_secrets" in _differences("default")[0].msg

    def test_migrate_prints_applied_files_and_dropped_objects(self):
        run("CREATE FUNCTION app.by_hand() RETURNS integer RETURN 1")
        SqlFile.objects.filter(path__endswith="/trips.sql").update(digest="stale")

        output = self.migrate()

        assert "Drop function app.by_hand(), which no file defines" in output
        assert "Apply practice/sql/schema/trips.sql" in output
        assert "No SQL files to apply." in self.migrate()

    @pytest.mark.parametrize("option", ["--plan", "--check"])
    def test_plan_and_check_change_nothing(self, option):
        SqlFile.objects.filter(path__endswith="/trips.sql").update(digest="stale")
        out, expected = StringIO(), pytest.raises(SystemExit) if option == "--check" else transaction.atomic()

        with expected:
            call_command("migrate", option, stdout=out)

        assert "Apply practice/sql/schema/trips.sql" in out.getvalue()
        assert SqlFile.objects.get(path__endswith="/trips.sql").digest == "stale"

    def test_check_reports_each_difference(self):
        def warnings(databases=("default",)):
            err = StringIO()
            call_command("check", databases=list(databases), stderr=err)
            return err.getvalue()

        assert warnings() == ""
        run("CREATE FUNCTION app.by_hand() RETURNS integer RETURN 1")
        SqlFile.objects.filter(path__endswith="/trips.sql").update(digest="stale")
        output = warnings()
        assert "(database.W003) The database does not match practice/sql/schema/trips.sql." in output
        assert "(database.W004) No SQL file defines function app.by_hand()." in output
        assert "Run `manage.py migrate`." in output
        assert warnings(databases=()) == ""
        run("DELETE FROM django_migrations WHERE app = 'mfa' AND name LIKE '0003%'")
        assert "(database.W001) Unapplied migrations: the SQL files can't be checked yet." in warnings()
        # `migrate` fixes the drift, so it does not report it.
        err = StringIO()
        with pytest.raises(SystemExit):
            call_command("migrate", "--check", stdout=StringIO(), stderr=err)
        assert err.getvalue() == ""


@pytest.mark.django_db(transaction=True)
class TestLocks:
    def test_locked_table_times_out_and_nothing_changes(self):
        before = objects()
        with psycopg.connect(url_of("nrghax_test")) as other:
            other.execute("SET ROLE nrghax_owner")
            other.execute("LOCK TABLE trips IN ROW SHARE MODE")
            with pytest.raises(SqlFilesError, match=r"another transaction locks a table\. No SQL file was applied"):
                apply_sql_files(changed("practice/sql/schema/trips.sql"), lock_timeout="50ms")
        assert objects() == before
        assert paths(apply_sql_files(changed("practice/sql/schema/trips.sql"))) == ["practice/sql/schema/trips.sql"]
        apply_sql_files(FILES)

    def test_command_reports_lock_timeout_without_traceback(self):
        SqlFile.objects.filter(path__endswith="/trips.sql").update(digest="stale")
        with psycopg.connect(url_of("nrghax_test")) as other:
            other.execute("SET ROLE nrghax_owner")
            other.execute("SELECT pg_advisory_xact_lock(1)")
            other.execute("DROP FUNCTION app.guard_trip() CASCADE")
            with pytest.raises(CommandError, match=r"Run the same command again"):
                call_command("migrate", verbosity=0)
        call_command("migrate", verbosity=0)
        assert make_plan(connection, FILES).is_empty
