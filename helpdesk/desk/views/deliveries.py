"""A reply that did not arrive: send it again, or to another address."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from helpdesk import outbox
from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket, see_other, tell
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.views.ticket import ticket_page
from tickets import actions


@desk_view("POST")
def retry(request: HttpRequest, number: int, delivery: int) -> HttpResponse:
    """Send the mail once more; `address` sends it to another address of the same person."""
    user: Any = request.user
    ticket = find_ticket(request, number)
    row = outbox.deliveries_of(ticket).filter(pk=delivery).first()
    if row is None:
        raise NoSuchTicket
    address = request.POST.get("address", "").strip()
    try:
        if address and address != row.address:
            row = outbox.change_address(row, address, by=user)
        else:
            row = outbox.retry(row, by=user)
    except (actions.NotAllowed, ValueError) as refusal:
        status = 409 if isinstance(refusal, actions.NotAllowed) else 422
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=status)
    tell(request, _("Sending again to %(address)s") % {"address": row.address})
    return see_other(with_view(request, number) + f"#message-{row.message_id}")
