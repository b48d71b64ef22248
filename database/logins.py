"""The login and the role that each kind of process uses on the database."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

# Each process has its own login. manage.py logs in as the owner, so that `migrate` and `loaddata` just work.
URL_VARIABLES = {
    "web": "DATABASE_URL",
    "worker": "DATABASE_WORKER_URL",
    "owner": "DATABASE_OWNER_URL",
    "test": "DATABASE_TEST_URL",
}
CONNECTION = {
    "ENGINE": "database.backend",
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
}


def database_settings(env: environ.Env, *, process: str) -> dict[str, Any]:
    """Return `DATABASES["default"]` for the process that NRGHAX_PROCESS names.

    If only DATABASE_URL is set, the worker and manage.py use its login and switch to their own role. Raises
    ImproperlyConfigured if a URL is missing or its login can't serve the process.
    """
    if process not in URL_VARIABLES:
        raise ImproperlyConfigured(f"NRGHAX_PROCESS is {process!r}; it must be one of {', '.join(URL_VARIABLES)}.")
    variable = URL_VARIABLES[process]
    url = env.str(variable, default="")
    if not url:
        url = env.str("DATABASE_URL")
        if environ.Env.db_url_config(url)["USER"] == "nrghax_web":
            raise ImproperlyConfigured(
                f"Set {variable} for this process: the login nrghax_web of DATABASE_URL has no right to serve it."
            )
    config = {**environ.Env.db_url_config(url), **CONNECTION}
    options: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": 3}
    if config["USER"] != f"nrghax_{process}":
        # This includes the web process: a login with rights of its own must not serve visitors.
        of_url = config.get("OPTIONS", {}).get("options", "")
        options["options"] = f"{of_url} -c role=nrghax_{process}".strip()
    config["OPTIONS"] = {**config.get("OPTIONS", {}), **options}
    # `manage.py dbshell` passes HOST to psql, but not OPTIONS["host"].
    config["HOST"] = config["OPTIONS"].pop("host", config["HOST"])
    return config
