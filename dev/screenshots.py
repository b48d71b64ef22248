#!/usr/bin/env python3
"""`make screenshots`: take the README's pictures from a demo with data and a port of its own.

    .venv/bin/python dev/screenshots.py [--to FOLDER]

Needs Chromium on the PATH or at the path in CHROMIUM.
"""

import argparse
import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

BASE_DIR = Path(__file__).resolve().parent.parent
IMAGES = BASE_DIR / "docs" / "images"
LEARNER = ("learner@example.com", "breathe-in-slowly")
DEVICES = {
    "desktop": {"viewport": {"width": 1280, "height": 860}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
VISITOR_PAGES = {"landing": "/"}
MEMBER_PAGES = {
    "catalogue": "/hacks/",
    "hack": "/hacks/wide-gaze/",
    "today": "/today/",
    "journal": "/journal/",
    "numbers": "/journal/numbers/",
    "progress": "/progress/",
    "achievements": "/achievements/",
    "leaderboard": "/leaderboard/?period=all",
}
# Taken last: it starts a session, which the other pages would show.
TIMER_PAGE = {"timer": "/practice/wide-gaze/"}
HERO_PAGE = "today"
START_SECONDS = 300
# The picture at the top of the README: the page "today" on a desktop, with a phone in front.
HERO_HTML = """
<style>
  body {{ margin: 0; background: transparent; }}
  div {{ position: relative; width: 1260px; height: 740px; }}
  img {{ position: absolute; border-radius: 14px; box-shadow: 0 1px 2px #0003, 0 10px 28px #0003; }}
  .desktop {{ left: 24px; top: 24px; width: 1000px; }}
  .phone {{ right: 24px; bottom: 24px; width: 250px; border-radius: 26px; }}
</style>
<div><img class="desktop" src="data:image/png;base64,{desktop}"><img class="phone" src="data:image/png;base64,{phone}">
</div>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the README's pictures.")
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="FOLDER")
    folder = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with _demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for device in DEVICES:
            _take(browser, address, folder, device, "light", VISITOR_PAGES, signed_in=False)
            _take(browser, address, folder, device, "light", MEMBER_PAGES)
        _take(browser, address, folder, "phone", "dark", {HERO_PAGE: MEMBER_PAGES[HERO_PAGE]})
        for device in DEVICES:
            _take(browser, address, folder, device, "light", TIMER_PAGE)
        _make_hero(browser, folder)
        browser.close()
    for path in sorted(folder.glob("*.png")):
        print(f"{path.stat().st_size // 1000:4} kB  {path.name}")


@contextmanager
def _demo() -> Iterator[str]:
    """Start a demo, wait until it is ready, and yield its address."""
    with tempfile.TemporaryDirectory(prefix="nrghax-") as data_dir, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-m", "dev.launcher", "--demo"],
            cwd=BASE_DIR,
            env={**kept, "NRGHAX_DATA_DIR": data_dir, "PORT": str(port), "LOG_LEVEL": "WARNING"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        timer = threading.Timer(START_SECONDS, process.kill)
        timer.start()
        try:
            for line in process.stdout or ():
                print(line, end="")
                if "is ready" in line:
                    break
            else:
                sys.exit("The demo did not start.")
            # Keep reading the output: a full pipe would block the demo.
            threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            timer.cancel()
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _take(
    browser: Browser,
    address: str,
    folder: Path,
    device: str,
    scheme: str,
    pages: dict[str, str],
    signed_in: bool = True,
) -> None:
    context = browser.new_context(
        **DEVICES[device], color_scheme=scheme, reduced_motion="reduce", locale="en-GB", base_url=address
    )
    page = context.new_page()
    if signed_in:
        _sign_in(page)
    for name, path in pages.items():
        response = page.goto(path)
        if response is None or not response.ok or page.url != f"{address}{path}":
            sys.exit(f"{path} did not load: {response and response.status} at {page.url}")
        if name in TIMER_PAGE and page.get_by_role("button", name="Start").count():
            page.get_by_role("button", name="Start").click()
            page.get_by_role("button", name="Pause").wait_for()
        page.evaluate("document.fonts.ready")
        suffix = "" if scheme == "light" else f"-{scheme}"
        page.screenshot(path=folder / f"{name}-{device}{suffix}.png")
    context.close()


def _sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(LEARNER[0])
    page.locator("[name=password]").fill(LEARNER[1])
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/today/")


def _make_hero(browser: Browser, folder: Path) -> None:
    def encoded(name: str) -> str:
        return base64.b64encode((folder / name).read_bytes()).decode()

    page = browser.new_page(viewport={"width": 1260, "height": 740})
    page.set_content(
        HERO_HTML.format(desktop=encoded(f"{HERO_PAGE}-desktop.png"), phone=encoded(f"{HERO_PAGE}-phone-dark.png")),
        wait_until="load",
    )
    page.screenshot(path=folder / "today.png", omit_background=True)
    page.close()


if __name__ == "__main__":
    main()
