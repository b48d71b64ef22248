"""SQL that lives in files: each app's `sql/` folder."""

from functools import cache
from pathlib import Path

from django.apps import apps


def sql_path(app_label: str, name: str) -> Path:
    return Path(apps.get_app_config(app_label).path) / "sql" / f"{name}.sql"


@cache
def read_statement(app_label: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`, for a worker's set-based statement."""
    return sql_path(app_label, name).read_text()
