#!/usr/bin/env python3
"""Fetch and check the front-end files under static/vendor/.

    dev/vendor.py            download every package again and rewrite static/vendor/
    dev/vendor.py --check    compare the files on disk with the recorded hashes, offline

Each package is pinned by its version and by the sha512 that its registry publishes, so a moved tag or a changed tarball
is refused. To upgrade, change both here, run the script and commit the files that it wrote.
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
RECORD = VENDOR / "VERSIONS.json"
LICENCES = VENDOR / "LICENCES.txt"

# All icons go into one sprite: a page loads one cached file instead of embedding each icon in its HTML.
ICONS = """
activity alarm-clock anchor aperture arrow-left arrow-right audio-waveform award badge-check bandage battery-charging
bed bell bell-off bell-ring biceps-flexed book-open bookmark brain calendar calendar-check calendar-days chart-line
check check-check chevron-down chevron-left chevron-right chevron-up circle circle-alert circle-check circle-dot
circle-play circle-question-mark circle-user clock cloud cloud-sun coffee compass crosshair cup-soda donut droplet
droplets ear ellipsis external-link eye eye-closed eye-off fan feather flag flame flower flower-2 focus footprints
frown gauge glass-water glasses globe graduation-cap hand hand-heart hand-helping handshake headphones heart
heart-handshake heart-plus heart-pulse history hourglass house infinity info key-round laptop layers layout-grid
leaf lightbulb link list list-filter lock lock-open log-in log-out magnet mail map meh menu message-circle milk
minus monitor moon moon-star mountain move-vertical music notebook-pen orbit palette pause pencil person-standing
pin play plus radar radio rainbow refresh-cw repeat rotate-ccw route save scan scan-eye search send settings share-2
shell shield shield-check shield-half shuffle sliders-horizontal smile smile-plus snowflake sofa soup sparkle
sparkles spotlight sprout square star sun sun-dim sunrise sunset target tent thermometer thermometer-sun timer
timer-off timer-reset tornado torus trash-2 tree-palm tree-pine trending-up triangle-alert trophy umbrella user
user-check user-plus user-round users users-round video volume-2 wand wand-sparkles waves waves-horizontal
waves-vertical wind x zap
""".split()


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    integrity: str
    licence: str
    files: dict[str, str]


PACKAGES = (
    Package(
        name="htmx.org",
        version="2.0.11",
        integrity="sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        licence="0BSD",
        files={"dist/htmx.min.js": "htmx/htmx.min.js"},
    ),
    Package(
        name="@fontsource-variable/figtree",
        version="5.3.0",
        integrity="sha512-VRVodD7OiG7apQwE8/2fMjaqpY/a0qRJqL5HtYj8CKIVps+9amaFcdfKmDIf7iqYQx6iPLlArVXAfKeIZmVcNQ==",
        licence="OFL-1.1",
        files={
            f"files/figtree-{subset}-wght-{style}.woff2": f"figtree/figtree-{subset}-{style}.woff2"
            for subset in ("latin", "latin-ext")
            for style in ("normal", "italic")
        },
    ),
    Package(
        name="lucide-static",
        version="1.62.0",
        integrity="sha512-WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
        licence="ISC",
        files={},
    ),
)
SPRITE = "lucide/sprite.svg"


def sha512(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def download(package: Package, folder: Path) -> tarfile.TarFile:
    """Download and open the package's tarball. Exit if its hash is not the pinned one."""
    specification = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(folder), specification],
        check=True,
        capture_output=True,
        text=True,
    )
    tarball = folder / done.stdout.split()[-1]
    found = sha512(tarball.read_bytes())
    if found != package.integrity:
        sys.exit(f"{specification}: expected {package.integrity}, got {found}")
    return tarfile.open(tarball)


def read_member(archive: tarfile.TarFile, path: str) -> bytes:
    extracted = archive.extractfile(f"package/{path}")
    if extracted is None:
        sys.exit(f"{path} is not a file in its package")
    return extracted.read()


def draw_sprite(archive: tarfile.TarFile) -> bytes:
    """Return a sprite with each icon as a <symbol>, which inherits stroke and fill from the <svg> that uses it."""
    symbols = []
    for name in sorted(set(ICONS)):
        drawing = read_member(archive, f"icons/{name}.svg").decode()
        body = re.sub(r"\s+", " ", drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.index("</svg>")])
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body.strip().replace("> <", "><")}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def licence_text(archive: tarfile.TarFile) -> str:
    names = [name for name in archive.getnames() if re.fullmatch(r"package/LICEN[CS]E(\.\w+)?", name)]
    return read_member(archive, names[0].removeprefix("package/")).decode().strip() if names else ""


def fetch() -> None:
    files: dict[str, bytes] = {}
    licences = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            with download(package, Path(folder)) as archive:
                for source, target in package.files.items():
                    files[target] = read_member(archive, source)
                if package.name == "lucide-static":
                    files[SPRITE] = draw_sprite(archive)
                title = f"{package.name} {package.version} ({package.licence})"
                licences.append(f"{title}\n{'=' * len(title)}\n\n{licence_text(archive)}\n")
    for target, data in files.items():
        (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
        (VENDOR / target).write_bytes(data)
    LICENCES.write_text("\n\n".join(licences))
    record = {
        "packages": {package.name: package.version for package in PACKAGES},
        "files": {target: sha512(data) for target, data in sorted(files.items())},
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(f"{len(files)} files written to {VENDOR}")


def check() -> list[str]:
    """Return the differences between the record and the disk, one line each."""
    record = json.loads(RECORD.read_text())
    faults = []
    pinned = {package.name: package.version for package in PACKAGES}
    if record["packages"] != pinned:
        faults.append(f"recorded versions {record['packages']} are not the pinned {pinned}")
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    present -= {RECORD.name, LICENCES.name}
    faults += [f"{path}: not recorded" for path in sorted(present - set(record["files"]))]
    for path, expected in record["files"].items():
        if path not in present:
            faults.append(f"{path}: missing")
        elif sha512((VENDOR / path).read_bytes()) != expected:
            faults.append(f"{path}: changed since it was fetched")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="verify the files on disk, offline")
    if not parser.parse_args().check:
        fetch()
    elif faults := check():
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
