"""Measure the nightly streak task in alternation with its own statement in psql; see dev/bench/README.md."""

import statistics
import subprocess
import sys
import time

from dev.bench.database import BASE_DIR, Database
from dev.embedded.postgres import POSTGRES_BIN

MAX_RATIO = 1.2
RUNS = 3
# A worker is running already when a task arrives, so its start is not measured.
TASK = """
import time, django
django.setup()
from practice.tasks import recompute_streaks
started = time.perf_counter()
drift = recompute_streaks()
print(time.perf_counter() - started, drift)
"""


def measure_streaks(database: Database, members: int) -> None:
    """Add members, and print how long the task and the statement take for all members."""
    database.fill_streaks(members)
    statement = BASE_DIR / "practice" / "sql" / "recompute_streaks.sql"
    task = [sys.executable, "-c", TASK]
    environment = {**database.environment, "NRGHAX_PROCESS": "worker", "DJANGO_SETTINGS_MODULE": "nrghax.settings"}
    psql = [POSTGRES_BIN / "psql", "-qXAt", "-f", statement, database.urls.worker]
    took: dict[str, list[float]] = {"psql": [], "task": []}
    for _ in range(RUNS):
        for name, command in (("psql", psql), ("task", task)):
            started = time.perf_counter()
            done = subprocess.run(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            seconds, drift = time.perf_counter() - started, done.stdout.strip()
            if name == "task":
                seconds, drift = float(drift.split()[0]), drift.split()[1]
            took[name].append(seconds)
            if drift not in ("0", "0|0"):
                raise SystemExit(f"The benchmark's data should not have drifted, but it did: {drift}")
    medians = {name: statistics.median(times) for name, times in took.items()}
    [(member_count, checkin_count)] = database.rows(
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM daily_checkins)"
    )
    print(
        f"\nStreaks of {member_count:,} members with {checkin_count:,} check-ins: {medians['task']:.1f} s in the task,"
        f" {medians['psql']:.1f} s in psql: ratio {medians['task'] / medians['psql']:.2f}, limit {MAX_RATIO}."
    )
