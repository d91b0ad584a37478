"""From a delivery to the bytes that travel: text and HTML from one template, headers, attachments.

Each `templates/mail/<template>.jinja` is rendered twice, with the macros of `_kit.txt.jinja` and of
`_kit.html.jinja`, so that both parts say the same; the text part is complete alone.
"""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from django.conf import settings
from django.template.defaultfilters import linebreaks_filter, urlize
from django.utils import timezone, translation
from django.utils.dateformat import format as date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpdesk.company import company
from helpdesk.mail import letters, tokens
from helpdesk.mail.anchor import ANCHOR_ID, ANCHOR_TEXT
from helpdesk.mail.letter import REPLIED, Letter, NotToBeSent, NotYet
from helpdesk.mail.smtp import Envelope
from helpdesk.models import Delivery
from helpdesk.words import file_size
from tickets.models import Attachment, User
from tickets.text import clean_line

__all__ = ["NotToBeSent", "NotYet", "subject_of", "write"]

TEMPLATES = Path(settings.ROOT) / "helpdesk" / "templates"
HTML_BYTES = 90_000
"""Gmail cuts a mail at 102 kB of HTML and hides the rest."""
TEXT_IN_HTML = 40_000
QUOTE_SIGNS = 4_000
_TYPE = re.compile(r"^[\w.+-]{1,60}/[\w.+-]{1,100}$", re.ASCII)
_POLICY = policy.SMTP.clone(max_line_length=900)  # shorter lines would break long ids apart (RFC 2047 words)


def write(row: Delivery) -> Envelope:
    """The finished mail of a claimed delivery, in its reader's language and zone.

    Raises NotToBeSent and NotYet.
    """
    person, us = row.recipient, company()
    with (
        translation.override(_language(person)),
        timezone.override(_zone(person) or us.time_zone),
    ):
        letter = letters.letter_of(row)
        mail = _mime(letter, row)
    return Envelope(_senders(letter, row), row.address, mail.as_bytes(policy=_POLICY))


def subject_of(content: bytes) -> str:
    """The readable subject of a finished mail."""
    head = content.split(b"\r\n\r\n", 1)[0]
    return clean_line(str(message_from_bytes(head, policy=policy.default).get("Subject", "")), 998)


def _language(person: User | None) -> str:
    known = dict(settings.LANGUAGES)
    wanted = person.language if person else ""
    return wanted if wanted in known else settings.LANGUAGE_CODE


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
    for name, value in _headers(letter, row).items():
        mail[name] = value
    parts, left_out = _within_limit(letter.files)
    letter.context |= {"files_left_out": [(file.name, file_size(file.blob.size)) for file in left_out]}
    mail.set_content(render(letter, "txt"), cte="quoted-printable")
    mail.add_alternative(html_of(letter), subtype="html", cte="quoted-printable")
    for file in parts:
        _attach(mail, file)
    return mail


def _headers(letter: Letter, row: Delivery) -> dict[str, Any]:
    name = letter.to.name if letter.to is not None else ""
    headers: dict[str, Any] = {
        "From": _address(letter.sender_name, letter.box),
        "To": _address(name, row.address),
        "Subject": clean_line(letter.subject, 400),
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


# --- words --------------------------------------------------------------------------------------------


def render(letter: Letter, form: str) -> str:
    """The letter as `txt` or `html`, by the same template."""
    environment = _environment(form)
    kit = environment.get_template(f"mail/_kit.{form}.jinja").make_module({})
    template = f"mail/{letter.template}.jinja"
    if form == "txt":
        body = environment.get_template(template).render(kit=kit, **letter.context)
        return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"
    return environment.get_template("mail/_frame.html.jinja").render(
        **letter.context,
        kit=kit,
        template=template,
        lang=translation.get_language(),
        rtl=translation.get_language_bidi(),
        title=letter.subject,
        anchor_id=ANCHOR_ID,
        anchor_text=ANCHOR_TEXT,
    )


def html_of(letter: Letter) -> str:
    """The HTML part with its styles inlined, below the size at which mail programs cut."""
    html = _inliner().inline(render(letter, "html"))
    if len(html.encode()) <= HTML_BYTES:
        return html
    letter.context |= {"quoted": None, "cut_at": TEXT_IN_HTML}
    while len((html := _inliner().inline(render(letter, "html"))).encode()) > HTML_BYTES:
        letter.context["cut_at"] //= 2
    return html


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        keep_at_rules=True,
        load_remote_stylesheets=False,
        extra_css=(TEMPLATES / "mail" / "_style.css").read_text(),
    )


@cache
def _environment(form: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=form == "html",  # noqa: S701 - the other form is plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext, translation.ngettext, newstyle=True
    )
    environment.filters.update(
        day=lambda at: date_format(timezone.localtime(at), _("j M")),
        day_time=_day_time,
        paragraphs=paragraphs,
        plain_paragraphs=linebreaks_filter,
        quoted=lambda text: "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines()),
        cut=cut,
    )
    environment.globals.update(quote_signs=QUOTE_SIGNS)
    return environment


def _day_time(at: Any) -> str:
    """ "Mon 23 Nov, 10:00": with the zone, since a mail is read anywhere."""
    local = timezone.localtime(at)
    return f"{date_format(local, _('D j M, H:i'))} {local.tzname() or ''}".strip()


def paragraphs(text: str) -> SafeString:
    """Our own text as HTML: paragraphs, line breaks, links that can be followed."""
    return linebreaks_filter(urlize(text))


def cut(text: str, signs: int | None) -> str:
    """At most so many characters, ended by an ellipsis."""
    return text if signs is None or len(text) <= signs else text[:signs].rstrip() + " …"
