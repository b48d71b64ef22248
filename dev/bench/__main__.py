"""Our pages against a bare Django page, interleaved; see dev/bench/README.md.

python -m dev.bench [pages|streaks|achievements|ranks|reviews] [--rounds 40] [--members 100000] [--keep]
                    [--profile PAGE]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dev.bench.database import BASE_DIR, Database
from dev.bench.jobs import PARTS, measure_jobs
from dev.embedded.postgres import POSTGRES_BIN

DATA_DIR = Path(os.environ.get("NRGHAX_DATA_DIR", BASE_DIR / ".local")) / "bench"
BATCH = 5
WARM_UP = 20
BARE = {"path": "/", "visitor": "member", "form": None}
# What of the bare page each may take; and the nightly task, of its own statement in psql.
PUBLIC, SIGNED_IN, WRITE, TASK = 0.3, 0.8, 0.5, 1.2
STREAK_RUNS = 3
# A worker is up when its task comes: what it takes to start one is not the task's.
STREAK_TASK = """
import time, django
django.setup()
from practice.tasks import recompute_streaks
started = time.perf_counter()
drift = recompute_streaks()
print(time.perf_counter() - started, drift)
"""


class Side:
    """One of the two projects, in a process of its own that answers one batch at a time."""

    def __init__(self, settings: str, member_ids: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dev.bench.side"],
            cwd=BASE_DIR,
            env={**environment, "DJANGO_SETTINGS_MODULE": settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._send(member_ids)

    def ask(self, do: str, **request: Any) -> Any:
        self._send({"do": do, **request})
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{request['path']} could not be measured: what failed stands above.")
        return json.loads(answer)

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def _send(self, message: Any) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()


def pages(hack: str) -> dict[str, tuple[dict[str, Any], float]]:
    """Each page: how it is asked for, and how much of the bare page it may take."""
    today = datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()
    checkin = {"date": today, "mood_before": "6", "mood_after": "7", "notes": "Slept well."}
    asked = {
        "landing, anonymous": ("/", "anonymous", None, PUBLIC),
        "catalogue, anonymous": ("/hacks/", "anonymous", None, PUBLIC),
        "hack, anonymous": (f"/hacks/{hack}/", "anonymous", None, PUBLIC),
        "catalogue, signed in": ("/hacks/", "member", None, SIGNED_IN),
        "hack, signed in": (f"/hacks/{hack}/", "member", None, SIGNED_IN),
        "today": ("/today/", "member", None, SIGNED_IN),
        "journal": ("/journal/", "member", None, SIGNED_IN),
        "leaderboard": ("/leaderboard/?period=all", "member", None, SIGNED_IN),
        "check-in, POST": ("/checkin/", "member", checkin, WRITE),
    }
    return {
        name: ({"path": path, "visitor": visitor, "form": form}, limit)
        for name, (path, visitor, form, limit) in asked.items()
    }


def measure_pages(database: Database, rounds: int, profiled: str) -> None:
    members = [str(pk) for (pk,) in database.rows("SELECT id FROM users ORDER BY id LIMIT 1000")]
    readers = [str(pk) for (pk,) in database.rows("SELECT id FROM auth_user ORDER BY id", bare=True)]
    [(hack,)] = database.rows("SELECT slug FROM hacks WHERE is_gateway AND is_active ORDER BY slug LIMIT 1")
    # Data that were kept: nobody has checked in today.
    database.rows(
        "DELETE FROM daily_checkins WHERE checkin_date >= (now() AT TIME ZONE 'Europe/Berlin')::date RETURNING id"
    )
    ours = Side("nrghax.settings", members, database.environment)
    bare = Side("dev.bench.bare.settings", readers, database.environment)
    asked = pages(hack)
    if profiled:
        request, _ = asked[profiled]
        ours.ask("batch", **request, count=WARM_UP)
        print(ours.ask("profile", **request, count=100))
        ours.stop()
        bare.stop()
        return
    bare.ask("batch", **BARE, count=WARM_UP)
    took = {name: ([], []) for name in asked}
    for request, _ in asked.values():
        ours.ask("batch", **request, count=WARM_UP)
    for _ in range(rounds):
        for name, (request, _) in asked.items():
            took[name][0].extend(ours.ask("batch", **request, count=BATCH)["took"])
            took[name][1].extend(bare.ask("batch", **BARE, count=BATCH)["took"])
    print("\n| page | of the bare page | at most | queries | size, KB |\n| --- | --- | --- | --- | --- |")
    for name, (request, limit) in asked.items():
        answer = ours.ask("queries", **request)
        ratio = statistics.median(took[name][0]) / statistics.median(took[name][1])
        size = f"{answer['size'] / 1000:.0f}" if answer["status"] == 200 else "redirect"
        print(f"| {name} | {ratio:.2f} | {limit} | {answer['queries']} | {size} |")
    answer = bare.ask("queries", **BARE)
    milliseconds = 1000 * statistics.median(second for _, unit in took.values() for second in unit)
    print(f"| the bare page ({milliseconds:.1f} ms here) | 1 | | {answer['queries']} | {answer['size'] / 1000:.0f} |")
    ours.stop()
    bare.stop()


def measure_streaks(database: Database, members: int) -> None:
    """The nightly task against its own statement in psql, by turns."""
    database.fill_streaks(members)
    statement = BASE_DIR / "practice" / "sql" / "recompute_streaks.sql"
    task = [sys.executable, "-c", STREAK_TASK]
    environment = {**database.environment, "NRGHAX_PROCESS": "worker", "DJANGO_SETTINGS_MODULE": "nrghax.settings"}
    psql = [POSTGRES_BIN / "psql", "-qXAt", "-f", statement, database.urls.worker]
    took: dict[str, list[float]] = {"psql": [], "task": []}
    for _ in range(STREAK_RUNS):
        for name, command in (("psql", psql), ("task", task)):
            started = time.perf_counter()
            done = subprocess.run(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            seconds, drift = time.perf_counter() - started, done.stdout.strip()
            if name == "task":
                seconds, drift = float(drift.split()[0]), drift.split()[1]
            took[name].append(seconds)
            if drift not in ("0", "0|0"):
                raise SystemExit(f"The data of the benchmark had drifted: {drift}")
    medians = {name: statistics.median(times) for name, times in took.items()}
    [(everybody, checkins)] = database.rows(
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM daily_checkins)"
    )
    print(
        f"\nStreaks of {everybody:,} members with {checkins:,} check-ins: {medians['task']:.1f} s in the task,"
        f" {medians['psql']:.1f} s in psql: {medians['task'] / medians['psql']:.2f} of it, at most {TASK}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev.bench", description="Our pages against a bare Django page.")
    parser.add_argument("part", nargs="?", choices=["pages", "streaks", *PARTS], help="all unless one is named")
    parser.add_argument("--rounds", type=int, default=40, help=f"of {BATCH} requests a page and side")
    parser.add_argument("--members", type=int, default=100_000, help="of streaks and jobs, besides the pages'")
    parser.add_argument("--keep", action="store_true", help="keep the servers' data for the next run")
    parser.add_argument("--profile", default="", metavar="PAGE", help="where one page's time goes, instead")
    options = parser.parse_args()
    is_new = not DATA_DIR.exists()
    database = Database(DATA_DIR)
    try:
        if is_new:
            print("Making a hundred hacks, a thousand members and a year of practice each ...", flush=True)
            database.fill()
        else:
            # Tables and style sheets may have come since.
            database.prepare()
        if options.part in (None, "pages") or options.profile:
            measure_pages(database, options.rounds, options.profile)
        if options.part in (None, "streaks") and not options.profile:
            measure_streaks(database, options.members)
        if options.part not in ("pages", "streaks") and not options.profile:
            measure_jobs(database, [options.part] if options.part else list(PARTS), options.members)
    finally:
        database.servers.release()
        if not options.keep:
            shutil.rmtree(DATA_DIR, ignore_errors=True)


if __name__ == "__main__":
    main()
