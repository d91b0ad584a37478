"""Mail that did not arrive: one list of it, and on its ticket the ways to send it again."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import outbox
from helpdesk.delivery_words import fact_of
from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket, see_other, tell
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.rail import rail
from helpdesk.desk.views.ticket import ticket_page
from helpdesk.models import Delivery
from tickets import actions

PAGE = 50


@desk_view()
def undelivered(request: HttpRequest) -> HttpResponse:
    """What failed, is uncertain, held back or waits for over an hour, the newest first; 50 a page."""
    user: Any = request.user
    rows = outbox.stuck_for(user).select_related("event__ticket", "recipient").defer("secret")
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found, now = list(rows[: PAGE + 1]), timezone.now()
    context = {
        "area": "undelivered",
        "facts": [fact_of(row, now) for row in found[:PAGE]],
        "after": found[PAGE - 1].pk if len(found) > PAGE else "",
        "is_first": not after,
        "size": PAGE,
        "once": uuid.uuid4().hex,
        "rail_items": rail(request, "undelivered"),
    }
    return render(request, "desk/undelivered.html", context)


@desk_view("POST")
def retry(request: HttpRequest, number: int, delivery: int) -> HttpResponse:
    """Send the mail once more; `address` sends it to another address of the same person."""
    user: Any = request.user
    row = _find(request, number, delivery)
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
    if request.POST.get("from") == "list":
        return see_other(reverse("desk:undelivered"))
    return see_other(with_view(request, number) + f"#message-{row.message_id}")


@desk_view("POST")
def dismiss(request: HttpRequest, number: int, delivery: int) -> HttpResponse:
    """Take the mail off the list; what still waits is given up."""
    user: Any = request.user
    try:
        outbox.dismiss(_find(request, number, delivery), by=user)
    except actions.NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    tell(request, _("Taken off the list"))
    return see_other(reverse("desk:undelivered"))


def _find(request: HttpRequest, number: int, delivery: int) -> Delivery:
    row = outbox.deliveries_of(find_ticket(request, number)).filter(pk=delivery).first()
    if row is None:
        raise NoSuchTicket
    return row
