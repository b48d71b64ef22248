"""Run Python in another process, as the owner of another database."""

import json
import subprocess
import sys

from django.conf import settings

from database.tests.template import owner_environment


def run_in(database: str, code: str):
    """Run code in `manage.py shell` as the owner of another database. Return the JSON that it prints last."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=settings.BASE_DIR,
        # This saves the seconds of waiting for the disk after each migration.
        env={**owner_environment(database), "PGOPTIONS": "-c synchronous_commit=off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
