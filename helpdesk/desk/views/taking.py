"""Taking the next ticket from the queue."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from duty import queries
from duty.actions import take_next as take_next_ticket
from helpdesk.desk.base import desk_view, see_other, tell
from helpdesk.desk.rail import view_path
from helpdesk.once import once
from tickets.actions import NotAllowed
from tickets.queries import in_view


@desk_view("POST")
def take_next(request: HttpRequest) -> HttpResponse:
    """The most urgent ticket that nobody owns becomes the reader's. A button pressed twice takes one."""
    user: Any = request.user

    def take() -> int:
        ticket = take_next_ticket(user)
        return ticket.pk if ticket else 0

    try:
        number, repeated = once(f"user:{user.pk}", f"take-next:{_token(request)}", b"", take)
    except NotAllowed as refusal:
        tell(request, str(refusal))
        return see_other(reverse("desk:queue"))
    if not number:
        tell(request, nothing_to_take(user))
        return see_other(view_path("mine"))
    if not repeated:
        tell(request, _("It is yours"), reverse("desk:assign", args=[number]) + "?to=0")
    return see_other(f"{reverse('desk:ticket', args=[number])}?view=mine#latest")


def _token(request: HttpRequest) -> str:
    return request.POST.get("once", "")[:64] or uuid.uuid4().hex


def nothing_to_take(user: Any) -> str:
    """That nothing waits in the reader's teams, and what waits elsewhere."""
    said = [_("No ticket waits for somebody in your teams.")]
    if own := in_view(user, "mine").count():
        said.append(
            ngettext("%(number)s open ticket is yours.", "%(number)s open tickets are yours.", own)
            % {"number": own}
        )
    if elsewhere := queries.waiting_elsewhere(user):
        teams = ", ".join(f"{name} {number}" for name, number in elsewhere)
        said.append(_("Waiting in other teams: %(teams)s.") % {"teams": teams})
    return " ".join(said)
