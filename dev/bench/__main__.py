"""Measure our pages against a bare Django page, and jobs against their own SQL statements; see dev/bench/README.md.

python -m dev.bench [pages|streaks|achievements|ranks|reviews] [--grown] [--rounds 40] [--members 100000] [--keep]
                    [--profile PAGE]
"""

import argparse
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.bench.database import BASE_DIR, Database
from dev.bench.jobs import PARTS, fill_progress, measure_jobs
from dev.bench.pages import BATCH, GROWN_LIMITS, LIMITS, MAX_ROUNDS, PAGES, measure_pages, profile_page
from dev.bench.streaks import measure_streaks

DATA_DIR = Path(os.environ.get("NRGHAX_DATA_DIR", BASE_DIR / ".local"))


def main() -> None:
    options = _options()
    if not options.grown:
        _measure_today(options)
    if options.grown or (options.part is None and not options.profile):
        _measure_grown(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dev.bench",
        description="Measure our pages against a bare Django page, and jobs against their own SQL.",
    )
    parser.add_argument("part", nargs="?", choices=["pages", "streaks", *PARTS], help="measure only this part")
    parser.add_argument("--grown", action="store_true", help="measure only the pages, on grown data")
    parser.add_argument("--rounds", type=int, default=40, help=f"rounds of {BATCH} requests for each page and side")
    parser.add_argument("--members", type=int, default=100_000, help="members to add for streaks, jobs and grown data")
    parser.add_argument("--keep", action="store_true", help="keep the data for the next run")
    parser.add_argument(
        "--profile", choices=PAGES, metavar="PAGE", help="instead, show where the time of one page goes"
    )
    options = parser.parse_args()
    if not 2 <= options.rounds <= MAX_ROUNDS:
        parser.error(f"--rounds must be from 2 to {MAX_ROUNDS}.")
    if options.grown and options.part not in (None, "pages"):
        parser.error("--grown measures pages only.")
    return options


def _measure_today(options: argparse.Namespace) -> None:
    with _filled("bench", _fill_today, keep=options.keep) as database:
        if options.profile:
            profile_page(database, options.profile)
            return
        if options.part in (None, "pages"):
            measure_pages(database, options.rounds, LIMITS)
        if options.part in (None, "streaks"):
            measure_streaks(database, options.members)
        if options.part not in ("pages", "streaks"):
            measure_jobs(database, [options.part] if options.part else list(PARTS), options.members)


def _measure_grown(options: argparse.Namespace) -> None:
    def fill_grown(database: Database) -> None:
        _fill_today(database)
        print(
            f"Making 900 hacks, 20 members with ten years of practice and {options.members:,} other members ...",
            flush=True,
        )
        database.fill_decade()
        fill_progress(database, options.members)

    with _filled("bench-grown", fill_grown, keep=options.keep) as database:
        if options.profile:
            profile_page(database, options.profile)
        else:
            measure_pages(database, options.rounds, GROWN_LIMITS)


def _fill_today(database: Database) -> None:
    print("Making 100 hacks and 1,000 members with a year of practice each ...", flush=True)
    database.fill()


@contextmanager
def _filled(name: str, fill: Callable[[Database], None], *, keep: bool) -> Iterator[Database]:
    """Run the servers of a data set. Fill it unless an earlier run has kept it. Never keep incomplete data."""
    directory = DATA_DIR / name
    is_filled = directory.exists()
    database = Database(directory)
    try:
        if is_filled:
            # Migrations and static files may have been added since.
            database.prepare()
        else:
            fill(database)
            is_filled = True
        yield database
    finally:
        database.servers.release()
        if not (keep and is_filled):
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
