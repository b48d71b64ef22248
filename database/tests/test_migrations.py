"""Migrations and SQL files, forward, back to zero and forward again, on databases of their own with rows in them."""

import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from database.tests.template import connected_as_owner, create_migrated_database, drop_database, owner_environment

# Prints what there is after each step: the tables, the objects of the SQL files, and the rows that are left.
THERE_AND_BACK = """
import json
from datetime import UTC, date, datetime
from django.core.management import call_command
from django.db import connection, transaction
from accounts.models import Member, User
from analytics.actions import record
from analytics.models import Activity
from database.objects import read_objects
from hacks.models import Hack
from practice.models import DailyCheckin, PracticeSession

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

def fill():
    call_command("loaddata", "seeds", verbosity=0)
    user = User.objects.create_user("someone@example.com", "x")
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    PracticeSession.objects.create(
        user_id=user.pk, hack=Hack.objects.get(slug="energy-ball"), started_at=start, ended_at=start,
        duration_seconds=0, practice_date=start.date(), timezone="UTC",
    )
    DailyCheckin.objects.create(user_id=user.pk, checkin_date=date(2026, 3, 2), timezone="UTC")
    record(user.pk, Activity.CHECKIN_SAVED)

call_command("migrate", verbosity=0)
fill()
steps = {"there": state()}
for app in ("community", "gamification", "practice", "hacks", "analytics", "accounts", "database"):
    call_command("migrate", app, "zero", verbosity=0)
    back = state()
    call_command("migrate", verbosity=0)
    steps[app] = {"back": back, "again": state()}
    if not steps[app]["again"]["rows"]["users"]:
        fill()
print(json.dumps(steps))
"""


@pytest.fixture
def second_database(db):
    """A migrated database of the owner's, beside the suite's own."""
    name = f"{connection.settings_dict['NAME']}_migrations"
    create_migrated_database(name)
    yield name
    with connected_as_owner() as owner:
        drop_database(owner, name)


def run_in(database, code):
    """Run Python in a process of the owner's on another database; return the JSON that it prints last."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=settings.BASE_DIR,
        # Waiting for the disk after each migration would take seconds.
        env={**owner_environment(database), "PGOPTIONS": "-c synchronous_commit=off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_each_app_goes_back_to_zero_and_forward_again_on_data(second_database):
    steps = run_in(second_database, THERE_AND_BACK)

    there = steps.pop("there")
    assert there["rows"]["daily_checkins"] == 1
    for app, step in steps.items():
        back, again = step["back"], step["again"]
        assert set(back["tables"]) < set(there["tables"]), app
        assert (again["tables"], again["objects"]) == (there["tables"], there["objects"]), app
        # Whoever was a member before has totals again.
        assert again["rows"]["user_stats"] == again["rows"]["users"], app
    back = steps["practice"]["back"]
    assert not {"practice_sessions", "xp_ledger", "hack_verifications"} & set(back["tables"])
    assert back["rows"] == {"users": 1, "hacks": 31}
    # Nothing of the app is left on tables that stay; the objects of the others are as they were.
    assert back["objects"].items() < there["objects"].items()
    assert "trigger user_profile_streak ON user_profiles" in there["objects"].keys() - back["objects"].keys()
    assert not any("streak" in identity for identity in back["objects"])
    assert steps["database"]["back"]["objects"] == {}


@pytest.mark.django_db
def test_every_model_change_has_its_migration():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
