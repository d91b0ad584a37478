"""Finds a Chromium that runs here, or installs one: `python -m tests.chromium` prints its path.

Order: the variable CHROMIUM, what is installed, Playwright's own download, Debian's package (as root). Where
none of these works it fails and says what to install; browser tests are never skipped silently.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
DOWNLOAD_PATIENCE = 300

# Where a system keeps its programs, whatever PATH names: Debian's Chromium is a script that needs some.
for _folder in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"):
    if _folder not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join(filter(None, [os.environ.get("PATH"), _folder]))


@cache
def find() -> str | None:
    """The path of a Chromium that starts, or None; looked for once."""
    places = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), _downloaded()]
    return next((place for place in places if place and _starts(place)), None)


def install() -> str | None:
    """Try each way that may work here; the path of what works then, or None."""
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    find.cache_clear()
    if (found := find()) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update", "-q")
        _try("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium")
        find.cache_clear()
        found = find()
    return found


def _downloaded() -> str | None:
    """Where Playwright keeps its own Chromium, whether or not it is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _starts(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _try(*command: str) -> None:
    print("Installing Chromium for the browser tests:", *command, file=sys.stderr)
    try:
        subprocess.run(command, stdout=sys.stderr, timeout=DOWNLOAD_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        print(f"… given up after {DOWNLOAD_PATIENCE} s", file=sys.stderr)


if __name__ == "__main__":
    chosen = find() or install()
    if chosen is None:
        sys.exit(
            "The browser tests need Chromium, and it could not be installed here. Install the package "
            "“chromium” (Debian: apt install chromium), or set CHROMIUM to the path of one."
        )
    print(chosen)
