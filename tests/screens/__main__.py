"""Take the pictures: `bin/screens [NAME …]` writes screens/NAME-{light,dark}-{1280,390}.png.

Starts bundled servers of its own on an empty folder, plays the world of `tests.screens.world`, serves the
pages in this process with the clock held at its instant, and looks at them with Chromium. A page that answers
with an error, scrolls sideways or breaks the content policy is named, and the command fails.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

SIZES = ((1280, 800), (390, 844))
THEMES = ("light", "dark")


@contextmanager
def product(folder: Path) -> Iterator[tuple[str, Any]]:
    """The product on a folder of its own, with its world in it, serving on a free port; gives its address."""
    os.environ |= {"DATA_DIR": str(folder), "MODE": "test", "DEMO": "0"}
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "HOST"):
        os.environ.pop(name, None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.embedded import Servers, running

    with running(Servers(folder, durable=False)):
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        from tests.screens.world import NOW, make_world

        world = make_world()
        with mock.patch("django.utils.timezone.now", return_value=NOW), _serving() as address:
            yield address, world


@contextmanager
def _serving() -> Iterator[str]:
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing of each request."""

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def cookie_of(person: Any) -> str:
    """The session cookie of a browser in which the person is signed in."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Camera:
    """One Chromium; remembers what was wrong with the pages that it saw."""

    def __init__(self, browser: Any, address: str, folder: Path) -> None:
        self.browser, self.address, self.folder = browser, address, folder
        self.faults: list[str] = []
        self._cookies: dict[int, str] = {}

    def take(self, name: str, path: str, person: Any, act: Callable[[Any], None] | None = None) -> None:
        """A screen in both themes and sizes; `act` does something on the page first."""
        from django.conf import settings

        from tests.screens.world import NOW

        if person is not None and person.pk not in self._cookies:
            self._cookies[person.pk] = cookie_of(person)
        for theme in THEMES:
            for width, height in SIZES:
                context = self.browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
                )
                cookies = [{"name": "look", "value": theme, "url": self.address}]
                if person is not None:
                    kept = self._cookies[person.pk]
                    cookies.append({"name": settings.SESSION_COOKIE_NAME, "value": kept, "url": self.address})
                context.add_cookies(cookies)
                page = context.new_page()
                page.clock.set_fixed_time(NOW)
                self._look(page, f"{name}-{theme}-{width}", path, act)
                context.close()

    def _look(self, page: Any, name: str, path: str, act: Callable[[Any], None] | None) -> None:
        page.on("console", lambda line: self._hear(name, line))
        page.on("pageerror", lambda error: self.faults.append(f"{name}: {error}"))
        answer = page.goto(self.address + path)
        if answer is None or (answer.status >= 400 and "missing" not in name):
            self.faults.append(f"{name}: {path} answered {answer and answer.status}")
        if act:
            act(page)
        page.screenshot(path=self.folder / f"{name}.png", full_page=not name.endswith("1280"))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.faults.append(f"{name}: {wide} px too wide")

    def _hear(self, name: str, line: Any) -> None:
        if line.type == "error" and not ("404" in line.text or "422" in line.text):
            self.faults.append(f"{name}: {line.text}")


def main(wanted: list[str]) -> int:
    from tests.chromium import ARGUMENTS, find, install

    chromium = find() or install()
    if chromium is None:
        print("Pictures need Chromium: install the package “chromium”, or set CHROMIUM to the path of one.")
        return 1
    folder = Path(__file__).resolve().parents[2] / "screens"
    folder.mkdir(exist_ok=True)
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    with (
        tempfile.TemporaryDirectory(prefix="helpdesk-screens-") as data,
        product(_open(Path(data))) as (address, world),
        sync_playwright() as playwright,
    ):
        from tests.screens.list import screens

        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        camera = Camera(browser, address, folder)
        for screen in screens(world):
            if not wanted or any(screen.name.startswith(word) for word in wanted):
                camera.take(screen.name, screen.path, screen.person, screen.act)
                print(screen.name)
        browser.close()
    for fault in camera.faults:
        print("!", fault)
    return 1 if camera.faults else 0


def _open(folder: Path) -> Path:
    """PostgreSQL may run as another account, which must be able to enter."""
    folder.chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
