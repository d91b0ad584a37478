"""Bytes of a mail → what it says. Pure: no Django, no input makes it raise, time and memory are bounded by
`Limits`.

The header block is split and capped by us, the structure is capped before the standard library's parser
(compat32 policy) sees it: its structured header parser needs minutes, or recursion without end, for a few
kilobytes of hostile mail.
"""

import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.generator import BytesGenerator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from io import BytesIO

from helpdesk.mail import headers
from helpdesk.mail.addresses import Address, addresses
from helpdesk.mail.charsets import decode, scrub
from helpdesk.mail.encodings import TnefContent, read_tnef, transfer_decoded, uu_files

_BOUNDARY = re.compile(rb'(?i)boundary\*?0?\*?[ \t]*=[ \t]*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))')
_DASHES = re.compile(rb"(?m)^--([^\r\n]{1,220})")
_NESTED = re.compile(rb"(?mi)^content-type:[ \t]*message/")
_META_CHARSET = re.compile(rb"""(?i)<meta[^>]{0,200}charset\s{0,3}=\s{0,3}["']?([a-z0-9_\-:]{2,40})""")
_TEXT_TYPES = {
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
_ADDRESS_FIELDS = {
    "sender": "from",
    "senders": "sender",
    "reply_to": "reply-to",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
}
_LESSER = {"text/enriched", "text/richtext", "text/x-amp-html"}
_REPORT_TYPES = {
    "message/delivery-status",
    "message/feedback-report",
    "message/disposition-notification",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-delivery-status",
    "message/global-headers",
}
_POLICY = compat32.clone(max_line_length=None)


@dataclass(frozen=True)
class Limits:
    """Caps of one reading; the numbers are those of the settings `MAIL_…`."""

    max_fields: int = 1000
    max_field_bytes: int = 32 * 1024
    max_block_bytes: int = 256 * 1024
    max_parts: int = 200
    max_depth: int = 30
    max_text: int = 1024 * 1024
    max_addresses: int = 200


@dataclass
class Attachment:
    name: str
    type: str
    content: bytes
    inline: bool = False
    content_id: str = ""
    sha1: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        self.sha1 = hashlib.sha1(self.content, usedforsecurity=False).hexdigest()
        self.sha256 = hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Decoded size in bytes."""
        return len(self.content)


@dataclass
class Body:
    """One place of the readable mail: its plain and its HTML form, either of which may be absent. `enclosed`:
    of a mail in the mail.
    """

    text: str | None = None
    html: str | None = None
    enclosed: bool = False


@dataclass
class Mail:
    """A mail as read. Names, addresses and texts are decoded and free of NUL and lone surrogates."""

    message_id: str = ""
    in_reply_to: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    sender: list[Address] = field(default_factory=list)
    senders: list[Address] = field(default_factory=list)
    reply_to: list[Address] = field(default_factory=list)
    to: list[Address] = field(default_factory=list)
    cc: list[Address] = field(default_factory=list)
    bcc: list[Address] = field(default_factory=list)
    delivered_to: list[str] = field(default_factory=list)
    subject: str = ""
    date: datetime | None = None
    bodies: list[Body] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reports: list[tuple[str, bytes]] = field(default_factory=list)
    type: str = "text/plain"
    type_parameters: dict[str, str] = field(default_factory=dict)
    fields: list[tuple[str, str]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The first field of that (lower-case) name as text, "" where absent."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def author(self) -> Address:
        """Who the mail says it is from: the first From with an address, else Reply-To, Sender, and the return
        path.
        """
        named = [one for one in self.sender if one.email]
        whole = [one for one in named if "@" in one.email]
        return_path = [
            one for value in self.all("return-path")[:3] for one in addresses(value) if "@" in one.email
        ]
        candidates = (
            whole + [one for one in self.reply_to + self.senders + return_path if "@" in one.email] + named
        )
        if not candidates:
            return self.sender[0] if self.sender else Address("", "")
        found = candidates[0]
        return found if found.name or not self.sender else Address(self.sender[0].name, found.email)

    @property
    def texts(self) -> list[str]:
        return [body.text for body in self.bodies if body.text is not None]

    @property
    def htmls(self) -> list[str]:
        return [body.html for body in self.bodies if body.html is not None]

    def flag(self, name: str) -> None:
        if name not in self.flags:
            self.flags.append(name)


def parse(raw: bytes, limits: Limits | None = None) -> Mail:
    """Read a whole mail. What cannot be read is named in `flags` (`headers_capped`, `structure_capped`,
    `text_capped` …).
    """
    limits = limits or Limits()
    fields, start, capped = headers.split_fields(
        raw, limits.max_fields, limits.max_field_bytes, limits.max_block_bytes
    )
    mail = _with_header(fields, raw[start : start + 4000], limits)
    if capped:
        mail.flag("headers_capped")
    body, cut = cap_structure(raw[start:], mail.type_parameters.get("boundary", ""), limits)
    if cut:
        mail.flag("structure_capped")
    _Reader(mail, limits).read(_structure(fields, body))
    return mail


def minimal(raw: bytes, limits: Limits | None = None) -> Mail:
    """The fallback where a mail kills or exhausts the full reading: sender, subject, and the beginning as
    text.
    """
    limits = limits or Limits()
    small = Limits(max_fields=200, max_field_bytes=2000, max_block_bytes=64 * 1024)
    fields, start, _ = headers.split_fields(raw[: 256 * 1024], 200, 2000, 64 * 1024)
    mail = _with_header(fields, b"", small)
    text = decode(raw[start : start + 20_000], None)
    mail.bodies.append(Body(text=text))
    mail.flag("minimal")
    return mail


def _with_header(fields: list[tuple[str, bytes]], body_start: bytes, limits: Limits) -> Mail:
    hint = ""
    for name, value in fields:
        if name == "content-type":
            hint = headers.parameters(headers.text_of(value))[1].get("charset", "")
            break
    mail = Mail(fields=[(name, headers.text_of(value, hint)) for name, value in fields])
    mail.subject = headers.plain(mail.get("subject"), 2000)
    mail.message_id = next(iter(headers.message_ids(mail.get("message-id"))), "")
    mail.in_reply_to = headers.message_ids(" ".join(mail.all("in-reply-to")))[:50]
    mail.references = headers.message_ids(" ".join(mail.all("references")))[-200:]
    for attribute, name in _ADDRESS_FIELDS.items():
        found = [one for value in mail.all(name) for one in addresses(value)]
        if len(found) > limits.max_addresses:
            mail.flag("addresses_capped")
        setattr(mail, attribute, found[: limits.max_addresses])
    for name in ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to"):
        mail.delivered_to += [
            one.email for value in mail.all(name)[:20] for one in addresses(value) if one.email
        ]
    mail.date = next((at for at in map(headers.instant, mail.all("date")) if at), None)
    mail.type, mail.type_parameters = headers.parameters(mail.get("content-type"))
    mail.type = mail.type or "text/plain"
    return mail


def cap_structure(body: bytes, boundary: str, limits: Limits) -> tuple[bytes, bool]:
    """`body` cut where it would hold more parts or deeper nesting than allowed, and whether it was cut. One
    linear pass.
    """
    known = {m[1] or m[2] for m in _BOUNDARY.finditer(body)}
    if boundary:
        known.add(boundary.encode("utf-8", "replace"))
    for nested, match in enumerate(_NESTED.finditer(body)):
        if nested >= limits.max_depth:
            return body[: match.start()], True
    if not known:
        return body, False
    parts, stack = 0, list[bytes]()
    open_ones: set[bytes] = set()
    for match in _DASHES.finditer(body):
        line = match[1].rstrip()
        if line in known:
            parts += 1
            if line in open_ones:
                while stack[-1] != line:
                    open_ones.discard(stack.pop())
            else:
                stack.append(line)
                open_ones.add(line)
        elif line.endswith(b"--") and line[:-2] in open_ones:
            while stack[-1] != line[:-2]:
                open_ones.discard(stack.pop())
            open_ones.discard(stack.pop())
        if parts > limits.max_parts or len(stack) > limits.max_depth:
            return body[: match.start()], True
    return body, False


def _structure(fields: list[tuple[str, bytes]], body: bytes) -> Message:
    seen = set()
    kept = []
    for name, value in fields:
        if (
            name in ("content-type", "content-transfer-encoding", "content-disposition", "content-id")
            and name not in seen
        ):
            seen.add(name)
            kept.append(name.encode() + b": " + re.sub(rb"[\r\n]+[ \t]*", b" ", value[:8000]) + b"\r\n")
    return BytesParser(policy=compat32).parsebytes(b"".join(kept) + b"\r\n" + body)


class _Reader:
    """Walks the structure and fills a `Mail`."""

    def __init__(self, mail: Mail, limits: Limits) -> None:
        self.mail, self.limits, self.left = mail, limits, limits.max_text
        self.enclosed: list[Message] = []
        self.named_texts: list[tuple[bytes, str, str]] = []
        self.tnef_content: TnefContent | None = None

    def read(self, root: Message) -> None:
        self._part(root, None, False)
        if not self._readable():
            self._text_from_tnef()
        if not self._readable() and self.named_texts:
            content, kind, charset = self.named_texts[0]
            self._body(content, kind, charset, None)
        self._read_enclosed()

    def _readable(self) -> bool:
        return any((body.text or "").strip() or (body.html or "").strip() for body in self.mail.bodies)

    def _read_enclosed(self) -> None:
        """The words of mails enclosed in this one, after its own; their files stay within the enclosed mail's
        file.
        """
        for _ in range(self.limits.max_depth):
            waiting, self.enclosed = self.enclosed, []
            for message in waiting:
                inner = _Reader(Mail(), self.limits)
                inner.left = self.left
                inner._part(message, None, False)
                self.left = inner.left
                self.enclosed += inner.enclosed
                for body in inner.mail.bodies:
                    body.enclosed = True
                self.mail.bodies += inner.mail.bodies
            if not self.enclosed or self.left <= 0:
                return

    def _part(self, part: Message, slot: Body | None, related: bool) -> None:
        kind, params = _type_of(part)
        inner = _inner(part)
        if kind.startswith("message/") and inner is not None:
            self._enclosed(part, kind, inner)
        elif inner is not None:
            self._children(kind, params, inner, slot, related)
        else:
            self._leaf(part, kind, params, slot, related)

    def _children(
        self, kind: str, params: dict, children: list[Message], slot: Body | None, related: bool
    ) -> None:
        if kind == "multipart/alternative":
            own = slot or Body()
            if slot is None:
                self.mail.bodies.append(own)
            for child in children:
                self._part(child, own, related)
        elif kind == "multipart/related":
            root = _root_of_related(children, params.get("start", ""))
            for child in children:
                self._part(child, slot if child is root else None, related=child is not root)
        else:
            for index, child in enumerate(children):
                self._part(child, slot if index == 0 else None, related)

    def _leaf(self, part: Message, kind: str, params: dict, slot: Body | None, related: bool) -> None:
        content = _content(part)
        disposition, disposition_params = headers.parameters(_field(part, "content-disposition"))
        name = (
            disposition_params.get("filename") or params.get("name") or disposition_params.get("name") or ""
        )
        if kind.startswith("multipart/"):  # its boundary never came: what is there is read as text
            mark = b"--" + params.get("boundary", "").encode("utf-8", "replace")
            content = b"\n".join(line for line in content.split(b"\n") if not line.startswith(mark))
        is_text = kind in _TEXT_TYPES or (kind.startswith("multipart/") and bool(content.strip()))
        if (
            is_text
            and disposition != "attachment"
            and not name
            and not (related and slot is None and self._has_html())
        ):
            self._body(content, kind, params.get("charset", ""), slot)
            return
        if is_text and disposition != "attachment":
            self.named_texts.append((content, kind, params.get("charset", "")))
        if kind in _REPORT_TYPES and disposition != "attachment":
            self.mail.reports.append((kind, content))
        elif kind == "application/ms-tnef" or name.lower() == "winmail.dat":
            self._tnef(content, name, kind)
        elif not (kind.startswith("multipart/") and not content.strip()):
            self._attach(part, content, kind, name, disposition, related)

    def _has_html(self) -> bool:
        return any(body.html is not None for body in self.mail.bodies)

    def _body(self, content: bytes, kind: str, charset: str, slot: Body | None) -> None:
        is_html = "html" in kind
        if kind in _LESSER and slot is not None and (slot.text is not None or slot.html is not None):
            return  # a third form of what is already here
        hints: tuple[str, ...] = ()
        if is_html:
            meta = _META_CHARSET.search(content[:4000])
            hints = (meta[1].decode("ascii"),) if meta else ()
        text = decode(content[: self.limits.max_text * 4], charset, hints)
        if len(text) > self.left:
            self.mail.flag("text_capped")
            text = text[: self.left]
        self.left -= len(text)
        if kind in ("text/enriched", "text/richtext"):
            text = re.sub(r"<[^<>]{1,100}>", "", text.replace("<<", "\x01")).replace("\x01", "<")
        if not is_html:
            text, files = uu_files(text)
            for name, data in files:
                self.mail.attachments.append(Attachment(_label(name), _guess(name), data))
        self._put(text, is_html, slot)

    def _put(self, text: str, is_html: bool, slot: Body | None) -> None:
        if slot is None or (slot.html if is_html else slot.text) is not None:
            slot = Body()
            self.mail.bodies.append(slot)
        if is_html:
            slot.html = text
        else:
            slot.text = text

    def _attach(
        self, part: Message, content: bytes, kind: str, name: str, disposition: str, related: bool
    ) -> None:
        content_id = next(iter(headers.message_ids(_field(part, "content-id"))), "") or _field(
            part, "content-id"
        ).strip("<> ")
        inline = disposition != "attachment" and bool(content_id) and (related or disposition == "inline")
        if not name:
            name = self._invented(kind)
        self.mail.attachments.append(
            Attachment(
                _label(name),
                kind[:120],
                content,
                inline=inline or disposition == "inline",
                content_id=scrub(content_id[:500]),
            )
        )

    def _enclosed(self, part: Message, kind: str, payload: list[Message]) -> None:
        """A mail within the mail is kept as a file; a delivery report too (read by `bounces`)."""
        _, disposition = headers.parameters(_field(part, "content-disposition"))
        _, params = _type_of(part)
        name = disposition.get("filename") or params.get("name") or ""
        content = b"".join(_bytes_of(one) for one in payload)
        encoding = headers.parameters(_field(part, "content-transfer-encoding"))[0]
        if encoding in ("base64", "quoted-printable"):
            content = transfer_decoded(content.lstrip(b"\r\n"), encoding)
            payload = [BytesParser(policy=compat32).parsebytes(cap_structure(content, "", self.limits)[0])]
        if kind in _REPORT_TYPES:
            self.mail.reports.append((kind, content))
            return
        self.enclosed += payload
        if not name and kind in ("message/rfc822", "message/global"):
            subject = headers.plain(headers.text_of(_raw_field(payload[0], "subject")), 80) if payload else ""
            name = f"{subject or 'message'}.eml"
        self.mail.attachments.append(Attachment(_label(name or self._invented(kind)), kind, content))

    def _invented(self, kind: str) -> str:
        extension = mimetypes.guess_extension(kind) or ""
        return f"attachment-{len(self.mail.attachments) + 1}{extension}"

    def _tnef(self, content: bytes, name: str, kind: str) -> None:
        found = read_tnef(content)
        if found is None:
            self.mail.flag("tnef_unreadable")
            self.mail.attachments.append(Attachment(_label(name or "winmail.dat"), kind, content))
            return
        self.tnef_content = found
        for file_name, data in found.files:
            self.mail.attachments.append(
                Attachment(_label(file_name or self._invented("")), _guess(file_name), data)
            )

    def _text_from_tnef(self) -> None:
        found = self.tnef_content
        if found and found.html:
            self._put(scrub(found.html), True, None)
        elif found and found.text:
            self._put(scrub(found.text), False, None)


def _inner(part: Message) -> list[Message] | None:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else None


def _type_of(part: Message) -> tuple[str, dict[str, str]]:
    kind, params = headers.parameters(_field(part, "content-type"))
    if "/" not in kind and kind not in _TEXT_TYPES:
        kind = part.get_content_type()
    return kind, params


def _raw_field(part: Message, name: str) -> bytes:
    # `get` would build a Header object of 8-bit values
    for key, value in part._headers:  # type: ignore[attr-defined]
        if key.lower() == name:
            return value[:32_768].encode("ascii", "surrogateescape") if isinstance(value, str) else b""
    return b""


def _field(part: Message, name: str) -> str:
    return headers.text_of(_raw_field(part, name)[:8192])


def _content(part: Message) -> bytes:
    # `get_payload` replaces 8-bit characters by a guess of its own
    payload = part._payload  # type: ignore[attr-defined]
    data = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""
    return transfer_decoded(data, headers.parameters(_field(part, "content-transfer-encoding"))[0])


def _bytes_of(message: Message) -> bytes:
    out = BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, policy=_POLICY).flatten(message)
    except Exception:
        return out.getvalue()
    return out.getvalue()


def _root_of_related(children: list[Message], start: str) -> Message | None:
    wanted = start.strip("<> ")
    for child in children:
        if wanted and _field(child, "content-id").strip("<> ") == wanted:
            return child
    return children[0] if children else None


def _label(name: str) -> str:
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


def _guess(name: str) -> str:
    return mimetypes.guess_type(name or "")[0] or "application/octet-stream"
