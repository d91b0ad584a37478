"""Foreign content: attachments as downloads, mail's own HTML in a frame that can do nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket
from helpdesk.headers import SANDBOX_POLICY
from tickets import access
from tickets.models import Attachment, Message

DOWNLOAD_POLICY = "sandbox; default-src 'none'"
PAPER = (
    "<!doctype html><html><head><meta charset=utf-8><base target=_blank>"
    "<meta name=referrer content=no-referrer><style>body{{margin:12px;font:16px/1.5 system-ui,sans-serif;"
    "color:#1a1f27;background:#fff;overflow-wrap:anywhere}}img{{max-width:100%;height:auto}}</style></head><body>{}</body></html>"
)


@desk_view()
def attachment(request: HttpRequest, number: int, attachment: int) -> HttpResponse:
    """Always a download, never something that a browser would run, whatever its sender claimed it is."""
    ticket = find_ticket(request, number)
    try:
        row = access.attachments_visible_to(request.user, ticket).select_related("blob").get(pk=attachment)
    except Attachment.DoesNotExist as error:
        raise NoSuchTicket from error
    return download(row)


def download(row: Attachment) -> HttpResponse:
    """The bytes of an attachment under a type of its own and the safest headers."""
    response = HttpResponse(bytes(row.blob.data), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, row.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["Cache-Control"] = "private, no-store"
    return response


@desk_view()
def message_html(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """A mail as its sender styled it, already cleaned, under a policy that lets it run and fetch nothing."""
    ticket = find_ticket(request, number)
    try:
        row = access.messages_visible_to(request.user, ticket).exclude(html="").get(pk=message)
    except Message.DoesNotExist as error:
        raise NoSuchTicket from error
    response = HttpResponse(PAPER.format(row.html))
    response["Content-Security-Policy"] = SANDBOX_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-store"
    return response
