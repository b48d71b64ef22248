"""The documents against the code: commands, files and environment variables."""

import json
import os
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = settings.BASE_DIR
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("dev/bench/*.md")])
README = (ROOT / "README.md").read_text()
MAX_PICTURE_BYTES = 250_000
# Variables that are not ours to document.
SYSTEM_VARIABLES = {"PATH", "HOME", "LANG", "DJANGO_SETTINGS_MODULE"}
# Loads the settings as in production, for each kind of process, and prints the variables that they read.
RECORD_VARIABLES = """
import json, os
from pathlib import Path
import environ
names = set()
class Recorded(dict):
    def __getitem__(self, name):
        names.add(name)
        return super().__getitem__(name)
    def __contains__(self, name):
        names.add(name)
        return super().__contains__(name)
environ.Env.ENVIRON = Recorded(os.environ)
from nrghax import settings
from database.logins import URL_VARIABLES, database_settings
for process in URL_VARIABLES:
    database_settings(settings.env, process=process)
print(json.dumps(sorted(names)))
"""
PRODUCTION = {
    "SECRET_KEY": "0123456789" * 5,
    "DATABASE_URL": "postgresql://user:w@db.example/nrghax",
    "REDIS_URL": "redis://valkey.example:6379/0",
}


def variables_in_settings():
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.run(
        [sys.executable, "-c", RECORD_VARIABLES],
        cwd=ROOT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "nrghax.settings", **PRODUCTION},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(process.stdout))


def variables_elsewhere():
    code = [*ROOT.glob("nrghax/*.py"), *ROOT.glob("*/management/commands/*.py"), *ROOT.glob("dev/*.py")]
    found = set()
    for path in [*code, ROOT / "manage.py"]:
        text = path.read_text()
        found.update(re.findall(r'\benviron(?:ment)?(?:\.get|\.setdefault)?[\[(]"([A-Z][A-Z0-9_]*)"', text))
        found.update(re.findall(r'"([A-Z][A-Z0-9_]*)" (?:not )?in os\.environ', text))
    found.update(re.findall(r'\benv\.\w+\("([A-Z][A-Z0-9_]*)"', (ROOT / "nrghax" / "serve.py").read_text()))
    found.update(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", (ROOT / "Procfile").read_text()))
    makefile = (ROOT / "Makefile").read_text()
    found.update(re.findall(r"^([A-Z][A-Z0-9_]*) \?=", makefile, re.MULTILINE))
    found.update(re.findall(r"\$\$\{([A-Z][A-Z0-9_]*)", makefile))
    return found


def documented_variables():
    table = README.partition("| variable |")[2].partition("\n\n")[0]
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([A-Z][A-Z0-9_]*)`", row.split("|")[1])]


def test_readme_lists_exactly_the_variables_that_are_read():
    read = variables_in_settings() | variables_elsewhere()
    assert sorted(read - SYSTEM_VARIABLES) == sorted(documented_variables())


def test_env_example_sets_only_variables_of_readme():
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))

    assert len(named) >= 10
    assert named <= set(documented_variables())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_files_in_document_exist(path):
    text = path.read_text()
    links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    files = re.findall(rf"(?<![\w/.])(?:{folders})/[\w/]+\.(?:py|sql|md|js)\b", text)

    assert [link for link in links if not (path.parent / link).exists()] == []
    assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_document_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = path.read_text()
    code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^    .+", text, re.MULTILINE)])

    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= targets
    assert set(re.findall(r"\bmanage\.py ([a-z]+)", code)) <= get_commands().keys()


def test_all_our_commands_are_in_readme_or_contributing():
    ours = {name for name, app in get_commands().items() if (ROOT / str(app)).is_dir()}
    text = README + (ROOT / "CONTRIBUTING.md").read_text()
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert [name for name in ours if name not in text] == []
    assert [name for name in targets if not re.search(rf"make\s+{name}\b", text)] == []


def test_pictures_are_small_pngs_and_have_alt_text():
    pictures = sorted((ROOT / "docs" / "images").glob("*"))

    assert len(pictures) >= 13
    assert [path.name for path in pictures if path.stat().st_size > MAX_PICTURE_BYTES] == []
    assert [path.name for path in pictures if not path.read_bytes().startswith(b"\x89PNG")] == []
    assert len(re.findall(r"!\[[^\]]+\]\(docs/images/", README)) >= 3
