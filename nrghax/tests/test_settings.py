"""The settings in a fresh process: Django reads them only at start."""

import json
import os
import subprocess
import sys
import tempfile

import pytest
from django.conf import settings
from django.core.management import call_command

SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
PRODUCTION = {
    "DEBUG": "false",
    "DATABASE_URL": "postgresql://nrghax_web:w@db.example/nrghax",
    "DATABASE_OWNER_URL": "postgresql://nrghax_owner:o@db.example/nrghax",
    "DATABASE_WORKER_URL": "postgresql://nrghax_worker:r@db.example/nrghax",
    "REDIS_URL": "redis://valkey.example:6379/0",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "nrghax.example",
}
SHOW = """
import json
from django.conf import settings
from django.core.management import call_command
from django.db import connection
parameters = connection.get_connection_params()
print(json.dumps({
    "user": parameters["user"], "options": parameters.get("options", ""), "host": parameters["host"],
    "redis": settings.REDIS_URL, "admin": settings.DATABASE_ADMIN_URL,
    "storage": settings.STORAGES["staticfiles"]["BACKEND"],
}))
"""


def start(*command, **environment):
    """Run Python in the project, in an environment that inherits only PATH, HOME and LANG."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def show(entry, **environment):
    process = start("-c", f"{entry}\n{SHOW}", **environment)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_production_passes_django_deployment_checks():
    process = start("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert process.returncode == 0, process.stderr
    assert "no issues (0 silenced)" in process.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SECRET_KEY": ""}, "Set SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "Set SECRET_KEY"),
        (
            {"SECRET_KEY": "development only: sessions signed with it are worth nothing"},
            "Set SECRET_KEY",
        ),
        ({"DATABASE_URL": None}, "Set DATABASE_URL: only `make run` and manage.py start embedded servers"),
        ({"REDIS_URL": None}, "Set REDIS_URL: only `make run` and manage.py start embedded servers"),
        ({"NRGHAX_PROCESS": "wed"}, "NRGHAX_PROCESS is 'wed'"),
        ({"NRGHAX_PROCESS": "worker", "DATABASE_WORKER_URL": None}, "Set DATABASE_WORKER_URL for this process"),
        ({"NRGHAX_PROCESS": "owner", "DATABASE_OWNER_URL": None}, "Set DATABASE_OWNER_URL for this process"),
        ({"USE_HTTPS": "ture"}, "USE_HTTPS is 'ture'"),
        ({"DEBUG": "maybe"}, "DEBUG is 'maybe'"),
        ({"DISCORD_BOT_TOKEN": "t"}, "Set both of DISCORD_BOT_TOKEN and DISCORD_GUILD_ID"),
    ],
)
def test_production_does_not_start_when_variable_is_wrong(change, message):
    environment = {name: value for name, value in {**PRODUCTION, **change}.items() if value is not None}

    process = start("-c", "import nrghax.settings", **environment)

    assert process.returncode != 0
    assert message in process.stderr


def test_database_url_alone_means_production():
    process = start("-c", "import nrghax.settings", DATABASE_URL=PRODUCTION["DATABASE_URL"])

    assert process.returncode != 0
    assert "Set SECRET_KEY" in process.stderr


@pytest.mark.parametrize(
    ("entry", "user"),
    [
        ("import nrghax.wsgi", "nrghax_web"),
        ("import nrghax.celery", "nrghax_worker"),
        ("import manage", "nrghax_owner"),
    ],
)
def test_each_entry_point_uses_its_own_login(entry, user):
    shown = show(entry, **PRODUCTION)

    assert shown["user"] == user
    assert "role=" not in shown["options"]
    assert shown["host"] == "db.example"
    assert shown["storage"] == "whitenoise.storage.CompressedManifestStaticFilesStorage"


@pytest.mark.parametrize("process", ["web", "worker", "owner"])
def test_login_with_other_name_switches_to_role(process):
    urls = {"DATABASE_URL": "postgresql://postgres:p@db.example/nrghax"}
    environment = {name: value for name, value in PRODUCTION.items() if "DATABASE" not in name}

    shown = show("import manage", NRGHAX_PROCESS=process, **environment, **urls)

    assert shown["user"] == "postgres"
    assert f"-c role=nrghax_{process}" in shown["options"]
    assert shown["admin"] == urls["DATABASE_URL"]


def test_admin_url_is_used_for_roles():
    admin = "postgresql://postgres:p@db.example/postgres"

    assert show("import manage", **PRODUCTION, DATABASE_ADMIN_URL=admin)["admin"] == admin


def test_runserver_uses_web_login():
    entry = "import sys; sys.argv = ['manage.py', 'runserver']; import manage"

    assert show(entry, **PRODUCTION)["user"] == "nrghax_web"


def test_development_needs_no_variables():
    # The servers of the test run are used. The test shows that no variable is needed to reach them.
    data_dir = str(settings.DATA_DIR)
    shown = show("import manage", NRGHAX_DATA_DIR=data_dir)

    assert shown["user"] == "nrghax_owner"
    assert shown["host"].startswith((data_dir, tempfile.gettempdir()))
    assert shown["redis"].startswith("redis://:")


@pytest.mark.parametrize(("debug", "is_available"), [("on", True), ("off", False)])
def test_development_commands_need_debug(debug, is_available):
    process = start("manage.py", "help", "--commands", **{**PRODUCTION, "DEBUG": debug})

    assert ("demologins" in process.stdout.split()) is is_available


WITHOUT_DEVELOPMENT = r"""
import re, sys
from importlib.metadata import packages_distributions

def distributions(path):
    return set(re.findall(r"^([\w.-]+)==", open(path).read().lower(), re.MULTILINE))

missing = distributions("requirements-dev.txt") - distributions("requirements.txt")
for module, owners in packages_distributions().items():
    if {name.lower().replace("_", "-") for name in owners} <= missing:
        sys.modules[module] = None
sys.modules["dev"] = None
import manage
from django.core.management import call_command
import django
django.setup()
call_command("check", deploy=True, fail_level="WARNING")
from nrghax.celery import app
app.loader.import_default_modules()
import psutil
"""


def test_production_starts_without_development_packages():
    process = start("-c", WITHOUT_DEVELOPMENT, **PRODUCTION)

    # All lines but the last succeed. The last proves that the development packages really are out of reach.
    assert process.stderr.endswith("ModuleNotFoundError: import of psutil halted; None in sys.modules\n")


def test_static_files_refer_to_existing_files_only(settings, tmp_path):
    # The storage of production without compression, which would take most of the time.
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    settings.STATIC_ROOT = tmp_path

    call_command("collectstatic", interactive=False, verbosity=0)

    assert (tmp_path / "staticfiles.json").exists()


SHOW_LOGINS = """
import json
import manage
from django.conf import settings
directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
keyed = [name for name, options in settings.SOCIALACCOUNT_PROVIDERS.items() if "APP" in options]
print(json.dumps([keyed, directives["form-action"][1:], directives["img-src"][2:], settings.STAFF_NEED_MFA]))
"""


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        (PRODUCTION, [[], [], [], True]),
        ({**PRODUCTION, "STAFF_NEED_MFA": "off"}, [[], [], [], False]),
        (
            {**PRODUCTION, "GOOGLE_CLIENT_ID": "i", "GOOGLE_CLIENT_SECRET": "s"},
            [["google"], ["https://accounts.google.com"], [], True],
        ),
        (
            {**PRODUCTION, "DISCORD_CLIENT_ID": "i", "DISCORD_CLIENT_SECRET": "s"},
            [["discord"], ["https://discord.com"], ["https://cdn.discordapp.com"], True],
        ),
    ],
    ids=["no provider", "staff by password", "google", "discord"],
)
def test_only_providers_with_keys_are_enabled(variables, shown):
    process = start("-c", SHOW_LOGINS, **variables)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == shown


def test_provider_with_one_key_only_is_refused():
    process = start("-c", SHOW_LOGINS, **PRODUCTION, GOOGLE_CLIENT_ID="i")
    assert process.returncode != 0
    assert "Set both of GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET" in process.stderr
