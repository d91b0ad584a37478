"""Pictures elsewhere: fetched by us within limits, and only from where we may ask."""

import io
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from PIL import Image

from helpdesk import remote_images
from helpdesk.remote_images import fetched

_made = io.BytesIO()
Image.new("RGB", (4, 4)).save(_made, "PNG")
PICTURE = _made.getvalue()


class _Host(BaseHTTPRequestHandler):
    """Another host: a picture, a page, a redirect, too much, and an answer that drips."""

    asked: list[tuple[str, dict[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        self.send_response(302 if self.path == "/redirect" else 200)
        if self.path == "/redirect":
            self.send_header("Location", "/a.png")
        self.end_headers()
        self.wfile.write(
            {"/page": b"<script>x</script>", "/large": b"x" * 4_000_000}.get(self.path, PICTURE[:20])
        )
        if self.path == "/drip":
            self.server.cut.wait(5)  # type: ignore[attr-defined]
        if self.path.startswith("/a.png"):
            self.wfile.write(PICTURE[20:])

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def host(settings: Any) -> Iterator[str]:
    settings.PRIVATE_TARGETS = ["127.0.0.1"]
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Host) as server:
        server.daemon_threads, server.cut = True, threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        _Host.asked.clear()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.cut.set()  # type: ignore[attr-defined]
        server.shutdown()


def test_a_picture_is_handed_over_written_anew_and_nothing_else_is(host, monkeypatch):
    monkeypatch.setattr(remote_images, "SECONDS", 1.0)
    began = time.monotonic()
    paths = ("/a.png?x=1", "/page", "/redirect", "/large", "/drip")
    found = fetched([host + path for path in paths])
    assert list(found) == [host + "/a.png?x=1"]
    assert found[host + "/a.png?x=1"].startswith("data:image/png;base64,")
    assert time.monotonic() - began < 4
    for _path, headers in _Host.asked:
        assert {"Cookie", "Referer", "Authorization"} & set(headers) == set()


def test_only_what_an_administrator_listed_is_asked_among_private_hosts(host, settings):
    settings.PRIVATE_TARGETS = []
    names = [host, "http://localhost", "http://[::1]", "http://169.254.169.254/a", "http://0x7f.1"]
    assert (
        fetched([*names, "http://user@127.0.0.1/", "file:///etc/passwd", "http://", "http://x:99999/"]) == {}
    )
    assert _Host.asked == []
