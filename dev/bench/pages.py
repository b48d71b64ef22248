"""Measure the product's pages in alternation with a bare Django page; see dev/bench/README.md."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dev.bench.database import BASE_DIR, Database

BATCH = 5
WARM_UP = 20
# Each check-in needs a member without one today. The warm-up, the profile and the count of queries use some too.
MAX_ROUNDS = 150
BARE = {"path": "/", "visitor": "member", "form": None}


class Page(NamedTuple):
    path: str  # {hack} is replaced by the slug of a gateway hack.
    kind: str


PAGES = {
    "landing, anonymous": Page("/", "public"),
    "catalogue, anonymous": Page("/hacks/", "public"),
    "hack, anonymous": Page("/hacks/{hack}/", "public"),
    "catalogue, signed in": Page("/hacks/", "signed in"),
    "hack, signed in": Page("/hacks/{hack}/", "signed in"),
    "today": Page("/today/", "signed in"),
    "journal": Page("/journal/", "signed in"),
    "leaderboard": Page("/leaderboard/?period=all", "signed in"),
    "check-in, POST": Page("/checkin/", "write"),
}
# The highest ratio to the bare page, by kind of page: on today's data, and on grown data.
LIMITS = {"public": 0.2, "signed in": 1.0, "write": 0.9}
GROWN_LIMITS = {**LIMITS, "signed in": 1.2}


class Side:
    """The process of one of the two projects. It answers one batch at a time."""

    def __init__(self, settings: str, database: Database, readers: list[str], writers: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dev.bench.side"],
            cwd=BASE_DIR,
            env={**database.environment, "DJANGO_SETTINGS_MODULE": settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._send({"readers": readers, "writers": writers})

    def ask(self, do: str, **request: Any) -> Any:
        self._send({"do": do, **request})
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{request['path']} could not be measured. See the error above.")
        return json.loads(answer)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def _send(self, message: Any) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()


def measure_pages(database: Database, rounds: int, limits: dict[str, float]) -> None:
    """Print a table of all pages, each with its ratio to the bare page."""
    requests = _requests(database)
    print(f"\n{_describe_data(database)}; {rounds} rounds of {BATCH} requests.\n", flush=True)
    with closing(_product(database)) as ours, closing(_bare(database)) as bare:
        bare.ask("batch", **BARE, count=WARM_UP)
        for request in requests.values():
            ours.ask("batch", **request, count=WARM_UP)
        ratios: dict[str, list[float]] = {name: [] for name in requests}
        units = []
        for _ in range(rounds):
            for name, request in requests.items():
                took, unit = _median_of_batch(ours, request), _median_of_batch(bare, BARE)
                ratios[name].append(took / unit)
                units.append(unit)
        answers = {name: ours.ask("queries", **request) for name, request in requests.items()}
        unit_answer = bare.ask("queries", **BARE)
    print("| page | ratio to the bare page | limit | queries | size, KB |\n| --- | --- | --- | --- | --- |")
    for name, answer in answers.items():
        print(_line(name, ratios[name], limits[PAGES[name].kind], answer))
    milliseconds = 1000 * statistics.median(units)
    size = unit_answer["size"] / 1000
    print(f"| the bare page ({milliseconds:.1f} ms here) | 1 | | {unit_answer['queries']} | {size:.0f} |", flush=True)


def profile_page(database: Database, name: str) -> None:
    """Print a profile of 100 requests for one page."""
    request = _requests(database)[name]
    with closing(_product(database)) as ours:
        ours.ask("batch", **request, count=WARM_UP)
        print(ours.ask("profile", **request, count=100))


def _product(database: Database) -> Side:
    """Start the product.

    Members with ten years of practice read the pages, or members with one year if there are none. Members with one year
    check in.
    """
    # Kept data has the check-ins of the last run.
    database.rows(
        "DELETE FROM daily_checkins WHERE checkin_date >= (now() AT TIME ZONE 'Europe/Berlin')::date RETURNING id"
    )
    members = _keys(database, "SELECT id FROM accounts_user WHERE email LIKE 'member%' ORDER BY id")
    readers = _keys(database, "SELECT id FROM accounts_user WHERE email LIKE 'decade%' ORDER BY id")
    return Side("nrghax.settings", database, readers or members, members)


def _bare(database: Database) -> Side:
    readers = _keys(database, "SELECT id FROM auth_user ORDER BY id", bare=True)
    return Side("dev.bench.bare.settings", database, readers, [])


def _keys(database: Database, sql: str, *, bare: bool = False) -> list[str]:
    return [str(key) for (key,) in database.rows(sql, bare=bare)]


def _requests(database: Database) -> dict[str, dict[str, Any]]:
    [(hack,)] = database.rows("SELECT slug FROM hacks WHERE is_gateway AND is_active ORDER BY slug LIMIT 1")
    today = datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()
    checkin = {"date": today, "mood_before": "6", "mood_after": "7", "notes": "Slept well."}
    return {
        name: {
            "path": page.path.format(hack=hack),
            "visitor": "anonymous" if page.kind == "public" else "member",
            "form": checkin if page.kind == "write" else None,
        }
        for name, page in PAGES.items()
    }


def _median_of_batch(side: Side, request: dict[str, Any]) -> float:
    return statistics.median(side.ask("batch", **request, count=BATCH)["took"])


def _line(name: str, ratios: Sequence[float], limit: float, answer: dict[str, Any]) -> str:
    """Return a row of the table: the median of the rounds, and the range from their 10th to their 90th percentile."""
    median = round(statistics.median(ratios), 2)
    low, *_, high = statistics.quantiles(ratios, n=10, method="inclusive")
    ratio = f"{median:.2f} ({low:.2f} to {high:.2f})"
    limit_text = str(limit)
    if median > limit:
        name, ratio, limit_text = f"**{name}**", f"**{ratio}**", f"{limit}, **MISSED**"
    size = f"{answer['size'] / 1000:.0f}" if answer["status"] == 200 else "redirect"
    return f"| {name} | {ratio} | {limit_text} | {answer['queries']} | {size} |"


def _describe_data(database: Database) -> str:
    [numbers] = database.rows(
        "SELECT (SELECT count(*) FROM hacks WHERE is_active), (SELECT count(*) FROM users),"
        " (SELECT count(*) FROM practice_sessions), (SELECT count(*) FROM daily_checkins)"
    )
    return "{:,} hacks, {:,} members, {:,} practices, {:,} check-ins".format(*numbers)
