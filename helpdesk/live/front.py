"""What the web server serves: `/live` on the event loop, every other path by the pages' own threads.

`/live` is a stream of server-sent events (WHATWG HTML, section 9.2): a comment line as a sign of life, and
hints as JSON, [[ticket, event number, kind], …] or null for "ask anew". Nothing is repeated after a lost
line; a browser that comes back asks for what it shows.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http.cookie import parse_cookie

from helpdesk.live.hub import Hub, Line, Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = "/live"
LIFE_SECONDS = 15.0
GATHER_SECONDS = 0.2
"""What happens within this time is told together."""
COME_BACK = (2000, 6000)
"""Milliseconds after which a browser opens a lost line again: not all of them at once."""


class Front:
    """The ASGI application (asgi.readthedocs.io, version 3.0)."""

    def __init__(self, pages: Application, hub: Hub | None = None) -> None:
        self.pages = pages
        self.hub = hub or Hub()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live_and_die(receive, send)
        elif scope["type"] == "http" and scope["path"] == PATH:
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await self.pages(plain(scope), _whole(receive), send)

    async def _live_and_die(self, receive: Receive, send: Send) -> None:
        await receive()
        _on_the_end(self.hub.shut)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            return await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            line = await self.hub.open(_session_of(scope))
        except Refused as refused:
            return await _refuse(send, refused.status)
        watch = asyncio.ensure_future(_end_when_gone(receive, line))
        try:
            await _stream(line, send)
        finally:
            self.hub.close(line)
            watch.cancel()
        return None


async def _stream(line: Line, send: Send) -> None:
    await send(_start(HTTPStatus.OK, (b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")))
    await send(_part(f"retry: {random.randint(*COME_BACK)}\n\n"))  # noqa: S311 - spreads load
    while not line.is_over:
        try:
            await asyncio.wait_for(line.stirred.wait(), LIFE_SECONDS)
        except TimeoutError:
            await send(_part(":\n\n"))
            continue
        if line.is_over:
            break
        await asyncio.sleep(GATHER_SECONDS)
        told = line.take()
        if told and not line.is_over:
            await send(_part(f"data: {told}\n\n"))
    await send({"type": "http.response.body", "body": b""})


async def _end_when_gone(receive: Receive, line: Line) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    line.end()


async def _refuse(send: Send, status: HTTPStatus) -> None:
    await send(_start(status))
    await send({"type": "http.response.body", "body": b""})


def _start(status: HTTPStatus, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    always = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    return {"type": "http.response.start", "status": status.value, "headers": [*headers, *always]}


def _part(text: str) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


def _session_of(scope: Scope) -> str:
    cookies = next((value for name, value in plain(scope)["headers"] if name == b"cookie"), b"")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")


def plain(scope: Scope) -> Scope:
    """The request as pages may trust it.

    A header named with an underscore would come out under the name of one with a hyphen that our proxy has
    set; HTTP/2 splits cookies (RFC 9113, section 8.2.3); a query may hold bytes that no address should.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    cookies = [value for name, value in headers if name == b"cookie"]
    if len(cookies) > 1:
        headers = [(name, value) for name, value in headers if name != b"cookie"]
        headers.append((b"cookie", b"; ".join(cookies)))
    query = scope["query_string"]
    if not query.isascii():
        query = quote(query, safe="%&=+/?:@!$'()*,;~-._").encode()
    return {**scope, "headers": headers, "query_string": query}


def _whole(receive: Receive) -> Receive:
    """The request's body, which ends with an error where the line broke: half a form is no form."""

    async def take() -> MutableMapping[str, Any]:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the line broke before the request was whole")
        return message

    return take


def _on_the_end(act: Callable[[], None]) -> None:
    """Call `act` when the server is told to end: it waits for open answers first, and lines never end.

    The event loop hears signals by a file descriptor, so its own handlers (the server's) run all the same.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))
        signal.siginterrupt(number, False)
