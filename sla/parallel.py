"""Spreading a command's work over processes, with a bar that shows how far it is."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TextIO, TypeVar

from django.db import connections

T = TypeVar("T")
WAITING_PER_WORKER = 2
"""Batches handed to a worker ahead, so that it never waits and little is held in memory."""


def default_workers() -> int:
    """As many as this process may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    work: Callable[..., T], batches: Iterable[list[int]], workers: int, *arguments: Any
) -> Iterator[tuple[list[int], T]]:
    """Run `work(batch, *arguments)` for each batch and give each batch with its answer, as they come.

    With one worker everything happens in this process. Else `work` is a function of a module, with arguments
    that can be pickled; each worker has a database connection of its own. Raises what `work` raised;
    `BrokenProcessPool` if a worker was killed.
    """
    if workers <= 1:
        for batch in batches:
            yield batch, work(batch, *arguments)
        return
    names = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    connections.close_all()  # a connection shared by two processes would mix up their answers
    way = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(way)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(names,)) as pool:
        yield from _fed(pool, work, iter(batches), workers * WAITING_PER_WORKER, arguments)


def _fed(
    pool: ProcessPoolExecutor,
    work: Callable[..., T],
    batches: Iterator[list[int]],
    ahead: int,
    arguments: tuple[Any, ...],
) -> Iterator[tuple[list[int], T]]:
    running: dict[Future[T], list[int]] = {}
    try:
        while True:
            while len(running) < ahead and (batch := next(batches, None)) is not None:
                running[pool.submit(work, batch, *arguments)] = batch
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(done), done.result()
    finally:
        for future in running:
            future.cancel()


def _begin(names: dict[str, str]) -> None:
    """A worker's own start: Django, where the process is a new one, and connections of its own."""
    import django

    django.setup()
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


class Bar:
    """A bar on a terminal: [######······] 1,200 of 5,000, 40 s left. Silent where nobody watches."""

    WIDTH = 24

    def __init__(self, stream: Any, total: int) -> None:
        self.stream: TextIO = stream
        self.total, self.done = total, 0
        self.started = time.monotonic()
        self.is_watched = bool(total) and getattr(stream, "isatty", lambda: False)()

    def advance(self, by: int) -> None:
        self.done += by
        if self.is_watched:
            full = self.WIDTH * self.done // self.total
            bar = "#" * full + "·" * (self.WIDTH - full)
            self.stream.write(f"\r[{bar}] {self.done:,} of {self.total:,}{self._left()}\033[K")
            self.stream.flush()

    def _left(self) -> str:
        spent = time.monotonic() - self.started
        if self.done >= self.total or spent < 2:
            return ""
        left = int(spent / self.done * (self.total - self.done))
        return f", {left // 60} min left" if left >= 120 else f", {left} s left"

    def end(self) -> None:
        if self.is_watched:
            self.stream.write("\n")
            self.stream.flush()
