"""From a delivery to the bytes that travel: text and HTML from one template, headers, attachments.

The words are those of `helpdesk.wording`, filled with what the letter says.
"""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, cast

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from helpdesk import file_links, languages
from helpdesk.company import company
from helpdesk.mail import letters, tokens
from helpdesk.mail.anchor import ANCHOR_ID, ANCHOR_TEXT
from helpdesk.mail.letter import REPLIED, Letter, NotToBeSent, NotYet
from helpdesk.mail.smtp import Envelope
from helpdesk.mail.to_customers import once_a_mail
from helpdesk.models import Delivery
from helpdesk.wording import rendering, store
from helpdesk.wording.rendering import Look, as_html, as_text, check
from helpdesk.words import file_size
from tickets.models import Attachment, User
from tickets.text import clean_line

__all__ = ["NotToBeSent", "NotYet", "subject_of", "write"]

_TYPE = re.compile(r"^[\w.+-]{1,60}/[\w.+-]{1,100}$", re.ASCII)
_POLICY = policy.SMTP.clone(max_line_length=900)  # shorter lines would break long ids apart (RFC 2047 words)


def write(row: Delivery) -> Envelope:
    """The finished mail of a claimed delivery, in its reader's language and zone.

    Raises NotToBeSent and NotYet.
    """
    person, us = row.recipient, company()
    with (
        translation.override(languages.of_mail(row, us)),
        timezone.override(_zone(person) or us.time_zone),
    ):
        letter = letters.letter_of(row)
        mail = _mime(letter, row)
    return Envelope(_senders(letter, row), row.address, mail.as_bytes(policy=_POLICY))


def subject_of(content: bytes) -> str:
    """The readable subject of a finished mail."""
    head = content.split(b"\r\n\r\n", 1)[0]
    return clean_line(str(message_from_bytes(head, policy=policy.default).get("Subject", "")), 998)


def _zone(person: User | None) -> str:
    return person.time_zone if person else ""


def _senders(letter: Letter, row: Delivery) -> tuple[str, ...]:
    """The envelope's sender. Nothing answers the empty one (RFC 3834 3.3); a bounce address says which
    delivery failed. The plain address is for servers that take neither."""
    first = "" if letter.automatic == REPLIED else tokens.bounce_address(letter.box, row.pk)
    return (first, letter.box)


# --- headers ------------------------------------------------------------------------------------------


def _mime(letter: Letter, row: Delivery) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    words, look = store.current(letter.template, translation.get_language()), letter.look
    subject = letter.prefix + words.subject_of(letter.values)
    for name, value in _headers(letter, subject, row).items():
        mail[name] = value
    parts, left_out = _within_limit(letter.files)
    values = letter.values | {"files": [_as_link(file, letter, row) for file in left_out]}
    check(words, values)
    mail.set_content(as_text(words, values, look), cte="quoted-printable")
    if letter.to is None or not letter.to.wants_plain_mail:
        _add_html(mail, as_html(words, values, look, title=subject, anchor=(ANCHOR_ID, ANCHOR_TEXT)), look)
    for file in parts:
        _attach(mail, file)
    return mail


def _add_html(mail: EmailMessage, html: str, look: Look) -> None:
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if look.logo:
        page = cast(EmailMessage, mail.get_body(("html",)))
        page.add_related(look.logo_data, "image", "png", cid=f"<{look.logo}>", disposition="inline")


def _headers(letter: Letter, subject: str, row: Delivery) -> dict[str, Any]:
    name = letter.to.name if letter.to is not None else letter.to_name
    headers: dict[str, Any] = {
        "From": _address(letter.sender_name, letter.box),
        "To": _address(name, row.address),
        "Subject": clean_line(subject, 400),
        "Date": format_datetime(timezone.localtime()),
        "Message-ID": f"<{row.internet_message_id}>",
    }
    if letter.cc:
        headers["Cc"] = [_address(one.name, one.email or "") for one in letter.cc]
    if letter.reply_to:
        headers["Reply-To"] = _address(letter.sender_name, letter.reply_to)
    if letter.thread.parent:
        headers["In-Reply-To"] = f"<{letter.thread.parent}>"
        headers["References"] = letter.thread.header
    if letter.automatic:
        headers |= {
            "Auto-Submitted": letter.automatic,
            "X-Auto-Response-Suppress": "All",
        }
        if row.rank != Delivery.Rank.ACCOUNT:
            headers["Precedence"] = "bulk"
    if letter.unsubscribe:
        headers["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _address(name: str, address: str) -> Address:
    """Raises ValueError for something that is no address."""
    local, _at, domain = address.rpartition("@")
    return Address(clean_line(name, 100), local, domain.encode("idna").decode())


# --- files --------------------------------------------------------------------------------------------


def _within_limit(files: list[Attachment]) -> tuple[list[Attachment], list[Attachment]]:
    """Those that fit into one mail, and those that the text names instead; none is left out silently."""
    room = settings.MAIL_ATTACHMENTS_BYTES
    parts, left_out = [], []
    for file in files:
        if file.blob.size <= room:
            room -= file.blob.size
            parts.append(file)
        else:
            left_out.append(file)
    return parts, left_out


def _as_link(file: Attachment, letter: Letter, row: Delivery) -> tuple[str, str, str]:
    """Name, size and the address under which the reader fetches it, until when. Raises FileMissing."""
    whole(file)
    assert letter.to is not None
    person = letter.to
    link = once_a_mail(row, f"file {file.pk}", lambda: file_links.make_link(file, person)[0])
    until = rendering.day(timezone.now() + settings.FILE_LINK_LASTS)
    return file.name, _("%(size)s, until %(day)s") % {"size": file_size(file.blob.size), "day": until}, link


class FileMissing(Exception):
    """The bytes of a file are gone or not what they were. The mail is held back: never sent without it."""


def whole(file: Attachment) -> bytes:
    """The bytes of a file, if they are those that were stored. Raises FileMissing."""
    data = bytes(file.blob.data)
    if hashlib.sha256(data).hexdigest() != file.blob_id:
        raise FileMissing(f"attachment {file.pk} is not what was stored")
    return data


def _attach(mail: EmailMessage, file: Attachment) -> None:
    kind = file.content_type.split(";")[0].strip().lower()
    if not _TYPE.match(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    maintype, subtype = kind.split("/")
    data = whole(file)
    mail.add_attachment(data, maintype=maintype, subtype=subtype, filename=clean_line(file.name, 200))
