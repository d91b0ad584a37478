"""Storing what SMTP sessions bring: what comes while one transaction commits goes together into the next.

Sessions live in one event loop and wait for their own mail; the database is used in threads. Nobody is told
that a mail is stored before its transaction has committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import accumulate
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction

from helpdesk.mail import inbound
from helpdesk.mail.inbound import Arrival
from tickets.handover import hand_over

MOST_BYTES = 1024 * 1024
"""More than this goes in a transaction of its own, beside that of the small mails, which it does not hold
up."""
LARGE_AT_ONCE = 2
GATHERED = 0.05  # seconds in which mails are handed over together


class TooLate(Exception):
    """The answer after the final dot is overdue: the mail must not be stored any more."""


class Waiting(NamedTuple):
    """A mail to be stored before `deadline` (an instant of the monotonic clock), and who waits for it."""

    arrival: Arrival
    deadline: float
    done: asyncio.Future[None]


class Keeper:
    """Stores mails from one event loop, in the threads of `threads`."""

    def __init__(self, threads: Executor) -> None:
        self.threads = threads
        self._small: list[Waiting] = []
        self._large: list[Waiting] = []
        self._at_work: dict[asyncio.Task[None], bool] = {}  # whether it stores a large mail
        self._announcing: asyncio.TimerHandle | None = None

    async def keep(self, arrival: Arrival, deadline: float) -> None:
        """Return once the mail is committed.

        Raises TooLate, and the database's errors; then nothing is stored. Whoever gives up waiting before is
        not stored either, unless the transaction was just committing.
        """
        done = asyncio.get_running_loop().create_future()
        queue = self._large if len(arrival.raw) > MOST_BYTES else self._small
        queue.append(Waiting(arrival, deadline, done))
        self._go_on()
        await done

    def announce(self) -> None:
        """Have a worker file what was stored."""
        if self._announcing is not None:
            self._announcing.cancel()
            self._announcing = None
            self.threads.submit(_wake_worker)

    def _go_on(self) -> None:
        """One transaction at a time, so that what comes meanwhile gathers; large mails beside it."""
        while group := self._take():
            task = asyncio.get_running_loop().create_task(self._store(group))
            self._at_work[task] = len(group[0].arrival.raw) > MOST_BYTES
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._at_work[task]
        self._go_on()

    def _take(self) -> list[Waiting]:
        """What may be stored now: a large mail, or the first of the small ones, no more than fit."""
        busy = list(self._at_work.values())
        if self._large and busy.count(True) < LARGE_AT_ONCE:
            return [self._large.pop(0)]
        if not self._small or False in busy:
            return []
        sizes = accumulate(len(one.arrival.raw) for one in self._small)
        fit = sum(size <= MOST_BYTES for size in sizes)
        group, self._small = self._small[:fit], self._small[fit:]
        return group

    async def _store(self, group: list[Waiting]) -> None:
        group = [one for one in group if not one.done.done()]  # the others were given up
        if not group:
            return
        loop = asyncio.get_running_loop()
        deadline = min(one.deadline for one in group)
        arrivals = [one.arrival for one in group]
        try:
            await loop.run_in_executor(self.threads, store_before, deadline, arrivals)
        except (OperationalError, InterfaceError, TooLate) as error:
            _fail(group, error)
        except Exception as error:
            if len(group) == 1:
                _fail(group, error)
            for one in group if len(group) > 1 else []:  # what is wrong with one is not wrong with all
                await self._store([one])
        else:
            if self._announcing is None:
                self._announcing = loop.call_later(GATHERED, self.announce)
            for one in group:
                if not one.done.done():
                    one.done.set_result(None)


def _fail(group: list[Waiting], error: Exception) -> None:
    for one in group:
        if not one.done.done():
            one.done.set_exception(error)


class fresh_connection:
    """A block that uses the database outside any request: dead connections are dropped before and after."""

    def __enter__(self) -> None:
        close_old_connections()

    def __exit__(self, *error: Any) -> None:
        close_old_connections()


def _wake_worker() -> None:
    with fresh_connection():
        hand_over("mail.process", 0)  # whichever waits


def store_before(deadline: float, arrivals: Sequence[Arrival]) -> None:
    """Commit mails; raises `TooLate`, and stores nothing, once the first of their senders may have given up.

    `deadline` is an instant of the monotonic clock.
    """
    with fresh_connection(), transaction.atomic():
        seconds = max(1.0, deadline - time.monotonic() - 1.0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true),"
                " set_config('synchronous_commit', 'on', true)",
                [f"{int(seconds * 1000)}ms"],
            )
        inbound.store_all(arrivals)
        if time.monotonic() > deadline:
            raise TooLate
