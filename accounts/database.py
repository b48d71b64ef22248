"""SQL that lives in files: each app's `sql/` folder."""

from functools import cache
from pathlib import Path

from django.apps import apps
from django.db import migrations


def sql_path(app_label: str, name: str) -> Path:
    return Path(apps.get_app_config(app_label).path) / "sql" / f"{name}.sql"


@cache
def read_statement(app_label: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`, for a worker's set-based statement."""
    return sql_path(app_label, name).read_text()


def run_sql_file(app_label: str, name: str) -> migrations.RunSQL:
    """A migration's operation: `<name>.sql` forward, `<name>_down.sql` back."""
    return migrations.RunSQL(sql_path(app_label, name).read_text(), sql_path(app_label, f"{name}_down").read_text())
