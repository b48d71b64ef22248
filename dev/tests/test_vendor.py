"""The vendored files are the ones that were fetched; the check sees every kind of difference."""

import shutil
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.fixture
def copy(tmp_path):
    """The script and its files in a place where they may be spoilt."""
    shutil.copytree(settings.BASE_DIR / "static" / "vendor", tmp_path / "static" / "vendor")
    (tmp_path / "dev").mkdir()
    shutil.copy(settings.BASE_DIR / "dev" / "vendor.py", tmp_path / "dev")
    return tmp_path


def _check(folder) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, folder / "dev" / "vendor.py", "--check"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_the_files_are_as_they_were_fetched():
    assert _check(settings.BASE_DIR) == (0, "")


def test_a_changed_a_missing_and_an_added_file_are_found(copy):
    vendor = copy / "static" / "vendor"
    with (vendor / "htmx" / "htmx.min.js").open("a") as script:
        script.write("//")
    (vendor / "lucide" / "sprite.svg").unlink()
    (vendor / "extra.js").write_text("")
    code, faults = _check(copy)
    assert code == 1
    assert faults.splitlines() == [
        "extra.js: not recorded",
        "htmx/htmx.min.js: changed since it was fetched",
        "lucide/sprite.svg: missing",
    ]


def test_a_version_that_was_raised_without_fetching_is_found(copy):
    script = copy / "dev" / "vendor.py"
    script.write_text(script.read_text().replace('version="2.0.11"', 'version="2.0.12"'))
    code, faults = _check(copy)
    assert code == 1
    assert "are not the pinned" in faults
