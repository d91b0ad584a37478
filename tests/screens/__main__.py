"""Take the pictures: `bin/screens [NAME | WIDTH | LOOK …]` writes screens/NAME-LOOK-WIDTH.png.

Names are beginnings (`desk-ticket`), widths those of WIDTHS or any other number, looks those of LOOKS; what is not
said is all. Starts bundled servers of its own on an empty folder, plays the world of `tests.screens.world`, serves the
pages in this process with the clock held at its instant, and looks at them with Chromium. A page that answers
with an error, scrolls sideways, breaks the content policy or weighs too much on a first visit is named, and the
command fails. screens/weight.tsv has what each page weighs.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from tests.screens.list import Screen

WIDTHS = (320, 768, 1280, 1920)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}
REPAINT = """() => {
    for (const table of document.querySelectorAll("table")) {
        table.style.borderCollapse = "separate";
        table.offsetHeight;
        table.style.borderCollapse = "";
    }
}"""
"""Chromium keeps the colours of collapsed borders when only the colour scheme changes."""
HEIGHTS = {320: 640, 390: 844, 768: 1024, 1280: 800, 1920: 1080}
TALLEST = 4000
"""Pixels of a page that a picture shows at most, and of a wide one in the screen's own height."""
HEAVIEST = 100_000
"""Bytes of a page with all its assets on a first visit, each answer compressed by gzip as a proxy does it."""


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
    """One Chromium; remembers what was wrong with the pages that it saw and what they weigh."""

    def __init__(self, browser: Any, address: str, folder: Path, wanted: Wanted) -> None:
        self.browser, self.address, self.folder, self.wanted = browser, address, folder, wanted
        self.faults: list[str] = []
        self.weights: dict[str, tuple[int, int, int]] = {}
        self._cookies: dict[int, str] = {}

    def take(self, screen: Screen) -> None:
        """A screen in every width and look that is wanted; its `act` does something on the page first."""
        for width in self.wanted.widths:
            context = self.browser.new_context(
                viewport={"width": width, "height": HEIGHTS.get(width, 800)}, reduced_motion="reduce",
                has_touch=width < 500, is_mobile=False,
            )  # fmt: skip
            if screen.person is not None:
                context.add_cookies([self._cookie(screen.person)])
            page = context.new_page()
            try:
                self._look(page, screen, width)
            except Exception as error:  # one broken screen hides no other
                self.faults.append(f"{screen.name}-{width}: {str(error).splitlines()[0]}")
            context.close()

    def _cookie(self, person: Any) -> dict[str, str]:
        from django.conf import settings

        if person.pk not in self._cookies:
            self._cookies[person.pk] = cookie_of(person)
        return {
            "name": settings.SESSION_COOKIE_NAME,
            "value": self._cookies[person.pk],
            "url": self.address,
        }

    def _look(self, page: Any, screen: Screen, width: int) -> None:
        from tests.screens.world import NOW

        name = f"{screen.name}-{width}"
        fetched: list[Any] = []
        page.clock.set_fixed_time(NOW)
        page.on("console", lambda line: self._hear(name, line))
        page.on("pageerror", lambda error: self.faults.append(f"{name}: {error}"))
        page.on("response", lambda one: fetched.append(one))
        answer = page.goto(self.address + screen.path)
        if answer is None or (answer.status >= 400 and not screen.fails):
            self.faults.append(f"{name}: {screen.path} answered {answer and answer.status}")
        if screen.name not in self.weights:
            page.wait_for_load_state("networkidle")
            self._weigh(screen.name, fetched)
        if screen.act:
            screen.act(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.faults.append(f"{name}: {wide} px too wide")
        for look in self.wanted.looks:
            page.emulate_media(**LOOKS[look])
            page.evaluate(REPAINT)
            self._shoot(page, f"{screen.name}-{look}-{width}")

    def _shoot(self, page: Any, name: str) -> None:
        width, height = page.viewport_size["width"], page.viewport_size["height"]
        tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
        if width >= 1000 or tall <= height:
            page.screenshot(path=self.folder / f"{name}.png")
        else:
            clip = {"x": 0, "y": 0, "width": width, "height": tall}
            page.screenshot(path=self.folder / f"{name}.png", full_page=True, clip=clip)

    def _weigh(self, name: str, fetched: list[Any]) -> None:
        """Note the answers of a first visit: how many, their bytes, and their bytes compressed."""
        bodies = [a.body() for a in fetched if a.status == 200 and a.url.startswith(self.address)]
        raw, packed = sum(map(len, bodies)), sum(len(gzip.compress(body, 6)) for body in bodies)
        self.weights[name] = (len(bodies), raw, packed)
        if packed > HEAVIEST:
            self.faults.append(f"{name}: weighs {packed:,} bytes on a first visit")

    def _hear(self, name: str, line: Any) -> None:
        if line.type == "error" and not any(
            code in line.text for code in ("404", "409", "422", "about:srcdoc")
        ):
            self.faults.append(f"{name}: {line.text}")


@dataclass
class Wanted:
    """What of all the pictures was asked for."""

    names: list[str]
    widths: tuple[int, ...]
    looks: tuple[str, ...]

    @classmethod
    def of(cls, words: list[str]) -> Wanted:
        widths, looks = [int(w) for w in words if w.isdigit()], [w for w in words if w in LOOKS]
        names = [w for w in words if not w.isdigit() and w not in LOOKS]
        return cls(names, tuple(widths) or WIDTHS, tuple(looks) or tuple(LOOKS))

    def has(self, name: str) -> bool:
        return not self.names or any(name.startswith(word) for word in self.names)


def main(words: list[str]) -> int:
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
        camera = Camera(browser, address, folder, Wanted.of(words))
        for screen in screens(world):
            if camera.wanted.has(screen.name):
                camera.take(screen)
                print(
                    screen.name,
                    "{:d} answers, {:,d} bytes, {:,d} compressed".format(
                        *camera.weights.get(screen.name, (0, 0, 0))
                    ),
                )
        browser.close()
    lines = ["\t".join([name, *map(str, weight)]) for name, weight in sorted(camera.weights.items())]
    (folder / "weight.tsv").write_text("\n".join(["screen\tanswers\tbytes\tcompressed", *lines, ""]))
    for fault in camera.faults:
        print("!", fault)
    return 1 if camera.faults else 0


def _open(folder: Path) -> Path:
    """PostgreSQL may run as another account, which must be able to enter."""
    folder.chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
