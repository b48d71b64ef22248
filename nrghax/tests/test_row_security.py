"""Raw SQL attacks as each visitor role. Every attack must fail.

An attack fails if the database refuses the statement, or if row level security hides every row. Each test states which
of the two it expects, so that a loosened policy or grant makes it fail.
"""

from datetime import UTC, date, datetime

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import ProgrammingError, connection, transaction
from uuid_utils.compat import uuid7

from accounts.models import Member, Profile, User
from accounts.tests.factories import make_member
from analytics.models import Activity, Notification, UserActivityLog
from database.identity import Role, database_identity
from database.tests.statements import attempt
from gamification.models import DiscordRoleGrant, UserAchievement
from gamification.tests.factories import AchievementFactory, ChallengeFactory, make_award, take_part
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from practice.models import DailyCheckin, PracticeSession, RestDay, RestDayGrant
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def victim():
    """A member with a row in every table of member data."""
    member = make_member(username="former", display_name="Victim")
    Member.objects.filter(pk=member.pk).update(username="victim")
    hack = HackFactory()
    make_session(member, hack, started_at=NOON, notes="private")
    make_checkin(member, date(2026, 3, 2), mood_before=3, notes="private")
    RestDay.objects.create(user=member, rest_date=date(2026, 3, 4))
    UserActivityLog.objects.create(user=member, activity_type=Activity.CHECKIN_SAVED, created_at=NOON)
    Notification.objects.create(user=member, type="hack_unlocked", subject="x", title="Unlocked")
    make_award(member, 10)
    UserAchievement.objects.create(user=member, achievement=AchievementFactory())
    RestDayGrant.objects.create(user=member, source_id=uuid7(), granted_on=date(2026, 3, 4))
    take_part(ChallengeFactory(), member)
    DiscordRoleGrant.objects.create(user=member, role_id="7", discord_id="1001")
    return member


@pytest.fixture
def attacker():
    return make_member(username="attacker")


# Tables whose rows their member may change, with a change that is allowed.
WRITABLE = {
    "practice_sessions": "notes = 'mine'",
    "daily_checkins": "notes = 'mine'",
    "user_hack_progress": "notes = 'mine'",
    "notifications": "is_read = true, read_at = now()",
    "user_profiles": "bio = 'mine'",
}
READ_ONLY = (
    "rest_days",
    "user_stats",
    "user_activity_logs",
    "username_history",
    "rest_day_grants",
    "discord_role_grants",
    "challenge_participants",
    "xp_ledger",
    "user_xp",
    "user_achievements",
)
MEMBER_TABLES = (*WRITABLE, *READ_ONLY)
CREDENTIALS = (
    "accounts_user",
    "account_emailaddress",
    "account_emailconfirmation",
    "django_session",
    "django_admin_log",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "socialaccount_socialaccount",
    "socialaccount_socialapp",
    "socialaccount_socialtoken",
    "mfa_authenticator",
    "usersessions_usersession",
)


@pytest.mark.parametrize("table", MEMBER_TABLES)
def test_member_cannot_read_another_members_row(table, victim, attacker):
    assert attempt(f"SELECT user_id FROM {table} WHERE user_id = %s", [victim.pk]) >= 1
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt(f"SELECT user_id FROM {table} WHERE user_id = %s", [victim.pk]) == 0
    with database_identity(Role.MEMBER, victim.pk):
        assert attempt(f"SELECT user_id FROM {table} WHERE user_id = %s", [victim.pk]) >= 1


@pytest.mark.parametrize(("table", "change"), WRITABLE.items())
def test_member_cannot_change_another_members_row(table, change, victim, attacker):
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt(f"UPDATE {table} SET {change} WHERE user_id = %s", [victim.pk]) == 0
    with database_identity(Role.MEMBER, victim.pk):
        assert attempt(f"UPDATE {table} SET {change} WHERE user_id = %s", [victim.pk]) >= 1


@pytest.mark.parametrize("table", [*MEMBER_TABLES, "users"])
def test_member_cannot_delete_another_members_row(table, victim, attacker):
    key = "id" if table == "users" else "user_id"
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt(f"DELETE FROM {table} WHERE {key} = %s", [victim.pk]) in (0, "InsufficientPrivilege")
    assert attempt(f"SELECT FROM {table} WHERE {key} = %s", [victim.pk]) >= 1


@pytest.mark.parametrize("table", ["practice_sessions", "daily_checkins", "rest_days", "user_hack_progress"])
def test_member_cannot_give_row_to_another_member(table, victim, attacker):
    with database_identity(Role.MEMBER, victim.pk):
        assert attempt(f"UPDATE {table} SET user_id = %s", [attacker.pk]) == "InsufficientPrivilege"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO rest_days (id, user_id, rest_date) VALUES (gen_random_uuid(), %s, CURRENT_DATE + 9)",
        "INSERT INTO user_hack_progress (id, user_id, hack_id) SELECT gen_random_uuid(), %s, id FROM hacks",
        "INSERT INTO daily_checkins (id, user_id, checkin_date, timezone, day_start, streak_count, rest_stock,"
        " strength, notes) VALUES (gen_random_uuid(), %s, CURRENT_DATE, 'UTC', '00:00', 1, 0, 0, '')",
        "INSERT INTO practice_sessions (id, user_id, hack_id, started_at, session_type, notes, planned_seconds,"
        " paused_seconds, practice_date, timezone, day_start) SELECT gen_random_uuid(), %s, id, now(), 'solo', '', 60,"
        " 0, CURRENT_DATE, 'UTC', '00:00' FROM hacks",
        "INSERT INTO challenge_participants (id, user_id, challenge_id, completion_data)"
        " SELECT gen_random_uuid(), %s, id, '{}' FROM challenges WHERE slug = 'open'",
        "INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at)"
        " VALUES (gen_random_uuid(), %s, 'checkin_saved', '{}', now())",
    ],
    ids=["rest day", "progress", "check-in", "session", "challenge", "activity"],
)
def test_member_cannot_insert_row_for_another_member(statement, victim, attacker):
    DailyCheckin.objects.all().delete()
    HackFactory()
    ChallengeFactory(slug="open")
    UserHackProgress.objects.all().delete()
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt(statement, [victim.pk]) == "InsufficientPrivilege"
        # The same insert works for the attacker's own row, so it is the policy that refuses.
        with transaction.atomic():
            assert attempt(statement.replace("FROM hacks", "FROM (SELECT id FROM hacks LIMIT 1) h"), [attacker.pk]) == 1
            transaction.set_rollback(True)


def accepted(statements):
    return [statement for statement in statements if attempt(statement) != "InsufficientPrivilege"]


def test_visitors_cannot_read_member_data(victim):
    with database_identity(Role.ANON):
        assert accepted(f"SELECT * FROM {table}" for table in (*MEMBER_TABLES, *CREDENTIALS)) == []


def test_members_cannot_reach_credentials(attacker):
    attacks = ("SELECT * FROM {}", "DELETE FROM {}", "TRUNCATE {}")
    with database_identity(Role.MEMBER, attacker.pk):
        assert accepted(attack.format(table) for attack in attacks for table in CREDENTIALS) == []


def test_auth_pages_cannot_reach_member_data(victim):
    with database_identity(Role.AUTH, victim.pk):
        for table in (
            "practice_sessions",
            "daily_checkins",
            "rest_days",
            "user_hack_progress",
            "user_stats",
            "user_xp",
        ):
            assert attempt(f"SELECT * FROM {table}") == "InsufficientPrivilege"


def test_auth_pages_cannot_create_staff(victim):
    insert = (
        "INSERT INTO accounts_user (id, email, password, is_staff, is_superuser, is_active, date_joined) "
        "VALUES (gen_random_uuid(), 'x@example.com', '', %s, %s, true, now())"
    )
    with database_identity(Role.AUTH):
        assert attempt(insert, [True, False]) == "InsufficientPrivilege"
        assert attempt(insert, [False, True]) == "InsufficientPrivilege"
        assert attempt(insert, [False, False]) == 1
        assert attempt("UPDATE accounts_user SET is_staff = true") == "InsufficientPrivilege"
        assert attempt("UPDATE accounts_user SET is_superuser = true") == "InsufficientPrivilege"


def test_login_credentials_cannot_move_to_another_account(victim, attacker):
    SocialAccount.objects.create(user=victim.user, provider="google", uid="1")
    Authenticator.objects.create(user=victim.user, type=Authenticator.Type.TOTP, data={})
    with database_identity(Role.AUTH, attacker.pk):
        for statement in (
            "UPDATE socialaccount_socialaccount SET user_id = %s",
            "UPDATE mfa_authenticator SET user_id = %s",
        ):
            assert attempt(statement, [attacker.pk]) == "InsufficientPrivilege"
            assert attempt(statement, [victim.pk]) == 1
        assert attempt("UPDATE socialaccount_socialaccount SET uid = '2'") == "InsufficientPrivilege"
        assert attempt("UPDATE mfa_authenticator SET type = 'webauthn'") == "InsufficientPrivilege"


def test_auth_pages_can_write_only_discord_columns_of_profile(victim):
    with database_identity(Role.AUTH, victim.pk):
        assert attempt("UPDATE user_profiles SET discord_username = 'x' WHERE user_id = %s", [victim.pk]) == 1
        assert attempt("UPDATE user_profiles SET bio = 'x'") == "InsufficientPrivilege"
        assert attempt("UPDATE users SET avatar_url = '' WHERE id = %s", [victim.pk]) == 1
        assert attempt("UPDATE users SET username = 'x'") == "InsufficientPrivilege"


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ANON, Role.AUTH, Role.STAFF])
def test_row_security_cannot_be_switched_off(role, victim, attacker):
    attacks = (
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON {} USING (true)",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "TRUNCATE {}",
    )
    with database_identity(role, attacker.pk):
        assert accepted(attack.format(table) for attack in attacks for table in MEMBER_TABLES) == []


def test_setting_row_security_off_reveals_nothing(victim, attacker):
    with database_identity(Role.MEMBER, attacker.pk):
        attempt("SET LOCAL row_security = off")
        assert attempt("SELECT * FROM practice_sessions WHERE user_id = %s", [victim.pk]) == "InsufficientPrivilege"
        attempt("SET LOCAL row_security = on")


def test_replication_role_cannot_silence_triggers(attacker):
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt("SET LOCAL session_replication_role = replica") == "InsufficientPrivilege"


@pytest.mark.django_db(transaction=True)
def test_web_login_cannot_switch_to_stronger_role():
    """This needs a connection as the real web login: the tests' login may switch to the worker."""
    import psycopg

    from database.tests.connections import url_of

    for target in ("nrghax_owner", "nrghax_worker", "nrghax_backup", "postgres"):
        with psycopg.connect(url_of("nrghax_web")) as web:
            web.execute("SELECT set_config('role', 'nrghax_member', true)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(f"SET ROLE {target}")
            web.rollback()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(f"SET SESSION AUTHORIZATION {target}")


@pytest.mark.django_db(transaction=True)
def test_connection_without_identity_is_refused_everywhere():
    def is_refused(table):
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {table}")
        except ProgrammingError as error:
            return "permission denied" in str(error)
        return False

    assert [table for table in (*MEMBER_TABLES, "users", "hacks", *CREDENTIALS) if not is_refused(table)] == []


def test_partitions_cannot_be_reached_directly(victim):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'user_activity_logs'::regclass"
        )
        partitions = [name for (name,) in cursor.fetchall()]
    assert partitions
    for role in (Role.MEMBER, Role.ANON, Role.AUTH, Role.STAFF, Role.WORKER):
        with database_identity(role, victim.pk):
            for partition in partitions:
                assert attempt(f"SELECT * FROM {partition}") == "InsufficientPrivilege"
                assert attempt(f"DELETE FROM {partition}") == "InsufficientPrivilege"


def test_visitors_and_members_cannot_call_system_functions(victim, attacker):
    calls = [
        "SELECT app.make_activity_partitions(1)",
        "SELECT app.drop_activity_partitions('3000-01-01')",
        f"SELECT app.recompute_streak('{victim.pk}')",
        f"SELECT app.refresh_practice_progress('{victim.pk}', '{victim.pk}')",
        f"SELECT * FROM app.streak_rows('{victim.pk}')",
        f"SELECT app.refresh_xp(ARRAY['{victim.pk}']::uuid[])",
        "SELECT * FROM app.xp_totals(NULL)",
        "SELECT * FROM app.xp_due(NULL, '{}')",
        "SELECT app.welcome_user()",
        "CALL app.protect('hacks')",
        "CALL app.publish('practice_sessions')",
        "CALL app.seal_partition('practice_sessions')",
    ]
    for role in (Role.MEMBER, Role.ANON, Role.AUTH):
        with database_identity(role, attacker.pk):
            for call in calls:
                assert attempt(call) == "InsufficientPrivilege", call


def test_functions_and_tables_cannot_be_created_or_replaced(attacker):
    body = "RETURNS uuid LANGUAGE sql AS $$ SELECT NULL::uuid $$"
    for role in (Role.MEMBER, Role.ANON, Role.AUTH, Role.STAFF, Role.WORKER):
        with database_identity(role, attacker.pk):
            assert attempt(f"CREATE OR REPLACE FUNCTION app.uid() {body}") == "InsufficientPrivilege"
            assert attempt(f"CREATE FUNCTION public.uid() {body}") == "InsufficientPrivilege"
            assert attempt("CREATE TABLE public.loot (id int)") == "InsufficientPrivilege"


def test_member_cannot_write_own_earned_values(victim):
    with database_identity(Role.MEMBER, victim.pk):
        for statement in (
            "UPDATE user_stats SET current_streak = 999",
            "UPDATE daily_checkins SET streak_count = 999",
            "UPDATE daily_checkins SET checkin_date = checkin_date - 1",
            "UPDATE user_hack_progress SET total_practice_count = 999",
            "UPDATE user_hack_progress SET unlocked_at = now()",
            "UPDATE users SET graduation_status = 'graduated'",
            "UPDATE users SET graduated_at = now()",
            "UPDATE users SET is_active = true",
            "UPDATE users SET avatar_url = 'https://example.com/x.png'",
            "UPDATE user_profiles SET discord_id = '1'",
            "UPDATE notifications SET title = 'x'",
            "UPDATE user_activity_logs SET processed_at = now()",
            "DELETE FROM user_activity_logs",
            "DELETE FROM notifications",
            "UPDATE xp_ledger SET amount = 999",
            "DELETE FROM xp_ledger",
            "INSERT INTO xp_ledger (id, user_id, source, source_id, amount, earned_on) "
            f"VALUES (gen_random_uuid(), '{victim.pk}', 'challenge', gen_random_uuid(), 999, CURRENT_DATE)",
            "UPDATE user_xp SET xp_amount = 999, level = 4",
            "UPDATE user_xp SET celebrated_level = 1",
            f"INSERT INTO user_xp (id, user_id, xp_amount) VALUES (gen_random_uuid(), '{victim.pk}', 999)",
            "INSERT INTO notifications (id, user_id, type, subject, title, message, data, is_read) "
            f"VALUES (gen_random_uuid(), '{victim.pk}', 'hack_unlocked', 'y', '', '', '{{}}', false)",
        ):
            assert attempt(statement) == "InsufficientPrivilege", statement


def test_member_cannot_unlock_hack(attacker):
    hack = HackFactory()
    with database_identity(Role.MEMBER, attacker.pk):
        insert = "INSERT INTO user_hack_progress (id, user_id, hack_id, {}) VALUES (gen_random_uuid(), %s, %s, {})"
        for column, value in (("unlocked_at", "now()"), ("total_practice_count", "9"), ("mastery_level", "5")):
            assert attempt(insert.format(column, value), [attacker.pk, hack.pk]) == "InsufficientPrivilege"
        assert attempt(insert.format("is_favorite", "true"), [attacker.pk, hack.pk]) == 1


def test_member_cannot_insert_processed_activity(attacker):
    with database_identity(Role.MEMBER, attacker.pk):
        insert = (
            "INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at, {}) "
            "VALUES (gen_random_uuid(), %s, 'checkin_saved', '{{}}', now(), {})"
        )
        assert attempt(insert.format("processed_at", "now()"), [attacker.pk]) == "InsufficientPrivilege"
        assert attempt(insert.format("attempts", "10"), [attacker.pk]) == "InsufficientPrivilege"


def test_member_can_record_only_own_actions_as_activities(attacker):
    """Workers trust an activity's data: a forged achievement could award any number of points."""
    allowed = {
        *("session_logged", "session_changed", "session_deleted", "checkin_saved", "checkin_deleted"),
        *("challenge_joined", "challenge_left", "verification_submitted", "verification_withdrawn", "review_given"),
    }
    with database_identity(Role.MEMBER, attacker.pk):
        insert = (
            "INSERT INTO user_activity_logs (id, user_id, activity_type, activity_data, created_at) "
            "VALUES (gen_random_uuid(), %s, %s, '{}', now())"
        )
        accepted_types = {kind for kind in Activity.values if attempt(insert, [attacker.pk, kind]) == 1}
    assert accepted_types == allowed


def test_streak_is_hidden_from_other_members_when_switched_off(victim, attacker):
    Member.objects.filter(pk=victim.pk).update(privacy_settings={"leaderboard_visible": True, "profile_public": False})
    query = "SELECT current_streak FROM user_stats WHERE user_id = %s"
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt(query, [victim.pk]) == 1
    Profile.objects.filter(pk=victim.pk).update(hide_streaks=True)
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt(query, [victim.pk]) == 0
    with database_identity(Role.MEMBER, victim.pk):
        assert attempt(query, [victim.pk]) == 1


def test_hidden_member_has_visible_user_row_but_no_visible_profile(victim, attacker):
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt("SELECT * FROM users WHERE id = %s", [victim.pk]) == 1
        assert attempt("SELECT * FROM user_profiles WHERE user_id = %s", [victim.pk]) == 0
        assert attempt("SELECT * FROM user_stats WHERE user_id = %s", [victim.pk]) == 0
    with database_identity(Role.ANON):
        assert attempt("SELECT * FROM users WHERE id = %s", [victim.pk]) == 0
    Member.objects.filter(pk=victim.pk).update(privacy_settings={"leaderboard_visible": True, "profile_public": True})
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt("SELECT * FROM user_profiles WHERE user_id = %s", [victim.pk]) == 1
        assert attempt("SELECT * FROM user_stats WHERE user_id = %s", [victim.pk]) == 1
        assert attempt("SELECT level FROM user_xp WHERE user_id = %s", [victim.pk]) == 1
        assert attempt("SELECT * FROM xp_ledger WHERE user_id = %s", [victim.pk]) == 0
        assert attempt("SELECT xmax FROM user_stats") == "InsufficientPrivilege"
    with database_identity(Role.ANON):
        assert attempt("SELECT * FROM users WHERE id = %s", [victim.pk]) == 1
    User.objects.filter(pk=victim.pk).update(is_active=False)
    with database_identity(Role.MEMBER, attacker.pk):
        assert attempt("SELECT level FROM user_xp WHERE user_id = %s", [victim.pk]) == 0


def test_staff_cannot_award_xp(victim, attacker):
    """Staff may delete awards, as deleting a member does. The totals follow."""
    with database_identity(Role.STAFF, attacker.pk):
        for statement in (
            "UPDATE xp_ledger SET amount = 999",
            "UPDATE user_xp SET xp_amount = 999",
            "INSERT INTO xp_ledger (id, user_id, source, source_id, amount, earned_on) "
            f"VALUES (gen_random_uuid(), '{attacker.pk}', 'challenge', gen_random_uuid(), 999, CURRENT_DATE)",
            f"INSERT INTO user_xp (id, user_id, xp_amount) VALUES (gen_random_uuid(), '{attacker.pk}', 999)",
        ):
            assert attempt(statement) == "InsufficientPrivilege", statement
        assert attempt("DELETE FROM xp_ledger WHERE user_id = %s", [victim.pk]) == 1
        assert attempt("SELECT FROM user_xp WHERE user_id = %s AND xp_amount = 0", [victim.pk]) == 1


def test_each_identity_in_one_transaction_sees_only_its_own_rows(victim, attacker):
    with database_identity(Role.MEMBER, victim.pk):
        assert PracticeSession.objects.count() == 1
    with database_identity(Role.MEMBER, attacker.pk):
        assert PracticeSession.objects.count() == 0


def test_member_role_without_id_sees_nothing(victim):
    with database_identity(Role.MEMBER):
        for table in MEMBER_TABLES:
            assert attempt(f"SELECT user_id FROM {table}") == 0
