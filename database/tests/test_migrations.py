"""Migrations and SQL files, back to zero and forward again app by app, on a database of their own with rows in it."""

import pytest

from database.tests.processes import run_in

# Each app needs those before it: unapplied from the last on, no command unapplies more than its own app.
APPS = ("analytics", "hacks", "practice", "gamification", "community")
# Prints what there is after each step: the tables, the objects of the SQL files, and the rows that are left.
THERE_AND_BACK = (
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

# Migrations make thousands of classes. Looking for garbage among them takes 1.3 of 9.7 seconds.
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
steps = {"there": state()}
for app in reversed(APPS):
    step(f"{app} back", app, "zero")
for app in APPS:
    step(f"{app} again", app)
    fill(app)
for app in ("accounts", "database"):
    step(f"{app} back", app, "zero")
step("there again")
print(json.dumps(steps))
"""
)


def test_each_app_goes_back_to_zero_and_forward_again_on_data(second_database):
    steps = run_in(second_database, THERE_AND_BACK)

    there = before = steps["there"]
    assert there["rows"] == {"users": 1, "hacks": 31, "user_stats": 1, "daily_checkins": 1}
    for app in reversed(APPS):
        back, again = steps[f"{app} back"], steps[f"{app} again"]
        # Nothing of the app is left on tables that stay; the objects of the others are as they were.
        assert set(back["tables"]) < set(before["tables"]), app
        assert back["objects"].items() < before["objects"].items(), app
        assert (again["tables"], again["objects"]) == (before["tables"], before["objects"]), app
        before = back
    # The members from before have totals again.
    assert steps["practice again"]["rows"] == {"users": 1, "hacks": 31, "user_stats": 1, "daily_checkins": 0}
    back = steps["practice back"]
    assert not {"practice_sessions", "xp_ledger", "hack_verifications"} & set(back["tables"])
    assert back["rows"] == {"users": 1, "hacks": 31}
    assert "trigger user_profile_streak ON user_profiles" in there["objects"].keys() - back["objects"].keys()
    assert not any("streak" in identity for identity in back["objects"])

    for app in ("accounts", "database"):
        assert set(steps[f"{app} back"]["tables"]) < set(before["tables"]), app
        before = steps[f"{app} back"]
    assert before["objects"] == {}
    again = steps["there again"]
    assert (again["tables"], again["objects"]) == (there["tables"], there["objects"])


@pytest.mark.django_db
def test_every_model_change_has_its_migration():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
