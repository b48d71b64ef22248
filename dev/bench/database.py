"""The benchmark's own servers and their data."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import psycopg

from dev.embedded import Embedded
from dev.embedded.postgres import POSTGRES_BIN

BENCH_DIR = Path(__file__).resolve().parent
BASE_DIR = BENCH_DIR.parent.parent
# Settings of a production server. The embedded server's own settings are for small machines.
POSTGRES_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
# The data is inserted with triggers off. The product's own tasks compute what the triggers would have computed.
COMPUTE = """
import django
django.setup()
from gamification.tasks import rank_members, recompute_xp
from practice.tasks import recompute_progress, recompute_streaks
recompute_progress()
recompute_streaks()
recompute_xp()
rank_members()
"""
UNLOCK = """
import django
django.setup()
from database.statements import run_statement
run_statement("hacks", "unlock_hacks", member_id=None, activity="hack_unlocked")
"""


class Database:
    def __init__(self, data_dir: Path) -> None:
        self.servers = Embedded(data_dir, POSTGRES_SETTINGS)
        self.urls = self.servers.acquire()
        kept = {name: value for name, value in os.environ.items() if name not in ("NRGHAX_PROCESS", "DEBUG")}
        # The product runs as in production.
        self.environment = {
            **kept,
            "DATABASE_URL": self.urls.web,
            "DATABASE_OWNER_URL": self.urls.owner,
            "DATABASE_WORKER_URL": self.urls.worker,
            "REDIS_URL": self.urls.redis,
            "BARE_DATABASE_URL": self.servers.postgres.url("postgres", "bare"),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "localhost",
            "EMAIL_URL": "dummymail://",
            "NRGHAX_DATA_DIR": str(data_dir),
            "LOG_LEVEL": "ERROR",
        }

    def fill(self) -> None:
        """Make 100 hacks, 1,000 members with a year of practice, and the rows of the bare page."""
        self.prepare()
        self.python("manage.py", "loaddata", "seeds", "--verbosity", "0")
        self.run(BENCH_DIR / "year.sql", self.urls.superuser)
        self.compute()
        with psycopg.connect(self.servers.postgres.url(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE bare")
        bare = {"DJANGO_SETTINGS_MODULE": "dev.bench.bare.settings"}
        self.python("-m", "django", "migrate", "--run-syncdb", "--verbosity", "0", **bare)
        self.run(BENCH_DIR / "bare" / "entries.sql", self.environment["BARE_DATABASE_URL"])

    def prepare(self) -> None:
        self.python("manage.py", "migrate", "--verbosity", "0")
        self.python("manage.py", "collectstatic", "--no-input", "--verbosity", "0")

    def fill_decade(self) -> None:
        """Add 900 hacks, and 20 members with ten years of practice."""
        self.run(BENCH_DIR / "decade.sql", self.urls.superuser)
        self.compute()

    def fill_streaks(self, members: int) -> None:
        self.run(BENCH_DIR / "streaks.sql", self.urls.superuser, members=members)
        self.analyse()

    def compute(self) -> None:
        self.analyse()
        self._in_worker(COMPUTE)
        self.unlock()

    def unlock(self) -> None:
        self._in_worker(UNLOCK)
        self.analyse()

    def analyse(self) -> None:
        with psycopg.connect(self.urls.superuser, autocommit=True) as admin:
            admin.execute("VACUUM ANALYZE")

    def python(self, *command: str, **environment: str) -> None:
        subprocess.run([sys.executable, *command], cwd=BASE_DIR, env={**self.environment, **environment}, check=True)

    def run(self, file: Path, url: str, **variables: int) -> None:
        """Run a SQL file in psql."""
        settings = [f"--set={name}={value}" for name, value in {"ON_ERROR_STOP": 1, **variables}.items()]
        subprocess.run([POSTGRES_BIN / "psql", "-qX", *settings, "-f", file, url], check=True)

    def rows(self, sql: str, *, bare: bool = False) -> list[tuple]:
        url = self.environment["BARE_DATABASE_URL"] if bare else self.urls.superuser
        with psycopg.connect(url) as connection:
            return connection.execute(sql).fetchall()

    def _in_worker(self, code: str) -> None:
        self.python("-c", code, NRGHAX_PROCESS="worker", DJANGO_SETTINGS_MODULE="nrghax.settings")
