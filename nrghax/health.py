"""Health checks for an orchestrator: liveness at /healthz and readiness at /readyz."""

import secrets
from collections.abc import Callable
from functools import cache as remember

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from database.identity import Role, database_identity
from database.models import SqlFile
from database.sql_files import read_source_files
from database.statements import run_sql
from nrghax.tasks import WORKER_SEEN_KEY


# Exempt from the CSRF check, whose page queries the database: any POST gets a 405.
@csrf_exempt
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 if every check passes, else 503 with the names of the failed checks. Reasons only go to the log."""
    checks = {name: "ok" if check() else "failed" for name, check in CHECKS.items()}
    is_ready = "failed" not in checks.values()
    return JsonResponse({"status": "ok" if is_ready else "failed", "checks": checks}, status=200 if is_ready else 503)


def _database() -> bool:
    try:
        run_sql("SELECT 1")
    except DatabaseError:
        return False
    return True


def _valkey() -> bool:
    # The cache hides a lost server, so the check must read back the value that it wrote.
    token = secrets.token_hex(8)
    cache.set(f"nrghax.readyz.{token}", token, timeout=5)
    return cache.get(f"nrghax.readyz.{token}") == token


def _migrations() -> bool:
    try:
        with database_identity(Role.ANON):
            return _migrations_on_disk() <= set(run_sql("SELECT app, name FROM django_migrations").rows)
    except DatabaseError:
        return False


@remember
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _sql_files() -> bool:
    """Check that every SQL file of this release was applied. A later release may have replaced it since."""
    try:
        with database_identity(Role.ANON):
            rows = {row.path: [row.digest, *row.former_digests] for row in SqlFile.objects.all()}
    except DatabaseError:
        return False
    return all(file.digest in rows.get(file.path, []) for file in read_source_files())


def _worker() -> bool:
    return cache.get(WORKER_SEEN_KEY) is not None


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "valkey": _valkey,
    "migrations": _migrations,
    "sql_files": _sql_files,
    "worker": _worker,
}
