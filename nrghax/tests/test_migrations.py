"""Migrations run forward, back to zero and forward again, on a database with rows in it."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from accounts.roles import BACKUP, OWNER, WEB, WORKER, prepare_database
from nrghax.tests.connections import url_of

THERE_AND_BACK = """
import json
from datetime import UTC, date, datetime
from django.core.management import call_command
from django.db import connection
from accounts.models import Member, User
from hacks.models import Hack, UserHackProgress
from practice.models import DailyCheckin, MemberStats, PracticeSession
from analytics.actions import record
from analytics.models import Activity

def tables():
    with connection.cursor() as cursor:
        return sorted(set(connection.introspection.table_names(cursor)))

call_command("migrate", verbosity=0)
there = tables()
call_command("loaddata", "seeds", verbosity=0)
user = User.objects.create_user("someone@example.com", "x")
hack = Hack.objects.get(slug="energy-ball")
start = datetime(2026, 3, 2, 12, tzinfo=UTC)
PracticeSession.objects.create(
    user_id=user.pk, hack=hack, started_at=start, ended_at=start, duration_seconds=0, practice_date=start.date(),
    timezone="UTC",
)
DailyCheckin.objects.create(user_id=user.pk, checkin_date=date(2026, 3, 2), timezone="UTC")
record(user.pk, Activity.CHECKIN_SAVED)
rows = [UserHackProgress.objects.count(), MemberStats.objects.get().longest_streak]
for app in ("gamification", "practice", "hacks", "analytics", "accounts"):
    call_command("migrate", app, "zero", verbosity=0)
back = tables()
with connection.cursor() as cursor:
    cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'app'")
    schema = cursor.fetchall()
call_command("migrate", verbosity=0)
again = tables()
print(json.dumps({"there": there, "rows": rows, "back": back, "schema": schema, "again": again}))
"""


@pytest.fixture
def second_database(db):
    """An empty database of the owner's, beside the suite's own."""
    import psycopg

    name = f"{connection.settings_dict['NAME']}_migrations"
    with psycopg.connect(url_of("nrghax_test", "postgres"), autocommit=True) as admin:
        admin.execute(f"SET ROLE {OWNER}")
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(url_of(OWNER, name), autocommit=True) as owner:
            prepare_database(owner, logins=[WEB, WORKER, BACKUP])
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_migrations_run_forward_and_back_to_zero_on_data(second_database):
    url = url_of(OWNER, second_database)
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", THERE_AND_BACK],
        cwd=settings.BASE_DIR,
        env={**os.environ, "NRGHAX_PROCESS": "owner", "DATABASE_URL": url, "DATABASE_OWNER_URL": url, "DEBUG": "on"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    ours = {"users", "user_profiles", "hacks", "practice_sessions", "daily_checkins", "user_activity_logs"}
    assert ours <= set(seen["there"])
    assert seen["rows"] == [1, 1]
    assert not ours & set(seen["back"])
    assert [name for name in seen["back"] if name.startswith(("user_activity_logs", "accounts_"))] == []
    assert seen["schema"] == []
    assert seen["again"] == seen["there"]


@pytest.mark.django_db
def test_every_model_change_has_its_migration():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
