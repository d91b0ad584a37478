"""Foreign content: attachments as downloads, mail's own HTML in a frame that can do nothing."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from helpdesk import downloads, limits, remote_images, sanitize
from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket
from helpdesk.models import InboundEmail
from tickets import access
from tickets.models import Attachment, Message

IMAGES_AN_HOUR = 200
"""How many mails' pictures one person may have fetched in an hour."""


@desk_view()
def attachment(request: HttpRequest, number: int, attachment: int) -> HttpResponse:
    ticket = find_ticket(request, number)
    try:
        row = access.attachments_visible_to(request.user, ticket).select_related("blob").get(pk=attachment)
    except Attachment.DoesNotExist as error:
        raise NoSuchTicket from error
    return downloads.download(row)


@desk_view()
def message_html(request: HttpRequest, number: int, message: int) -> HttpResponse:
    return downloads.frame(_message(request, number, message))


@desk_view("POST")
def show_images(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """The same frame with the pictures on other hosts, fetched by us: pressing the button is the consent."""
    row = _message(request, number, message)
    if limits.wait_for("images", request.user.pk or 0, limit=IMAGES_AN_HOUR, per=timedelta(hours=1)):
        return downloads.frame(row)
    return downloads.frame(row, remote_images.fetched(sanitize.remote_images(row.html)))


@desk_view()
def original(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """The mail that a message came in by, as it was received."""
    ticket = find_ticket(request, number)
    mails = InboundEmail.objects.filter(message__in=access.messages_visible_to(request.user, ticket))
    mail = mails.filter(message=message).order_by("pk").first()
    if mail is None:
        raise NoSuchTicket
    return downloads.original(bytes(mail.raw), f"{ticket.reference}-{message}.eml")


def _message(request: HttpRequest, number: int, message: int) -> Message:
    """A message with HTML of its own that the reader may read. Raises NoSuchTicket."""
    ticket = find_ticket(request, number)
    try:
        return access.messages_visible_to(request.user, ticket).exclude(html="").get(pk=message)
    except Message.DoesNotExist as error:
        raise NoSuchTicket from error
