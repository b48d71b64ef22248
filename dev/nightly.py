"""`make nightly`: run the tests with many more examples, and then at dates that often break code.

    python -m dev.nightly [--clocks first_of_month leap_day]

The shifted clocks need Linux and libfaketime (requirements-nightly.txt, built with a C compiler). With each clock, all
tests except the browser tests run, on servers of their own that read the same clock.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


def next_time(is_wanted: Callable[[datetime], bool], hour: int, minute: int) -> datetime:
    """Return the next moment, from tomorrow on, at this time of day in UTC on a day that is wanted."""
    moment = datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    while True:
        moment += timedelta(days=1)
        if is_wanted(moment):
            return moment


def is_last_of_month(moment: datetime) -> bool:
    return (moment + timedelta(days=1)).day == 1


def is_last_sunday(moment: datetime, month: int) -> bool:
    return moment.month == month and moment.weekday() == 6 and moment.day > 24


# The time zone of the machine, and the moment in UTC at which the tests start.
CLOCKS = {
    "first_of_month": ("UTC", next_time(lambda day: day.day == 1, 0, 30)),
    "last_of_month": ("UTC", next_time(is_last_of_month, 23, 30)),
    "leap_day": ("UTC", next_time(lambda day: (day.month, day.day) == (2, 29), 5, 30)),
    "clocks_go_forward": ("Europe/Berlin", next_time(lambda day: is_last_sunday(day, 3), 0, 50)),
    "clocks_go_back": ("Europe/Berlin", next_time(lambda day: is_last_sunday(day, 10), 0, 50)),
    "new_year_in_auckland": ("Pacific/Auckland", next_time(lambda day: (day.month, day.day) == (12, 31), 11, 10)),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.nightly", description="Run the long tests.")
    parser.add_argument("--clocks", nargs="+", choices=CLOCKS, help="run only the tests with these shifted clocks")
    clocks = parser.parse_args().clocks
    failed = []
    if clocks is None and _run("many examples", {"HYPOTHESIS_PROFILE": "nightly"}):
        failed.append("many examples")
    for name in CLOCKS if clocks is None else clocks:
        zone, moment = CLOCKS[name]
        with tempfile.TemporaryDirectory(prefix="nrghax-nightly-") as data_dir:
            environment = {**_shifted(moment), "TZ": zone, "NRGHAX_DATA_DIR": data_dir}
            if _run(f"{name}: {moment:%Y-%m-%d %H:%M} UTC, TZ={zone}", environment, "-m", "not browser"):
                failed.append(name)
    print(f"Failed: {', '.join(failed)}" if failed else "All passed.")
    return 1 if failed else 0


def _run(title: str, environment: dict[str, str], *arguments: str) -> int:
    print(f"\n{title}", flush=True)
    return subprocess.run(
        [*PYTEST, *arguments], cwd=BASE_DIR, env={**os.environ, **environment}, check=False
    ).returncode


def _shifted(moment: datetime) -> dict[str, str]:
    """Return the environment that shifts the clock of a process and of its children; the clock keeps running."""
    spec = find_spec("libfaketime")
    if spec is None or spec.origin is None:
        raise SystemExit("libfaketime is missing. Run .venv/bin/pip install -r requirements-nightly.txt")
    library = Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    shift = round((moment - datetime.now(UTC)).total_seconds())
    # Timeouts use the monotonic clock, which is not shifted.
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{shift:+d}", "DONT_FAKE_MONOTONIC": "1"}


if __name__ == "__main__":
    sys.exit(main())
