"""Pages that were answered before, shown in a real browser: no server of the product, no committed rows.

What a test client got inside its transaction is put at its own address, with its own headers, its styles
and its scripts. So every page of the access matrix's world can be looked at, by every person, in a fraction
of the time that signing in and asking a server takes.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import axe_playwright_python
from django.contrib.staticfiles import finders
from playwright.sync_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
PASSED_ON = ("Content-Security-Policy", "Content-Type", "Referrer-Policy")


@dataclass
class Stage:
    """Where pages are shown. `body` and `headers` are what every navigation gets, `parts` what a page's
    scripts are answered at a path, where they ask for more than 204."""

    address: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)

    def show(self, page: Page, path: str, response: Any) -> None:
        """Put an answer of the test client before the browser, at the path that was asked."""
        self.body = response.content
        self.headers = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        page.goto(self.address + path)


def _file(path: str) -> Path | None:
    """What stands at a path that no page has."""
    if path == "/axe.js":
        return AXE
    found = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
    return Path(found) if found else None


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage for as long as the block runs."""
    here = Stage()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if self.headers.get("Sec-Fetch-Dest") == "document":  # what a frame shows is somebody else's
                return self._send(here.body, here.headers)
            if path in here.parts:
                return self._send(here.parts[path], {"Content-Type": "text/html; charset=utf-8"})
            found = _file(path)
            if found is None:
                return self._send(b"", {}, 204)
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            forever = {"Content-Type": kind, "Cache-Control": "max-age=3600, immutable"}
            return self._send(found.read_bytes(), forever)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._send(b"", {}, 204)

        def _send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing of each request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    here.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
