"""The process in which mail is read, bounded in memory and in CPU time for each mail. Started by `bounded`,
never by hand.

Protocol on standard input and output, all numbers big-endian: first READY; then a question is the length of
its JSON head (4 bytes), of the raw mail (8), then both; an answer is the length of its JSON (8), of the
attachments' contents in a row (8), then both. It ends with its input. No Django here: a child starts in a
tenth of a second and holds no connection.
"""

import json
import resource
import struct
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from helpdesk.garbage import look_seldom
from helpdesk.mail.mail import Limits
from helpdesk.mail.reading import read

READY = b"R"
QUESTION = struct.Struct(">IQ")
ANSWER = struct.Struct(">QQ")


def serve(source: BinaryIO, sink: BinaryIO, cpu_seconds: int, memory_bytes: int) -> None:
    """Answer until the input ends."""
    with suppress(ValueError, OSError):  # not every system can limit this; the other limits hold all the same
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    sink.write(READY)
    sink.flush()
    while head := source.read(QUESTION.size):
        head_size, raw_size = QUESTION.unpack(head)
        question: dict[str, Any] = json.loads(source.read(head_size))
        raw = source.read(raw_size)
        _allow_cpu(cpu_seconds)
        reading, contents = read(raw, Limits(**question["limits"]), question["envelope_from"])
        answer = json.dumps(reading).encode()
        sink.write(ANSWER.pack(len(answer), sum(map(len, contents))))
        sink.write(answer)
        for content in contents:
            sink.write(content)
        sink.flush()


def _allow_cpu(seconds: int) -> None:
    """The kernel ends this process once the next mail has used its seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    look_seldom()
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]), int(sys.argv[2]))
