"""Reading the header fields of mail as it comes, not as it should. Pure: no Django, nothing here raises on
any input.

Every function is linear in the length of its input: header fields are the cheapest place to attack a mail
reader. Sources: RFC 5322 (fields, addresses, dates), RFC 2047 (encoded words), RFC 2231 (parameters), with
the tolerance real mail asks for.
"""

import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from helpdesk.mail.charsets import decode, scrub

MAX_PARAMETERS = 200
MAX_NESTING = 20
MAX_MARKS = 2000
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL)
_KNOWN = re.compile(
    rb"(?i)(from|to|cc|bcc|subject|date|message-id|reply-to|sender|received|return-path|in-reply-to|references|"
    rb"mime-version|content-[a-z-]+|x-[a-z0-9-]+|dkim-signature|list-[a-z]+|delivered-to|user-agent)[ \t]*:"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ufeff]+")
SPACES = re.compile(r"\s+")
_FOLDS = re.compile(r"[\r\n]+[ \t]?")
_NO_SEMICOLON = re.compile(r"\s*([\w.+-]{1,100}(?:/[\w.+-]{1,100})?)\s+([\w*-]{1,60}\s{0,3}=.*)", re.DOTALL)
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,990})>")


def split_fields(
    block: bytes, max_fields: int, max_field_bytes: int, max_block_bytes: int
) -> tuple[list[tuple[str, bytes]], int, bool]:
    """The fields of a header block, unfolded: (lower-case name, raw value) pairs, where the body starts, and
    whether a cap was met.

    A line without a colon ends the block, as in any mail reader, unless further fields follow it before the
    blank line: then somebody broke a long line without indenting it.
    """
    fields: list[list] = []
    capped = False
    position = _skip_leading(block)
    while position < len(block):
        end = block.find(b"\n", position)
        end = len(block) if end < 0 else end + 1
        line = block[position:end]
        bare = line.rstrip(b"\r\n")
        if not bare:
            return _joined(fields), end, capped
        if len(fields) > max_fields or position > max_block_bytes:
            capped, position = True, end
            continue
        field = _FIELD.match(bare) if bare[:1] not in b" \t" else None
        if field:
            fields.append([field[1].decode("ascii").lower(), [field[2][:max_field_bytes]], len(field[2])])
            capped = capped or len(field[2]) > max_field_bytes
        elif fields and (bare[:1] in b" \t" or _more_fields(block, end)):
            entry = fields[-1]
            room = max_field_bytes - entry[2]
            if room > 0:
                entry[1].append(b"\n" + bare[:room])
                entry[2] += len(bare)
            capped = capped or len(bare) > room
        elif not fields and not bare[:1].isspace() and not _more_fields(block, end):
            return [], position, capped
        elif fields:
            return _joined(fields), position, capped
        position = end
    return _joined(fields), len(block), capped


def _joined(fields: list[list]) -> list[tuple[str, bytes]]:
    return [(name, b"".join(chunks)) for name, chunks, _ in fields]


def _skip_leading(block: bytes) -> int:
    """Past blank lines and the `From ` line of a mailbox file."""
    position = 0
    stripped = block[:4096].lstrip(b"\xef\xbb\xbf\r\n")
    if _FIELD.match(stripped[:300]) or stripped.startswith((b"From ", b">From ")):
        position = len(block[:4096]) - len(stripped)
    if stripped.startswith((b"From ", b">From ")) and not stripped.startswith(b"From :"):
        end = block.find(b"\n", position)
        position = len(block) if end < 0 else end + 1
    return position


def _more_fields(block: bytes, position: int) -> bool:
    """Whether a well-known field follows within the next lines of this block."""
    for _ in range(4):
        end = block.find(b"\n", position)
        end = len(block) if end < 0 else end + 1
        line = block[position : min(end, position + 300)].rstrip(b"\r\n")
        if not line:
            return False
        if _KNOWN.match(line):
            return True
        position = end
    return False


def text_of(value: bytes, hint: str = "") -> str:
    """A raw field value as text in one line: 8-bit characters read by `hint` or a guess, encoded words not
    yet decoded.
    """
    text = value.decode("ascii") if value.isascii() else decode(value, None, (hint,) if hint else ())
    return _FOLDS.sub(lambda m: "\t" if m.group().endswith("\t") else " ", text).strip()


def decode_words(text: str) -> str:
    """RFC 2047: `text` with its encoded words decoded, wherever they stand, also the broken ones."""
    if "=?" not in text:
        return scrub(text)
    out: list[str] = []
    pending: list[
        tuple[str, bytes]
    ] = []  # neighbours of one charset are joined first: they may split a character
    position = 0
    while True:
        start = text.find("=?", position)
        word = _word_at(text, start) if start >= 0 else None
        if start < 0:
            break
        if word is None:
            out += _flush(pending)
            out.append(text[position : start + 2])
            position = start + 2
            if text.find("?=", position) < 0:
                break
            continue
        charset, data, end = word
        between = text[position:start]
        if between.strip() or not pending:
            out += _flush(pending)
            out.append(between)
        if pending and pending[-1][0] == charset:
            pending[-1] = (charset, pending[-1][1] + data)
        else:
            pending.append((charset, data))
        position = end
    out += _flush(pending)
    out.append(text[position:])
    return scrub("".join(out))


def _flush(pending: list[tuple[str, bytes]]) -> list[str]:
    words = [decode(data, charset) for charset, data in pending]
    pending.clear()
    return words


def _word_at(text: str, start: int) -> tuple[str, bytes, int] | None:
    """The encoded word that begins at `start`: charset, bytes, and where it ends."""
    first = text.find("?", start + 2, start + 80)
    if first < 0 or text[first + 2 : first + 3] != "?":
        return None
    kind = text[first + 1].lower()
    end = text.find("?=", first + 3)
    if kind not in "bq" or end < 0 or end - first > 8000:
        return None
    if (
        kind == "q"
        and text[end + 2 : end + 4].strip("0123456789abcdefABCDEF") == ""
        and len(text[end + 2 : end + 4]) == 2
    ):
        later = text.find(
            "?=", end + 2
        )  # "?=3D": a raw question mark before an escape, not the end of the word
        if 0 < later < end + 200 and "=?" not in text[end:later]:
            end = later
    body = text[first + 3 : end]
    charset = text[start + 2 : first]
    if kind == "b":
        return charset, lenient_base64(body.encode("ascii", "ignore")), end + 2
    raw = body.replace("_", "\x20")
    return charset, _unquote(raw.encode("latin-1") if raw.isascii() else raw.encode("utf-8")), end + 2


def _unquote(data: bytes) -> bytes:
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), data)


def lenient_base64(data: bytes) -> bytes:
    """Base64 as found: foreign characters skipped, missing padding added, several padded pieces in a row
    joined.
    """
    clean = re.sub(
        rb"[^A-Za-z0-9+/=]", b"", data.replace(b"-", b"+").replace(b"_", b"/") if b"+" not in data else data
    )
    out = []
    for piece in re.split(rb"=+", clean):
        if len(piece) % 4 == 1:
            piece = piece[:-1]
        try:
            out.append(binascii.a2b_base64(piece + b"=" * (-len(piece) % 4)))
        except binascii.Error:
            continue
    return b"".join(out)


def plain(text: str, limit: int = 0) -> str:
    """Decoded words in one line, without control characters: what a subject or a name is shown as."""
    line = CONTROLS.sub("", SPACES.sub(" ", decode_words(text))).strip()
    return line[:limit] if limit else line


def closing_quote(text: str, start: int) -> int:
    while True:
        end = text.find('"', start)
        if end < 0:
            return -1
        slashes = end - len(text[start:end].rstrip("\\")) - start
        if slashes % 2 == 0:
            return end
        start = end + 1


def message_ids(text: str) -> list[str]:
    """The Message-IDs of a field, in order, without their angle brackets; a bare one counts too."""
    found = _MESSAGE_ID.findall(text)
    if not found:
        found = [word.strip("<>,;") for word in text.split() if "@" in word][:20]
    return [scrub(one) for one in dict.fromkeys(found) if one]


def instant(text: str) -> datetime | None:
    """A `Date:` as an aware UTC instant, None where it says none. Only ever displayed: what counts is our
    time of receipt.
    """
    text = _without_comments(text[:300])
    if ";" in text:
        text = text.rpartition(";")[2]  # with what a relay says in front of its own date
    try:
        parsed = parsedate_tz(text)
        if not parsed:
            return None
        offset = parsed[9] or 0
        if abs(offset) > 24 * 3600:
            offset = 0
        at = datetime(*parsed[:6], tzinfo=timezone(timedelta(seconds=offset)))
        return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def is_odd(text: str) -> bool:
    """Whether a field holds what no mail program writes: comments 21 deep, or thousands of marks."""
    if any(text.count(mark) > MAX_MARKS for mark in ('"', "=?", "(", "[", "<")):
        return True
    depth = deepest = 0
    if text.count("(") > MAX_NESTING:
        for sign in text:
            depth += (sign == "(") - (sign == ")" and depth > 0)
            deepest = max(deepest, depth)
    return deepest > MAX_NESTING


def _without_comments(text: str) -> str:
    out, depth = [], 0
    for sign in text:
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
            out.append(" ")
        elif not depth:
            out.append(sign)
    return SPACES.sub(" ", "".join(out)).strip()


def parameters(text: str) -> tuple[str, dict[str, str]]:
    """A structured field such as Content-Type: its lower-cased value and its parameters, RFC 2231 pieces
    joined and decoded.
    """
    pieces = _cut_parameters(text)
    whole = _without_comments(pieces[0] if pieces else "")
    bare = _NO_SEMICOLON.match(whole)
    if bare:
        whole, pieces[1:1] = bare[1], [bare[2]]
    value = re.sub(r"\s+", "", whole).lower()
    plain_ones: dict[str, str] = {}
    numbered: dict[str, dict[int, tuple[str, bool]]] = {}
    for piece in pieces[1:MAX_PARAMETERS]:
        name, mark, raw = piece.partition("=")
        name = _without_comments(name).lower()
        if not name or not mark:
            continue
        match = re.fullmatch(r"([^*]+)(?:\*(\d{1,4}))?(\*)?", name)
        if match and (match[2] is not None or match[3]):
            numbered.setdefault(match[1], {})[int(match[2] or 0)] = (_unquoted(raw), bool(match[3]))
        else:
            plain_ones.setdefault(name, _unquoted(raw))
    for name, parts in numbered.items():
        plain_ones[name] = _continued([parts[key] for key in sorted(parts)])
    return value, {name: plain(val) if "=?" in val else scrub(val) for name, val in plain_ones.items()}


def _cut_parameters(text: str) -> list[str]:
    pieces: list[str] = []
    start, i, quotes = 0, 0, True
    while i < len(text) and len(pieces) <= MAX_PARAMETERS:
        if text[i] == '"' and quotes:
            end = closing_quote(text, i + 1)
            quotes = end >= 0
            i = end if end >= 0 else i
        elif text[i] == ";":
            pieces.append(text[start:i])
            start = i + 1
        i += 1
    pieces.append(text[start:])
    return pieces


def _unquoted(raw: str) -> str:
    raw = raw.strip()
    if raw[:1] == '"':
        end = closing_quote(raw, 1)
        return re.sub(r'\\(["\\])', r"\1", raw[1:end] if end > 0 else raw[1:])
    return raw if "=?" in raw else re.sub(r"\s*\([^()]*\)\s*$", "", raw)


def _continued(parts: list[tuple[str, bool]]) -> str:
    charset, data = "", b""
    for index, (raw, extended) in enumerate(parts):
        if index == 0 and raw.count("'") >= 2 and (extended or any(more for _, more in parts)):
            charset, _, raw = raw.split("'", 2)
        encoded = raw.encode("utf-8", "replace")
        data += unquote_to_bytes(encoded) if extended else encoded
    return decode(data, charset)
