"""What would have been sent, to be read where no mail server is configured (`settings.MAILBOX`).

It shows sign-in codes and every customer's mail, so it exists only where no other machine can reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.headers import SANDBOX_POLICY
from helpdesk.models import SentMail

PAGE = 50
HEADERS: tuple[str, ...] = (
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
)
HEADERS += ("Auto-Submitted", "List-Unsubscribe")

View = Callable[..., HttpResponse]


def only_here(view: View) -> View:
    """404 unless this installation keeps its mail for reading."""

    @require_safe
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, **given: Any) -> HttpResponse:
        if not settings.MAILBOX:
            raise Http404
        return view(request, **given)

    return guarded


@only_here
def index(request: HttpRequest) -> HttpResponse:
    """The newest mails first; `to` narrows them to an address, `before` is the last one seen."""
    words, before = request.GET.get("to", "").strip()[:254], request.GET.get("before", "")
    found = SentMail.objects.defer("raw").order_by("-pk")
    if words:
        found = found.filter(envelope_to__icontains=words.replace("\x00", ""))
    if before.isascii() and before.isdigit():
        found = found.filter(pk__lt=min(int(before), 2**62))
    rows = list(found[: PAGE + 1])
    older = rows[PAGE - 1].pk if len(rows) > PAGE else None
    context = {"mails": rows[:PAGE], "words": words, "older": older, "size": PAGE, "is_first": not before}
    return render(request, "mailbox/index.html", context)


@only_here
def mail(request: HttpRequest, number: int) -> HttpResponse:
    """One mail: its headers, its text, its HTML in a frame, its files."""
    row = _find(number)
    message = _parsed(row)
    context = {
        "mail": row,
        "headers": [(name, str(message[name])) for name in HEADERS if message[name]],
        "text": _body(message, "plain"),
        "has_html": message.get_body(("html",)) is not None,
        "files": [part.get_filename() or "" for part in message.iter_attachments()],
    }
    return render(request, "mailbox/mail.html", context)


@only_here
def html(request: HttpRequest, number: int) -> HttpResponse:
    """The HTML part alone, for the frame: it runs nothing and fetches nothing."""
    response = HttpResponse(_body(_parsed(_find(number)), "html"))
    response["Content-Security-Policy"] = SANDBOX_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@only_here
def raw(request: HttpRequest, number: int) -> HttpResponse:
    """The mail as it would have travelled."""
    response = HttpResponse(bytes(_find(number).raw), content_type="text/plain; charset=utf-8")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _find(number: int) -> SentMail:
    row = SentMail.objects.filter(pk=number).first() if number < 2**63 else None
    if row is None:
        raise Http404
    return row


def _parsed(row: SentMail) -> EmailMessage:
    message = message_from_bytes(bytes(row.raw), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
