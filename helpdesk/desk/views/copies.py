"""Who else reads a reply: people in copy, changed from inside the composer without losing what was typed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.forms import ReplyForm
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.views.change import number_of
from helpdesk.desk.views.drafts import keep_typed
from helpdesk.desk.views.say import back_with_words
from tickets import actions
from tickets.models import Ticket


@desk_view("POST")
def change_copies(request: HttpRequest, number: int) -> HttpResponse:
    """Take the person `remove` out of the copies, else put the address `add` in. It holds for this reply and
    those after it."""
    ticket = find_ticket(request, number)
    if stopped := keep_typed(request, ticket):
        return stopped
    try:
        said = _change(request, ticket)
    except ValueError as refusal:
        form = ReplyForm(request.POST, request.FILES)
        return back_with_words(request, ticket, form, "reply", str(refusal), 422)
    tell(request, said)
    return see_other(with_view(request, ticket.pk) + "#composer")


def _change(request: HttpRequest, ticket: Ticket) -> str:
    user: Any = request.user
    if "remove" in request.POST:
        row = (
            ticket.followers.filter(person=number_of(request.POST["remove"])).select_related("person").first()
        )
        if row is None:
            raise ValueError(_("This person is not in copy."))
        actions.remove_follower(ticket, row.person, by=user)
        return _("%(name)s gets no more copies") % {"name": row.person}
    address = request.POST.get("add", "").strip()
    if not address:
        raise ValueError(_("Enter an email address such as priya@example.com."))
    person = actions.meet(address)
    if person.pk == ticket.requester_id:
        raise ValueError(_("%(name)s is the reader already.") % {"name": person})
    actions.accept_follower(ticket, person, by=user)
    return _("%(name)s gets copies from now on") % {"name": person.email or person}
