"""Undoing the wrappings a body or file came in: transfer encodings, uuencoded blocks in a text, TNEF. Pure,
never raises.
"""

import binascii
import re
from typing import NamedTuple

from helpdesk.mail.headers import lenient_base64

MAX_FILES = 200
MAX_BROKEN = 20
"""After so many blocks that are none, a text is taken as it is: each look reads on to the next end."""
_UU_END = re.compile(r"(?m)^end[ \t]*\r?$")
_UU_BEGIN = re.compile(r"(?m)^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n")


class TnefContent(NamedTuple):
    text: str
    html: str
    files: list[tuple[str, bytes]]


def transfer_decoded(data: bytes, encoding: str) -> bytes:
    """A part's bytes with its Content-Transfer-Encoding undone; an encoding that is unknown or plainly untrue
    is ignored.
    """
    encoding = encoding.strip("\"' ").lower()
    if encoding in ("base64", "b", "b64"):
        return _from_base64(data)
    if encoding in ("quoted-printable", "q", "qp", "quoted_printable", "quoted-printeable"):
        return binascii.a2b_qp(b"\n".join(map(_without_tail, data.split(b"\n"))))
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        _, files = uu_files(data.decode("latin-1"))
        return files[0][1] if files else data
    return data


def _without_tail(line: bytes) -> bytes:
    """A line without the blanks that a relay put at its end (RFC 2045 6.7, rule 3)."""
    if line.endswith(b"\r"):
        return line[:-1].rstrip(b" \t") + b"\r"
    return line.rstrip(b" \t")


def _from_base64(data: bytes) -> bytes:
    head = data[:2000].strip()
    strange = re.sub(rb"[A-Za-z0-9+/=\s_-]", b"", head)
    if len(strange) > len(head) // 10 + 2 or re.match(rb"[A-Za-z']+ +[A-Za-z']+ +[A-Za-z']+", head):
        return data  # labelled base64, but it is not
    return lenient_base64(data)


def uu_files(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A text with its uuencoded blocks taken out, and those blocks as (name, content). A block that is broken
    stays in the text.
    """
    if "begin " not in text:
        return text, []
    out: list[str] = []
    files: list[tuple[str, bytes]] = []
    position, broken = 0, 0
    for begin in _UU_BEGIN.finditer(text):
        if begin.start() < position:
            continue
        end = _UU_END.search(text, begin.end())
        if end is None or broken >= MAX_BROKEN or len(files) >= MAX_FILES:
            break
        content = _uu(text[begin.end() : end.start()])
        if content is None:
            broken += 1
            continue
        out.append(text[position : begin.start()])
        files.append((begin[1].strip(), content))
        position = end.end()
    out.append(text[position:])
    return "".join(out), files


def _uu(block: str) -> bytes | None:
    out: list[bytes] = []
    for line in block.splitlines():
        if not line.strip("` ") and out:
            continue
        try:
            raw = line.encode("ascii")
        except UnicodeError:
            return None
        try:
            out.append(binascii.a2b_uu(raw))
        except binascii.Error:
            length = (((raw[0] - 32) & 63) * 4 + 5) // 3 if raw else 0
            try:
                out.append(binascii.a2b_uu(raw[:length]))
            except binascii.Error:
                return None
    return b"".join(out) or None


def read_tnef(data: bytes) -> TnefContent | None:
    """What a winmail.dat holds (MS-OXTNEF), None where it cannot be read."""
    from tnefparse import TNEF

    try:
        found = TNEF(data, do_checksum=False)
        files = [
            (_as_text(one.long_filename() or one.name), bytes(one.data or b"")) for one in found.attachments
        ]
        html = found.htmlbody or ""
        text = found.body or ""
    except Exception:
        return None
    return TnefContent(_as_text(text), _as_text(html), files)


def _as_text(value: str | bytes | None) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip("\x00")
    return (value or "").strip("\x00")
