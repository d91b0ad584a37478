"""Log lines: one event each, in UTC, however hostile the text that they carry."""

import logging
import re
import time

# Links that are keys: whoever reads a log must not be able to use them.
_SECRET_PATH = re.compile(
    r"(/(?:g|confirm|survey|accounts/first|accounts/join/\d+|accounts/password/reset/key)/)[^\s/?\"']+"
    r"|((?:\?|&)code=)[^\s&\"']+"
)
_CONTROL = {code: f"\\x{code:02x}" for code in [*range(32), 127] if code not in (9, 10)}


class UtcFormatter(logging.Formatter):
    """Times in UTC, secret links masked; a foreign line break cannot start a line that looks like ours."""

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        escaped = logging.makeLogRecord({**record.__dict__, "args": None})
        line = _SECRET_PATH.sub(r"\1\2…", record.message)
        escaped.msg = line.translate(_CONTROL).replace("\n", "\\n")
        return super().format(escaped)
