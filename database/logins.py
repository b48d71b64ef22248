"""Which database login a process uses."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

# Each process has its own login; manage.py is the owner, so that `migrate` and `loaddata` just work.
URL_VARIABLES = {
    "web": "DATABASE_URL",
    "worker": "DATABASE_WORKER_URL",
    "owner": "DATABASE_OWNER_URL",
    "test": "DATABASE_TEST_URL",
}
CONNECTION = {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
}


def database_settings(
    env: environ.Env, *, process: str, debug: bool, data_dir: Path
) -> tuple[dict[str, Any], str, str]:
    """`DATABASES` for the process named by NRGHAX_PROCESS, the URL of Redis or Valkey, and the URL of the
    login that may make roles.

    Where DATABASE_URL or REDIS_URL is unset, the embedded servers are started under `data_dir`, in
    development only. With DATABASE_URL alone, the worker and manage.py are that login assuming their role.
    """
    if process not in URL_VARIABLES:
        raise ImproperlyConfigured(f"NRGHAX_PROCESS is {process!r}; it must be one of {', '.join(URL_VARIABLES)}.")
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if name not in env.ENVIRON]
    if missing and not debug:
        raise ImproperlyConfigured(f"Set {' and '.join(missing)}: the embedded servers are for development.")
    embedded: dict[str, str] = {}
    if missing:
        from nrghax.embedded import ensure_servers

        embedded = asdict(ensure_servers(data_dir, postgres="DATABASE_URL" in missing, valkey="REDIS_URL" in missing))

    options: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": 3}
    if "DATABASE_URL" in missing:
        url = embedded[process]
    else:
        variable = URL_VARIABLES[process]
        url = env.str(variable, default="")
        if not url:
            url = env.str("DATABASE_URL")
            if environ.Env.db_url_config(url)["USER"] == "nrghax_web" and process != "web":
                raise ImproperlyConfigured(
                    f"Set {variable} for this process: nrghax_web of DATABASE_URL can become no more than a visitor."
                )
    config = {**environ.Env.db_url_config(url), **CONNECTION}
    if config["USER"] != f"nrghax_{process}":
        # Also the web's: a login with rights of its own, let alone a superuser, must not serve visitors.
        options["options"] = f"-c role=nrghax_{process}"
    config["OPTIONS"] = {**config.get("OPTIONS", {}), **options}
    # `manage.py dbshell` passes HOST on to psql, but no option.
    config["HOST"] = config["OPTIONS"].pop("host", config["HOST"])
    redis_url = embedded["redis"] if "REDIS_URL" in missing else env.str("REDIS_URL")
    admin_url = env.str("DATABASE_ADMIN_URL", default="") or (
        embedded["superuser"] if "DATABASE_URL" in missing else env.str("DATABASE_URL")
    )
    return {"default": config}, redis_url, admin_url
