"""Two requests in one ticket: choose the messages, read what would happen, split them off, take it back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.neighbours import view_of, with_view
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import after, given, number_of, path
from helpdesk.desk.views.ticket import ticket_page
from helpdesk.once import KeyReused, once
from tickets import access, actions
from tickets.models import Message, Speaker, Ticket, User


@desk_view("GET", "HEAD", "POST")
def split(request: HttpRequest, number: int) -> HttpResponse:
    """The messages to choose from and what would happen; a POST lets it happen."""
    ticket = find_ticket(request, number)
    if request.method != "POST":
        return _page(request, ticket)
    by: Any = request.user
    try:
        answer, _repeated = once(
            f"user:{by.pk}",
            f"split:{given(request, 'once')[:64]}",
            _fingerprint(request),
            lambda: _do(request, ticket),
        )
    except KeyReused:
        return _page(request, ticket, _("This form was sent already. Choose again."), 409)
    except (actions.NotAllowed, ValueError) as refusal:
        status = 409 if isinstance(refusal, actions.NotAllowed) else 422
        return _page(request, find_ticket(request, number), str(refusal), status)
    new = Ticket(pk=answer["ticket"])
    words = {"new": new.pk, "number": number}
    tell(request, _("#%(new)s split off from #%(number)s") % words, path("unsplit", new))
    return see_other(after(request, new.pk))


def _do(request: HttpRequest, ticket: Ticket) -> dict[str, int]:
    by: Any = request.user
    wrote = {person.pk: person for person in _writers(_splittable(request, ticket))}
    new = actions.split(
        ticket,
        _numbers(request),
        subject=given(request, "subject"),
        requester=wrote.get(number_of(given(request, "requester"))),
        by=by,
    )
    return {"ticket": new.pk}


@desk_view("POST")
def unsplit(request: HttpRequest, number: int) -> HttpResponse:
    """Take a split back; a refusal shows the ticket with the reason."""
    ticket, by = find_ticket(request, number), request.user
    try:
        source = actions.unsplit(ticket, by=by)  # type: ignore[arg-type]
    except actions.NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    tell(request, _("#%(number)s is gone. What was said stands here as before.") % {"number": number})
    return see_other(after(request, source.pk))


def _page(request: HttpRequest, ticket: Ticket, problem: str = "", status: int = 200) -> HttpResponse:
    messages = _splittable(request, ticket)
    chosen = set(_numbers(request))
    context: dict[str, Any] = {
        "area": "queue",
        "ticket": ticket,
        "offered": [(one, one.pk in chosen) for one in messages],
        "writers": _writers(messages),
        "requester": number_of(given(request, "requester")) or ticket.requester_id,
        "subject": given(request, "subject") or ticket.subject,
        "sentences": list(_sentences(ticket)),
        "once": uuid.uuid4().hex,
        "said": problem,
        "problem": bool(problem),
        "rail_items": rail(request),
        "view": view_of(request),
        "back": with_view(request, ticket.pk),
    }
    return render(request, "desk/split.html", context, status=status)


def _splittable(request: HttpRequest, ticket: Ticket) -> list[Message]:
    """What was said and is not held back, the oldest first."""
    rows = access.messages_visible_to(request.user, ticket).filter(
        held=False, withdrawn_at=None, side_talk=None, visible_at__lte=timezone.now()
    )
    return list(rows.select_related("author").order_by("said_at", "pk"))


def _writers(messages: Iterable[Message]) -> list[User]:
    """Who wrote from the customer's side, in the order of their first words."""
    found = {
        one.author_id: one.author
        for one in messages
        if one.public and one.by == Speaker.CUSTOMER and not one.automatic and one.author
    }
    return list(found.values())


def _numbers(request: HttpRequest) -> list[int]:
    values = request.POST.getlist("message") or request.GET.getlist("message")
    return [number for value in values[:500] if (number := number_of(value))]


def _fingerprint(request: HttpRequest) -> bytes:
    return repr((_numbers(request), given(request, "subject"), given(request, "requester"))).encode()


def _sentences(ticket: Ticket) -> Iterable[str]:
    names = {"number": ticket.pk}
    yield _("A new ticket is opened with copies of what you choose. #%(number)s keeps all it has.") % names
    yield _(
        "The requester of the new ticket can read every public message that you choose. Notes stay notes."
    )
    yield _("Its clocks begin when the customer wrote the first of these messages.")
    yield _("Both tickets are linked. Nobody is told; the next answer carries the new number.")
    yield _("You can undo it as long as nobody has worked on the new ticket.")
