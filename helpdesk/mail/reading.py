"""One mail, read completely: parsed, cleaned, sanitised, and judged. Pure, and run in the bounded child
process only.

The result is made of JSON values, apart from the attachments' contents.
"""

import hashlib
import html
from dataclasses import asdict
from typing import Any

from helpdesk.mail import automatic, bounces, cleaning, spam, trust
from helpdesk.mail.anchor import ANCHOR_TEXT
from helpdesk.mail.html_text import to_text
from helpdesk.mail.mail import Attachment, Body, Limits, Mail
from helpdesk.mail.parsing import minimal, parse
from helpdesk.markup import is_too_deep
from helpdesk.sanitize import sanitized

Reading = dict[str, Any]
MAX_STORED_HTML = 2 * 1024 * 1024


def read(raw: bytes, limits: Limits, envelope_from: str | None) -> tuple[Reading, list[bytes]]:
    """What the mail says and is, and the contents of its attachments in the order of `attachments`.

    Never raises: what defeats the full reading is read minimally and flagged.
    """
    try:
        mail = parse(raw, limits)
        return _reading(mail, raw, limits, envelope_from), [one.content for one in mail.attachments]
    except (Exception, RecursionError, MemoryError) as error:
        mail = minimal(raw, limits)
        mail.flag(f"unreadable: {type(error).__name__}")
        return _minimal_reading(mail, raw, envelope_from), []


def _reading(mail: Mail, raw: bytes, limits: Limits, envelope_from: str | None) -> Reading:
    own = [body for body in mail.bodies if not body.enclosed]
    enclosed = "\n\n".join(filter(None, (_text_of(body) for body in mail.bodies if body.enclosed)))
    text = "\n\n".join(filter(None, map(_text_of, own)))[: limits.max_text]
    parts = cleaning.split(text, ANCHOR_TEXT, mail.author.name)
    if not parts.visible.strip():
        parts, enclosed = cleaning.Split(enclosed, ""), ""
        text = parts.visible
    quoted = "\n\n".join(filter(None, [parts.quoted, enclosed]))
    report = bounces.read(mail, envelope_from)
    if any(is_too_deep(one.html) for one in own if one.html):
        mail.flag("html_too_deep")
    return {
        **_header(mail, raw, envelope_from),
        "text": "\n\n".join(filter(None, [text, enclosed]))[: limits.max_text],
        "visible": parts.visible,
        "quoted": quoted[: limits.max_text],
        "html": _html_of(own),
        "report": asdict(report) if report else None,
        "attachments": [_described(one) for one in mail.attachments],
        "flags": mail.flags,
    }


def _minimal_reading(mail: Mail, raw: bytes, envelope_from: str | None) -> Reading:
    text = mail.texts[0].strip() if mail.texts else ""
    bare = {
        "visible": text,
        "quoted": "",
        "html": None,
        "report": None,
        "attachments": [],
        "flags": mail.flags,
    }
    return {**_header(mail, raw, envelope_from), "text": text, **bare}


def _header(mail: Mail, raw: bytes, envelope_from: str | None) -> Reading:
    verdict = automatic.judge(mail, envelope_from)
    return {
        "message_id": mail.message_id,
        "body_hash": body_hash(raw),
        "from": mail.author._asdict(),
        "to": [one._asdict() for one in mail.to if one.email],
        "cc": [one._asdict() for one in mail.cc if one.email],
        "reply_to": [one._asdict() for one in mail.reply_to if one.email],
        "delivered_to": mail.delivered_to[:50],
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "automatic": verdict.automatic,
        "answerable": verdict.answerable,
        "why_automatic": verdict.reason,
        "authentication": trust.results(mail.all("authentication-results")),
        "spam": spam.mark(mail),
    }


def body_hash(raw: bytes) -> str:
    """SHA-256 of what follows the header block (relays add header fields, never to the body)."""
    places = [place for place in (raw.find(b"\n\n"), raw.find(b"\n\r\n")) if place >= 0]
    body = raw[min(places) :] if places else b""
    return hashlib.sha256(body.replace(b"\r\n", b"\n").strip(b"\n")).hexdigest()


def _text_of(body: Body) -> str:
    if (body.text or "").strip():
        return (body.text or "").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return to_text(body.html) if body.html else ""


def _html_of(bodies: list[Body]) -> str | None:
    """The sanitised page, None for a mail that has only plain text."""
    if not any(body.html for body in bodies):
        return None
    out = []
    for body in bodies:
        if body.html:
            out.append(sanitized(body.html))
        elif (body.text or "").strip():
            out.append(f"<pre>{html.escape((body.text or '').strip(), quote=False)}</pre>")
    page = "<hr>".join(filter(None, out))
    return page if 0 < len(page) <= MAX_STORED_HTML else None


def _described(one: Attachment) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type,
        "size": one.size,
        "sha1": one.sha1,
        "sha256": one.sha256,
        "inline": one.inline,
        "content_id": one.content_id,
    }
