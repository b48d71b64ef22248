"""Unapply and reapply the migrations and SQL files of each app, on a separate database with data."""

import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

from database.roles import OWNER
from database.tests.connections import url_of
from database.tests.processes import run_in
from database.tests.template import owner_environment

# Each app depends on those before it. In reverse order, each command unapplies only its own app.
APPS = ("analytics", "hacks", "practice", "gamification", "community")
# Prints the tables, the objects of the SQL files and the numbers of rows after each step.
BACK_AND_FORWARD = (
    f"""
import gc
import json
from datetime import UTC, datetime
from django.core.management import call_command
from django.db import connection, transaction
from accounts.models import User
from analytics.models import Activity, UserActivityLog
from database.objects import read_objects
from hacks.models import Hack
from practice.models import DailyCheckin, PracticeSession

# Migrations create thousands of classes. Collecting them takes 1.3 of 9.7 seconds.
gc.disable()
APPS = {APPS!r}
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""
    + """
def state():
    with transaction.atomic():
        tables = set(connection.introspection.table_names())
        counted = {}
        for table in sorted({"users", "hacks", "user_stats", "daily_checkins"} & tables):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table}")
                counted[table] = cursor.fetchone()[0]
        objects = {identity: each.digest for identity, each in read_objects(connection).items()}
        return {"tables": sorted(tables), "objects": objects, "rows": counted}

def fill(app):
    if app == "analytics":
        UserActivityLog.objects.create(user_id=user.pk, activity_type=Activity.CHECKIN_SAVED, created_at=START)
    if app in ("hacks", "gamification"):
        call_command("loaddata", f"{app}/fixtures/seeds", verbosity=0)
    if app == "practice":
        PracticeSession.objects.create(
            user_id=user.pk, hack=Hack.objects.get(slug="energy-ball"), started_at=START, ended_at=START,
            duration_seconds=0, practice_date=START.date(), timezone="UTC",
        )
        DailyCheckin.objects.create(user_id=user.pk, checkin_date=START.date(), timezone="UTC")

def step(name, *arguments):
    call_command("migrate", *arguments, verbosity=0)
    steps[name] = state()

user = User.objects.create_user("someone@example.com", "x")
for app in APPS:
    fill(app)
steps = {"start": state()}
for app in reversed(APPS):
    step(f"{app} unapplied", app, "zero")
for app in APPS:
    step(f"{app} reapplied", app)
    fill(app)
for app in ("accounts", "database"):
    step(f"{app} unapplied", app, "zero")
step("end")
print(json.dumps(steps))
"""
)


def test_each_app_migrates_to_zero_and_back_with_data(second_database):
    steps = run_in(second_database, BACK_AND_FORWARD)

    start = before = steps["start"]
    assert start["rows"] == {"users": 1, "hacks": 31, "user_stats": 1, "daily_checkins": 1}
    for app in reversed(APPS):
        unapplied, reapplied = steps[f"{app} unapplied"], steps[f"{app} reapplied"]
        # The app's objects are gone, and the objects of other apps are unchanged.
        assert set(unapplied["tables"]) < set(before["tables"]), app
        assert unapplied["objects"].items() < before["objects"].items(), app
        assert (reapplied["tables"], reapplied["objects"]) == (before["tables"], before["objects"]), app
        before = unapplied
    # The migration creates stats for existing members.
    assert steps["practice reapplied"]["rows"] == {"users": 1, "hacks": 31, "user_stats": 1, "daily_checkins": 0}
    unapplied = steps["practice unapplied"]
    assert not {"practice_sessions", "xp_ledger", "hack_verifications"} & set(unapplied["tables"])
    assert unapplied["rows"] == {"users": 1, "hacks": 31}
    assert "trigger user_profile_streak ON user_profiles" in start["objects"].keys() - unapplied["objects"].keys()
    assert not any("streak" in identity for identity in unapplied["objects"])

    for app in ("accounts", "database"):
        assert set(steps[f"{app} unapplied"]["tables"]) < set(before["tables"]), app
        before = steps[f"{app} unapplied"]
    assert before["objects"] == {}
    end = steps["end"]
    assert (end["tables"], end["objects"]) == (start["tables"], start["objects"])


@pytest.mark.django_db
def test_every_model_change_has_migration():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_two_migrates_at_once_take_turns(empty_database):
    """Without the lock, both would create the tables, and a data repair would run twice."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    environment = {**owner_environment(empty_database), "PGOPTIONS": "-c synchronous_commit=off"}
    both = [
        subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], errors
    assert sum("Another `migrate` is running" in error for error in errors) == 1, errors
    with psycopg.connect(url_of(OWNER, empty_database)) as owner:
        [(times,)] = owner.execute("SELECT max(count) FROM (SELECT count(*) FROM django_migrations GROUP BY app, name)")
    assert times == 1
