"""Log lines: one event each, in UTC, however hostile the text that they carry."""

import logging
import time

_CONTROL = {code: f"\\x{code:02x}" for code in [*range(32), 127] if code not in (9, 10)}


class UtcFormatter(logging.Formatter):
    """Times in UTC; a foreign line break cannot start a line that looks like ours."""

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        escaped = logging.makeLogRecord({**record.__dict__, "args": None})
        escaped.msg = record.message.translate(_CONTROL).replace("\n", "\\n")
        return super().format(escaped)
