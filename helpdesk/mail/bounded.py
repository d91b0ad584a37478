"""Reading mail in a child process that hostile mail may kill without harm.

One long-lived child for each process that reads mail; it is replaced after it died or has read
`MAIL_CHILD_MAILS` mails.
"""

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

from django.conf import settings

from helpdesk.mail.mail import Limits
from helpdesk.mail.parser_child import ANSWER, QUESTION, READY
from helpdesk.mail.reading import Reading


class ParserDied(Exception):
    """The child was ended while it read this mail: out of memory, of CPU seconds, or of patience."""


class ParserSlow(ParserDied):
    """It was ended because the mail took longer than it was given."""


@dataclass(frozen=True)
class Read:
    """A reading and the contents of its attachments, in order."""

    reading: Reading
    contents: list[bytes]


class Parser:
    """A child and the pipe to it. One mail at a time; safe to call from several threads."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._count = 0
        self._lock = threading.Lock()

    def read(self, raw: bytes, envelope_from: str | None, patience: float) -> Read:
        """Raises `ParserDied`, after `patience` in seconds `ParserSlow`; a mail that is merely broken does
        not."""
        question = json.dumps({"limits": asdict(limits()), "envelope_from": envelope_from}).encode()
        with self._lock:
            try:
                child = self._ready_child()
                return self._ask(child, QUESTION.pack(len(question), len(raw)) + question + raw, patience)
            except TimeoutError as error:
                self.close()
                raise ParserSlow(f"more than {patience:g} s") from error
            except (OSError, EOFError, ValueError) as error:
                raise ParserDied(f"{type(error).__name__}, exit code {self.close()}") from error

    def close(self) -> int | None:
        """End the child; the next mail starts another. Its exit code, None where there was no child."""
        child, self._child, self._count = self._child, None, 0
        if child is None or self._owner != os.getpid():
            return None
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        return child.returncode

    def _ready_child(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():  # a fork must not share the pipe
            self._child, self._count, self._owner = None, 0, os.getpid()
        if self._child is not None and (
            self._count >= settings.MAIL_CHILD_MAILS or self._child.poll() is not None
        ):
            self.close()
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "helpdesk.mail.parser_child",
                 str(settings.MAIL_CHILD_CPU_SECONDS), str(settings.MAIL_CHILD_MEMORY)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=settings.ROOT,
            )  # fmt: skip
            for pipe in (self._child.stdin, self._child.stdout):
                os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]
            self._await_ready(self._child)
        self._count += 1
        return self._child

    def _await_ready(self, child: subprocess.Popen[bytes]) -> None:
        """A child's start is not counted against the mail that caused it."""
        assert child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            selector.select(settings.MAIL_CHILD_WALL_SECONDS)
        if os.read(child.stdout.fileno(), len(READY)) != READY:
            raise EOFError

    def _ask(self, child: subprocess.Popen[bytes], question: bytes, patience: float) -> Read:
        until = time.monotonic() + patience
        answer = _Exchange(child, question, until).run()
        size, _rest = ANSWER.unpack(answer[: ANSWER.size])
        reading = json.loads(answer[ANSWER.size : ANSWER.size + size])
        contents, place = [], ANSWER.size + size
        for one in reading["attachments"]:
            contents.append(answer[place : place + one["size"]])
            place += one["size"]
        return Read(reading, contents)


class _Exchange:
    """Writes a question and reads its answer at once: neither side may wait with a full pipe."""

    def __init__(self, child: subprocess.Popen[bytes], question: bytes, until: float) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self.stdin, self.stdout = child.stdin, child.stdout
        self.left, self.until = memoryview(question), until
        self.answer = bytearray()

    def run(self) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdout, selectors.EVENT_READ)
            self._write()
            if self.left:
                selector.register(self.stdin, selectors.EVENT_WRITE)
            while not self._is_whole():
                patience = self.until - time.monotonic()
                ready = selector.select(max(0.0, patience)) if patience > 0 else []
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fileobj is self.stdin:
                        self._write()
                        if not self.left:
                            selector.unregister(self.stdin)
                    else:
                        self._read()
        return bytes(self.answer)

    def _write(self) -> None:
        with suppress(BlockingIOError):
            self.left = self.left[os.write(self.stdin.fileno(), self.left[:65536]) :]

    def _read(self) -> None:
        chunk = os.read(self.stdout.fileno(), 1024 * 1024)
        if not chunk:
            raise EOFError
        self.answer += chunk

    def _is_whole(self) -> bool:
        if len(self.answer) < ANSWER.size:
            return False
        return len(self.answer) >= ANSWER.size + sum(ANSWER.unpack(self.answer[: ANSWER.size]))


def limits() -> Limits:
    """The caps of the settings."""
    return Limits(
        max_fields=settings.MAIL_MAX_HEADERS,
        max_field_bytes=settings.MAIL_MAX_HEADER_BYTES,
        max_block_bytes=settings.MAIL_MAX_HEADER_BLOCK_BYTES,
        max_parts=settings.MAIL_MAX_PARTS,
        max_depth=settings.MAIL_MAX_DEPTH,
        max_text=settings.MAIL_MAX_TEXT,
    )


_parser = Parser()
atexit.register(_parser.close)


def parse_bounded(raw: bytes, envelope_from: str | None = None, patience: float | None = None) -> Read:
    """Read a mail in this process's child. `envelope_from` is "" for the null return path, None where
    unknown; `patience` are the seconds it may take, MAIL_CHILD_WALL_SECONDS at most.
    """
    longest = settings.MAIL_CHILD_WALL_SECONDS
    return _parser.read(raw, envelope_from, longest if patience is None else min(patience, longest))
