"""Who is looking at the portal, and what they may find there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from helpdesk import guests
from helpdesk.models import GuestLink
from tickets import access
from tickets.models import Ticket, User


@dataclass(frozen=True)
class Visitor:
    """A reader of the portal: signed in, or holding guest links, or both, or neither."""

    user: User | None
    links: dict[int, GuestLink]

    @property
    def may_look(self) -> bool:
        return self.user is not None or bool(self.links)

    def speaks_as(self, ticket: Ticket) -> User:
        """In whose name this visitor writes on a ticket that they have found."""
        link = self.links.get(ticket.pk)
        if self.user is not None and (link is None or ticket.requester_id == self.user.pk):
            return self.user
        assert link is not None
        return link.person


def visitor_of(request: HttpRequest) -> Visitor:
    user = request.user if isinstance(request.user, User) else None
    return Visitor(user=user, links=guests.links_of(request))


def find_ticket(visitor: Visitor, number: int) -> Ticket:
    """The ticket of that number; Http404 alike for an unknown one and one that is not theirs to follow."""
    tickets = access.asked_by(visitor.user, visitor.links).select_related("organization")
    try:
        return tickets.get(pk=number)
    except Ticket.DoesNotExist as error:
        raise Http404 from error


def sign_in_first(request: HttpRequest, **kept: str) -> HttpResponse:
    """Lead to the sign-in and back, alike for every number. Typed words are given back."""
    target = reverse("account_request_login_code") + "?" + urlencode({"next": request.path})
    if request.method in ("GET", "HEAD"):
        return redirect(target)
    return page(request, "portal/signed_out.html", {"target": target, "kept": kept}, status=401)


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A portal page; it is kept nowhere but in the reader's browser."""
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    return response
