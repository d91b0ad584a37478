"""Bytes of a mail → what it says. Pure: no Django, no input makes it raise, time and memory are bounded by
`Limits`.

The header block is split and capped by us, the structure is capped before the standard library's parser
(compat32 policy) sees it: its structured header parser needs minutes, or recursion without end, for a few
kilobytes of hostile mail.
"""

import mimetypes
import re
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from helpdesk.mail import headers
from helpdesk.mail.addresses import addresses
from helpdesk.mail.charsets import decode, scrub
from helpdesk.mail.encodings import TnefContent, read_tnef, transfer_decoded, uu_files
from helpdesk.mail.mail import Attachment, Body, Limits, Mail
from helpdesk.mail.parts import (
    TEXT_TYPES,
    bytes_of,
    content_of,
    field_text,
    file_label,
    guessed_type,
    inner_parts,
    raw_field,
    root_of_related,
    type_of,
)

_BOUNDARY = re.compile(rb'(?i)boundary\*?0?\*?[ \t]*=[ \t]*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))')
_DASHES = re.compile(rb"(?m)^--([^\r\n]{1,220})")
_NESTED = re.compile(rb"(?mi)^content-type:[ \t]*message/")
_META_CHARSET = re.compile(rb"""(?i)<meta[^>]{0,200}charset\s{0,3}=\s{0,3}["']?([a-z0-9_\-:]{2,40})""")
_ADDRESS_FIELDS = {
    "sender": "from",
    "senders": "sender",
    "reply_to": "reply-to",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
}
_PART_FIELDS = {
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
}
_STRUCTURED = ("content-type", "content-disposition")
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
    if any(headers.is_odd(value) for _name, value in mail.fields):
        mail.flag("headers_odd")
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
        if name in _PART_FIELDS and name not in seen:
            seen.add(name)
            kept.append(name.encode() + b": " + re.sub(rb"[\r\n]+[ \t]*", b" ", value[:8000]) + b"\r\n")
    return BytesParser(policy=compat32).parsebytes(b"".join(kept) + b"\r\n" + body)


def _has_fields(content: bytes) -> bool:
    """Whether a delivery report holds any of the fields that RFC 3464 asks of it."""
    return (
        re.search(rb"(?mi)^(?:reporting-mta|(?:final|original)-recipient|action|status)[ \t]*:", content)
        is not None
    )


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
        kind, params = type_of(part)
        inner = inner_parts(part)
        if any(raw_field(part, name).count(b";") > headers.MAX_PARAMETERS for name in _STRUCTURED):
            self.mail.flag("parameters_capped")
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
            root = root_of_related(children, params.get("start", ""))
            for child in children:
                self._part(child, slot if child is root else None, related=child is not root)
        else:
            for index, child in enumerate(children):
                self._part(child, slot if index == 0 else None, related)

    def _leaf(self, part: Message, kind: str, params: dict, slot: Body | None, related: bool) -> None:
        content = content_of(part)
        disposition, disposition_params = headers.parameters(field_text(part, "content-disposition"))
        name = (
            disposition_params.get("filename") or params.get("name") or disposition_params.get("name") or ""
        )
        if kind.startswith("multipart/"):  # its boundary never came: what is there is read as text
            mark = b"--" + params.get("boundary", "").encode("utf-8", "replace")
            content = b"\n".join(line for line in content.split(b"\n") if not line.startswith(mark))
        is_text = kind in TEXT_TYPES or (kind.startswith("multipart/") and bool(content.strip()))
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
                self.mail.attachments.append(Attachment(file_label(name), guessed_type(name), data))
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
        content_id = next(iter(headers.message_ids(field_text(part, "content-id"))), "") or field_text(
            part, "content-id"
        ).strip("<> ")
        inline = disposition != "attachment" and bool(content_id) and (related or disposition == "inline")
        if not name:
            name = self._described(part, kind) or self._invented(kind)
        self.mail.attachments.append(
            Attachment(
                file_label(name),
                kind[:120],
                content,
                inline=inline or disposition == "inline",
                content_id=scrub(content_id[:500]),
            )
        )

    def _enclosed(self, part: Message, kind: str, payload: list[Message]) -> None:
        """A mail within the mail is kept as a file; a delivery report too (read by `bounces`)."""
        _, disposition = headers.parameters(field_text(part, "content-disposition"))
        _, params = type_of(part)
        name = disposition.get("filename") or params.get("name") or ""
        content = b"".join(bytes_of(one) for one in payload)
        encoding = headers.parameters(field_text(part, "content-transfer-encoding"))[0]
        if encoding in ("base64", "quoted-printable"):
            content = transfer_decoded(content.lstrip(b"\r\n"), encoding)
            payload = [BytesParser(policy=compat32).parsebytes(cap_structure(content, "", self.limits)[0])]
        if kind == "message/delivery-status" and not _has_fields(content):
            self._body(content, "text/plain", "", None)  # called a report, but words to a person
            return
        if kind in _REPORT_TYPES:
            self.mail.reports.append((kind, content))
            return
        self.enclosed += payload
        if not name and kind in ("message/rfc822", "message/global"):
            subject = headers.plain(headers.text_of(raw_field(payload[0], "subject")), 80) if payload else ""
            described = headers.plain(field_text(part, "content-description"), 80)
            name = f"{subject or described or 'message'}.eml"
        self.mail.attachments.append(Attachment(file_label(name or self._invented(kind)), kind, content))

    def _described(self, part: Message, kind: str) -> str:
        """A name made of the sender's description of a part that has none (RFC 2045 8), "" without one."""
        described = headers.plain(field_text(part, "content-description"), 80)
        extension = mimetypes.guess_extension(kind) or ""
        return described + extension if described and not described.lower().endswith(extension) else described

    def _invented(self, kind: str) -> str:
        extension = mimetypes.guess_extension(kind) or ""
        return f"attachment-{len(self.mail.attachments) + 1}{extension}"

    def _tnef(self, content: bytes, name: str, kind: str) -> None:
        found = read_tnef(content)
        if found is None:
            self.mail.flag("tnef_unreadable")
            self.mail.attachments.append(Attachment(file_label(name or "winmail.dat"), kind, content))
            return
        self.tnef_content = found
        for file_name, data in found.files:
            self.mail.attachments.append(
                Attachment(file_label(file_name or self._invented("")), guessed_type(file_name), data)
            )

    def _text_from_tnef(self) -> None:
        found = self.tnef_content
        if found and found.html:
            self._put(scrub(found.html), True, None)
        elif found and found.text:
            self._put(scrub(found.text), False, None)
