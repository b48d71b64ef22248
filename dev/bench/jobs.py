"""Measure the jobs of progress in alternation with their own statements in psql; see dev/bench/README.md.

`python -m dev.bench` also starts this module as a process: a job runs there with Django set up, as in a worker.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple
from uuid import UUID

from dev.bench.database import BASE_DIR, BENCH_DIR, Database
from dev.embedded.postgres import POSTGRES_BIN

MAX_RATIO = 1.2


class Job(NamedTuple):
    title: str
    before: str  # SQL before each run, so that both sides have the same work.
    members: str = "SELECT NULL::text"  # The members for whom it runs, one after the other. NULL: as the worker.
    runs: int = 5


REVIEWERS = "SELECT user_id::text FROM user_hack_progress WHERE total_practice_count = 1000 ORDER BY user_id LIMIT 200"
JOBS = {
    "achievements": Job(
        "achievements of all members, 1,000 of them new",
        "DELETE FROM user_achievements"
        " WHERE id IN (SELECT id FROM user_achievements ORDER BY id LIMIT 1000) RETURNING id",
    ),
    "ranks": Job(
        "ranks of all members after 1,000 new awards",
        "INSERT INTO xp_ledger (id, user_id, source, source_id, category_id, amount, earned_on)"
        " SELECT app.uuid7(), user_id, 'challenge', app.uuid7(), category_id, 25, current_date FROM user_xp"
        " WHERE category_id IS NOT NULL ORDER BY md5(id::text) LIMIT 1000 RETURNING id",
    ),
    "lease": Job(
        "the next submission of the queue, for each of 200 reviewers",
        "DELETE FROM hack_verification_leases RETURNING id",
        REVIEWERS,
        runs=25,
    ),
    "waiting": Job("the number of waiting submissions, for each of 200 reviewers", "SELECT 1", REVIEWERS, runs=25),
    "positions": Job(
        "the place in the queue, for each of 200 authors",
        "SELECT 1",
        "SELECT user_id::text FROM hack_verifications WHERE status = 'submitted' ORDER BY submitted_at DESC LIMIT 200",
        runs=25,
    ),
}
PARTS = {"achievements": ["achievements"], "ranks": ["ranks"], "reviews": ["lease", "waiting", "positions"]}


def measure_jobs(database: Database, parts: list[str], members: int) -> None:
    fill_progress(database, members)
    print("\n| job | in the worker | in psql | ratio | limit | with BEGIN and COMMIT |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in (name for part in parts for name in PARTS[part]):
        print(_measure(database, name), flush=True)
    [numbers] = database.rows(
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM achievements), (SELECT count(*) FROM xp_ledger),"
        " (SELECT count(*) FROM hack_verifications WHERE status = 'submitted')"
    )
    print("\n{:,} members, {:,} achievements, {:,} rows of XP, {:,} waiting submissions.".format(*numbers))


def fill_progress(database: Database, members: int) -> None:
    """Make the members of progress.sql, with hacks unlocked, achievements and ranks, unless they exist already."""
    if database.rows("SELECT 1 FROM accounts_user WHERE email = 'progress1@example.com'"):
        return
    database.run(BENCH_DIR / "progress.sql", database.urls.superuser, members=members)
    database.analyse()
    database.unlock()
    # In psql: the job would record an activity for each of a million achievements.
    for name in ("achievements", "ranks"):
        _in_psql(database, _call(database, "statements", name, [None]), [None])
        database.analyse()


def _measure(database: Database, name: str) -> str:
    job = JOBS[name]
    members = [member for (member,) in database.rows(job.members)]
    statements = _call(database, "statements", name, members[:1])
    took: dict[str, list[list[float]]] = {"job": [], "psql": []}
    for _ in range(job.runs):
        database.rows(job.before)
        took["job"].append(_call(database, "run", name, members))
        database.rows(job.before)
        took["psql"].append(_in_psql(database, statements, members))
    # Other work of the machine only adds time, so the best run is closest to the time of the job itself.
    alone, whole = (
        {side: min(run[which] for run in runs) / len(members) for side, runs in took.items()} for which in (0, 1)
    )
    job_took, psql_took = (
        f"{each:.1f} s" if each > 1 else f"{1000 * each:.2f} ms" for each in (alone["job"], alone["psql"])
    )
    ratio, with_transaction = (seconds["job"] / seconds["psql"] for seconds in (alone, whole))
    return f"| {job.title} | {job_took} | {psql_took} | {ratio:.2f} | {MAX_RATIO} | {with_transaction:.2f} |"


def _call(database: Database, function: str, name: str, members: list[str | None]) -> Any:
    """Run this module in a process of its own and return its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "dev.bench.jobs", function, name],
        cwd=BASE_DIR,
        env={**database.environment, "NRGHAX_PROCESS": "worker", "DJANGO_SETTINGS_MODULE": "nrghax.settings"},
        input=json.dumps(members),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _in_psql(database: Database, statements: list[str], members: list[str | None]) -> tuple[float, float]:
    """Return the seconds of the statements alone, and with their transactions."""
    with NamedTemporaryFile("w", suffix=".sql") as file:
        file.writelines(_script(statements, members))
        file.flush()
        done = subprocess.run(
            [POSTGRES_BIN / "psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-f", file.name, database.urls.worker],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    took = [float(each) / 1000 for each in re.findall(r"^Time: ([\d.]+) ms", done.stdout, re.MULTILINE)]
    # Each transaction has two more timings: BEGIN (with the identity, if any) and COMMIT.
    each = len(statements) + 2
    around = sum(took[::each]) + sum(took[each - 1 :: each])
    return sum(took) - around, sum(took)


def _script(statements: list[str], members: list[str | None]) -> Iterator[str]:
    """Return a transaction for each member. As in the product, BEGIN and the identity are one round trip."""
    lines = "".join(f"{statement.rstrip().rstrip(';')};\n" for statement in statements)
    yield "\\timing on\n"
    for member in members:
        identity = f"set_config('role', 'nrghax_member', true), set_config('app.user_id', '{member}', true)"
        yield f"BEGIN \\; SELECT {identity};\n" if member else "BEGIN;\n"
        yield f"{lines}COMMIT;\n"


def _job(name: str) -> Callable[[], object]:
    from community import queue
    from community.actions import take_review
    from gamification.actions import award_achievements
    from gamification.tasks import rank_members

    return {
        "achievements": award_achievements,
        "ranks": rank_members,
        "lease": take_review,
        "positions": queue.queue_positions,
        "waiting": queue.waiting_reviews,
    }[name]


def _identity(member: str | None) -> AbstractContextManager:
    from database.identity import Role, database_identity

    return nullcontext() if member is None else database_identity(Role.MEMBER, UUID(member))


def run(name: str, members: list[str | None]) -> tuple[float, float]:
    """Return the seconds that a job takes for these members: alone, and from BEGIN to the work after COMMIT.

    For the worker's own jobs both numbers are the same, because these jobs open their transaction themselves.
    """
    from django.db import connection

    connection.ensure_connection()
    job = _job(name)
    alone = 0.0
    started = time.perf_counter()
    for member in members:
        with _identity(member):
            called = time.perf_counter()
            job()
            alone += time.perf_counter() - called
    return alone, time.perf_counter() - started


def statements(name: str, members: list[str | None]) -> list[str]:
    """Return the SQL that the job sends for the first of these members. Its work is rolled back."""
    import psycopg
    from django.db import connection, transaction

    sent: list[str] = []

    def remember(execute, sql, parameters, many, context):
        if not sql.startswith(("SAVEPOINT", "RELEASE")):
            sent.append(psycopg.ClientCursor(connection.connection).mogrify(sql, parameters))
        return execute(sql, parameters, many, context)

    with transaction.atomic(), _identity(members[0]), connection.execute_wrapper(remember):
        _job(name)()
        transaction.set_rollback(True)
    return sent


def main() -> None:
    import django

    django.setup()
    function, name = sys.argv[1:]
    members = json.load(sys.stdin)
    json.dump({"run": run, "statements": statements}[function](name, members), sys.stdout)


if __name__ == "__main__":
    main()
