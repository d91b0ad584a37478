"""The ticket is somebody else's request: choose whose, read what would happen, change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.neighbours import view_of, with_view
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import after, given, number_of, path
from tickets import access, actions, finding
from tickets.models import Draft, Follower, Ticket, User

OFFERED = 10
"""So many people are suggested at a time."""


@dataclass(frozen=True)
class Choice:
    """Who shall be the requester: somebody known, or a new address."""

    person: User | None
    address: str

    @property
    def name(self) -> str:
        return str(self.person) if self.person else self.address

    @property
    def field(self) -> tuple[str, str]:
        """How a link or a form names them."""
        return ("person", str(self.person.pk)) if self.person else ("address", self.address)


@desk_view("GET", "HEAD", "POST")
def change_requester(request: HttpRequest, number: int) -> HttpResponse:
    """Without `person` or `address`: people to choose from. With one: what would happen; a POST does it."""
    ticket = find_ticket(request, number)
    choice = chosen(request, ticket)
    if request.method != "POST":
        return _page(request, ticket, choice)
    if choice is None:
        return _page(request, ticket, None, _("Choose who asks."), 422)
    if given(request, "instead_of") not in ("", str(ticket.requester_id)):
        return _page(
            request, ticket, choice, _("The requester changed meanwhile. Read it again, then change it."), 409
        )
    try:
        _change(request, ticket, choice)
    except actions.NotAllowed as refusal:
        return _page(request, find_ticket(request, number), choice, str(refusal), 409)
    return see_other(after(request, number))


def _change(request: HttpRequest, ticket: Ticket, choice: Choice) -> None:
    """Do it, and say how it is undone: whoever got copies until now gets them again."""
    by: Any = request.user
    person = choice.person or actions.meet(choice.address)
    old, in_copy = ticket.requester, _accepted(ticket, person)
    fresh = actions.change_requester(ticket, person, keep=bool(given(request, "keep")), by=by)
    if fresh.requester_id != old.pk:
        query = {"view": view_of(request), "person": old.pk} | ({"keep": 1} if in_copy else {})
        words = _("%(name)s is the requester now") % {"name": person}
        tell(request, words, path("change-requester", ticket, f"?{urlencode(query)}"))


def chosen(request: HttpRequest, ticket: Ticket) -> Choice | None:
    """Whom the address or the form names. An address that somebody has is that person."""
    people = access.people_visible_to(request.user).filter(is_active=True).select_related("organization")
    address = given(request, "address")
    if actions.is_address(address):
        person = people.filter(email=address.lower()).first()
        return Choice(person, address) if person is None or person.pk != ticket.requester_id else None
    person = people.filter(pk=number_of(given(request, "person"))).exclude(pk=ticket.requester_id).first()
    return Choice(person, "") if person else None


def _page(
    request: HttpRequest, ticket: Ticket, choice: Choice | None, problem: str = "", status: int = 200
) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:254]
    found = _found(request, ticket, words) if words and not choice else []
    is_new = not choice and actions.is_address(words) and not any(one.email == words.lower() for one in found)
    context: dict[str, Any] = {
        "area": "queue",
        "ticket": ticket,
        "choice": choice,
        "sentences": list(_sentences(ticket, choice)) if choice else [],
        "said": problem,
        "problem": bool(problem),
        "search_words": words,
        "found": found,
        "new_address": words if is_new and words.lower() != ticket.requester.email else "",
        "suggested": [] if choice else _suggested(ticket),
        "rail_items": rail(request),
        "view": view_of(request),
        "back": with_view(request, ticket.pk),
    }
    return render(request, "desk/requester.html", context, status=status)


def _found(request: HttpRequest, ticket: Ticket, words: str) -> list[User]:
    people = finding.people_named(request.user, words).filter(is_active=True)
    return list(people.exclude(pk=ticket.requester_id)[:OFFERED])


def _suggested(ticket: Ticket) -> list[User]:
    """Who else has to do with the ticket: whoever spoke on it from the customer's side or is in copy."""
    spoke = ticket.messages.filter(by="customer", author__isnull=False).values("author")
    copied = ticket.followers.values("person")
    people = User.objects.filter(pk__in=spoke.union(copied), is_active=True)
    return list(
        people.exclude(pk=ticket.requester_id).select_related("organization").order_by("name")[:OFFERED]
    )


def _sentences(ticket: Ticket, choice: Choice) -> Iterable[str]:
    names: dict[str, Any] = {"new": choice.name, "old": ticket.requester, "number": ticket.pk}
    yield _("Answers go to %(new)s from now on, who may read everything public on #%(number)s.") % names
    yield _("%(old)s loses the ticket: it leaves their portal, and links in mails to them end.") % names
    company = choice.person.organization if choice.person else None
    if company is None:
        yield _("The ticket belongs to no organisation.")
    else:
        yield _("The ticket belongs to %(company)s.") % {"company": company}
    yield _(
        "If a policy asks for the customer, the promises are chosen anew. Time that passed stays counted."
    )
    if Draft.objects.filter(ticket=ticket, send_at__isnull=False).exists():
        yield _("The reply that waits for its time is not sent; its author is told.")
    yield _("Nobody is told of the change. You can undo it.")


def _accepted(ticket: Ticket, person: User) -> bool:
    return ticket.followers.filter(person=person, state=Follower.State.ACCEPTED).exists()
