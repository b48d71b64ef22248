"""The vendored files match the record, and the check finds every kind of difference."""

import shutil
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.fixture
def copy(tmp_path):
    """A copy of the script and its files that a test may change."""
    shutil.copytree(settings.BASE_DIR / "static" / "vendor", tmp_path / "static" / "vendor")
    (tmp_path / "dev").mkdir()
    shutil.copy(settings.BASE_DIR / "dev" / "vendor.py", tmp_path / "dev")
    return tmp_path


def _check(folder) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, folder / "dev" / "vendor.py", "--check"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_files_match_record():
    assert _check(settings.BASE_DIR) == (0, "")


def test_check_finds_changed_missing_and_added_file(copy):
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


def test_check_finds_version_raised_without_fetching(copy):
    script = copy / "dev" / "vendor.py"
    script.write_text(script.read_text().replace('version="2.0.11"', 'version="2.0.12"'))
    code, faults = _check(copy)
    assert code == 1
    assert "are not the pinned" in faults
