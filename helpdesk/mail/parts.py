"""One part of a MIME structure: its type, its fields, its bytes. Pure, and nothing in it raises."""

import mimetypes
import re
from email.generator import BytesGenerator
from email.message import Message
from email.policy import compat32
from io import BytesIO

from helpdesk.mail import headers
from helpdesk.mail.encodings import transfer_decoded

TEXT_TYPES = {
    "text/plain",
    "text/html",
    "text",
    "plain",
    "html",
    "text/enriched",
    "text/richtext",
    "text/x-markdown",
    "text/markdown",
    "text/x-amp-html",
    "text/",
}
_POLICY = compat32.clone(max_line_length=None)


def inner_parts(part: Message) -> list[Message] | None:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else None


def type_of(part: Message) -> tuple[str, dict[str, str]]:
    kind, params = headers.parameters(field_text(part, "content-type"))
    if "/" not in kind and kind not in TEXT_TYPES:
        kind = part.get_content_type()
    return kind, params


def raw_field(part: Message, name: str) -> bytes:
    # `get` would build a Header object of 8-bit values
    for key, value in part._headers:  # type: ignore[attr-defined]
        if key.lower() == name:
            return value[:32_768].encode("ascii", "surrogateescape") if isinstance(value, str) else b""
    return b""


def field_text(part: Message, name: str) -> str:
    return headers.text_of(raw_field(part, name)[:8192])


def content_of(part: Message) -> bytes:
    # `get_payload` replaces 8-bit characters by a guess of its own
    payload = part._payload  # type: ignore[attr-defined]
    data = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""
    return transfer_decoded(data, headers.parameters(field_text(part, "content-transfer-encoding"))[0])


def bytes_of(message: Message) -> bytes:
    out = BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, policy=_POLICY).flatten(message)
    except Exception:
        return out.getvalue()
    return out.getvalue()


def root_of_related(children: list[Message], start: str) -> Message | None:
    wanted = start.strip("<> ")
    for child in children:
        if wanted and field_text(child, "content-id").strip("<> ") == wanted:
            return child
    return children[0] if children else None


def file_label(name: str) -> str:
    """The sender's name for a file as a harmless label: one line, no control or direction-changing signs, at
    most 200.
    """
    name = re.sub(r"[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", "\ufffd", headers.plain(name))
    if len(name) > 200:
        stem, dot, extension = name.rpartition(".")
        name = (
            f"{stem[: 195 - len(extension)]}{dot}{extension}" if dot and len(extension) <= 10 else name[:200]
        )
    return name or "attachment"


def guessed_type(name: str) -> str:
    return mimetypes.guess_type(name or "")[0] or "application/octet-stream"
