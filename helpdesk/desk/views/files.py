"""Foreign content: attachments as downloads, mail's own HTML in a frame that can do nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from helpdesk import downloads
from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket
from tickets import access
from tickets.models import Attachment, Message


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
    ticket = find_ticket(request, number)
    try:
        row = access.messages_visible_to(request.user, ticket).exclude(html="").get(pk=message)
    except Message.DoesNotExist as error:
        raise NoSuchTicket from error
    return downloads.frame(row)
