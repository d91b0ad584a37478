"""The open lines of one process: who listens, what each may hear, and when it ends.

A line costs memory and its socket: no thread, no connection to the database. One connection to Valkey hears
the hints for all of them; one thread asks every few seconds, for all of them at once, whether each sign-in
still stands and what that person may work on, and closes its connection to the database again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus

import redis.asyncio
from django.conf import settings
from django.db import connection

from helpdesk.accounts.sessions import readers_of
from tickets.access import Reach, reaches_of
from tickets.hints import MOST, PRESENCE, TOLD, Hint, parse, scoped

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.5
"""Between two looks at all sign-ins: a line ends within twice this after a sign-out, whatever the load."""
LINES_A_PERSON = 8
LINES = 5000
AGAIN_SECONDS = 2.0
QUIET_SECONDS = 10.0

Who = Callable[[Collection[str]], Mapping[str, Reach]]


class Refused(Exception):
    """No line for this browser; `status` says why."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Line:
    """One open stream: whose it is, and what waits to be told."""

    def __init__(self, key: str, reach: Reach) -> None:
        self.key = key
        self.reach = reach
        self.is_over = False
        self.stirred = asyncio.Event()
        self._waiting: dict[tuple[int, str], Hint] = {}
        self._too_many = False

    def offer(self, hints: Sequence[Hint] | None) -> None:
        """Keep what this person may hear until it is taken; of each ticket only the latest."""
        if hints is None:
            self._too_many = True
        for hint in hints or ():
            if self._may_hear(hint):
                apart = hint.kind if hint.kind in (PRESENCE, TOLD) else ""
                self._waiting[hint.ticket, apart] = hint
        if len(self._waiting) > MOST:
            self._too_many = True
        if self._waiting or self._too_many:
            self.stirred.set()

    def _may_hear(self, hint: Hint) -> bool:
        if hint.kind == TOLD:
            return hint.assignee == self.reach.person
        return self.reach.covers(hint.team, hint.assignee)

    def take(self) -> str:
        """What to tell now, as JSON: [[ticket, event number, kind], …], or null for "ask anew".

        "" for nothing."""
        self.stirred.clear()
        waiting, self._waiting = self._waiting, {}
        too_many, self._too_many = self._too_many, False
        if too_many:
            return "null"
        told = [[hint.ticket, hint.seq, hint.kind] for hint in waiting.values()]
        return json.dumps(told) if told else ""

    def end(self) -> None:
        self.is_over = True
        self.stirred.set()


def members_by(keys: Collection[str]) -> dict[str, Reach]:
    """By session key, what each member who is signed in may work on. Runs in a thread of its own."""
    try:
        readers = readers_of(keys)
        reaches = reaches_of(readers.values())
        return {key: reaches[person.pk] for key, person in readers.items() if person.pk in reaches}
    finally:
        connection.close()


class Hub:
    """All lines of this process. Lives on one event loop."""

    def __init__(self, who: Who = members_by) -> None:
        self.lines: set[Line] = set()
        self._who = who
        self._thread = ThreadPoolExecutor(1, "live")
        self._asked: dict[str, asyncio.Future[Reach | None]] = {}
        self._hears = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stands = False
        self._is_closed = False

    async def open(self, key: str) -> Line:
        """A line for whoever is signed in by this session key. Raises Refused."""
        if not key:
            raise Refused(HTTPStatus.UNAUTHORIZED)
        if self._is_closed or len(self.lines) >= LINES:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE)
        self._stand_up()
        reach = await self._reach_of(key)
        if reach is None:
            raise Refused(HTTPStatus.UNAUTHORIZED)
        try:
            await asyncio.wait_for(self._hears.wait(), AGAIN_SECONDS)
        except TimeoutError:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE) from None
        if sum(line.reach.person == reach.person for line in self.lines) >= LINES_A_PERSON:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS)
        line = Line(key, reach)
        self.lines.add(line)
        return line

    def close(self, line: Line) -> None:
        self.lines.discard(line)

    def shut(self) -> None:
        """The process ends: so do all lines, at once."""
        self._is_closed = True
        self._end_all()

    def _end_all(self) -> None:
        for line in self.lines:
            line.end()

    # --- who may hear -------------------------------------------------------------------------------

    async def _reach_of(self, key: str) -> Reach | None:
        """Asked together with all others that open a line at this moment: after a restart they all do."""
        if key not in self._asked:
            self._asked[key] = asyncio.get_running_loop().create_future()
            if len(self._asked) == 1:
                self._go(self._answer())
        try:
            return await asyncio.shield(self._asked[key])
        except Exception as error:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE) from error

    async def _answer(self) -> None:
        while self._asked:
            await asyncio.sleep(0)  # those who came with the first one
            asked = dict(self._asked)
            try:
                found = await self._look(list(asked))
            except Exception as error:
                for future in asked.values():
                    future.set_exception(error)
            else:
                for key, future in asked.items():
                    future.set_result(found.get(key))
            for key in asked:
                del self._asked[key]

    async def _look(self, keys: Collection[str]) -> Mapping[str, Reach]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._who, keys)

    async def _check(self) -> None:
        """Look at every sign-in again and again. While the database is away, nobody hears anything."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            lines = list(self.lines)
            if not lines:
                continue
            try:
                found = await self._look({line.key for line in lines})
            except Exception as error:
                logger.warning("the live lines end, sign-ins cannot be checked: %s", type(error).__name__)
                self._end_all()
                continue
            for line in lines:
                if line.key in found:
                    line.reach = found[line.key]
                else:
                    line.end()

    # --- what is heard ------------------------------------------------------------------------------

    def _stand_up(self) -> None:
        if not self._stands:
            self._stands = True
            self._go(self._listen())
            self._go(self._check())

    def _go(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        """Hear the channel for as long as the process lives. While it is away there are no lines: the pages
        then ask by themselves, as without this channel."""
        while True:
            try:
                await self._hear()
            except (redis.RedisError, OSError) as error:
                logger.warning("the live channel is away: %s", type(error).__name__)
            except Exception:
                logger.exception("the live channel failed")
            self._hears.clear()
            self._end_all()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=5)
        async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(scoped("hints"))
            self._hears.set()
            silent = 0
            while silent < 2:
                message = await channel.get_message(timeout=QUIET_SECONDS)
                if message is None:
                    silent += 1
                    await channel.ping()  # answered within the next turn, or the channel is away
                    continue
                silent = 0
                if message["type"] == "message" and self.lines:
                    self._tell(message["data"])

    def _tell(self, data: bytes) -> None:
        with suppress(ValueError, TypeError):  # of another release
            hints = parse(data)
            for line in self.lines:
                line.offer(hints)
