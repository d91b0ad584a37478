"""Saved replies: where each is offered, and the places in their words.

A place is a name in braces from `PLACES`; data, not a template language. What is put in is never read for
places again. A name that is not on the list, and one of which nothing is known, stay in the words as they
are and are named, so that whoever inserts them sees what to write by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from helpdesk.company import company
from helpdesk.models import SavedReply
from tickets.models import Ticket, User

PLACES = {
    "customer.name": _("the customer’s full name"),
    "customer.first_name": _("the customer’s first name"),
    "customer.email": _("the customer’s address"),
    "customer.organization": _("the customer’s organisation"),
    "ticket.number": _("the ticket’s number"),
    "ticket.subject": _("the ticket’s subject"),
    "team.name": _("the ticket’s team"),
    "agent.name": _("your whole name"),
    "agent.first_name": _("your first name"),
    "company.name": _("the company’s name"),
}
SHORT = {"customer": "customer.first_name", "agent": "agent.first_name", "number": "ticket.number"}
"""Earlier, shorter names, which go on working."""

EXAMPLE = {
    "customer.name": "Priya Nair",
    "customer.first_name": "Priya",
    "customer.email": "priya@customer.example",
    "customer.organization": "Nordlicht GmbH",
    "ticket.number": "1042",
    "ticket.subject": "Refund missing",
    "team.name": "Billing",
    "agent.name": "Mira Keller",
    "agent.first_name": "Mira",
    "company.name": "Acme Support",
}
MOST_OFFERED = 50
_PLACE = re.compile(r"\{([a-z][a-z_]{0,30}(?:\.[a-z_]{1,30})?)\}")


@dataclass(frozen=True)
class Filled:
    """Words with their places filled; `empty` names those of which nothing is known, `unknown` those that
    are not on the list. Both stand in `text` as they were written."""

    text: str
    empty: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def left(self) -> tuple[str, ...]:
        """What is still to be written by hand, each once, in braces."""
        return tuple(f"{{{name}}}" for name in (*self.empty, *self.unknown))


def values_for(ticket: Ticket, agent: User) -> dict[str, str]:
    """What each place holds on this ticket; "" where nothing is known."""
    customer, organization = ticket.requester, ticket.organization or ticket.requester.organization
    return {
        "customer.name": customer.name,
        "customer.first_name": customer.first_name,
        "customer.email": customer.email or "",
        "customer.organization": organization.name if organization else "",
        "ticket.number": ticket.reference,
        "ticket.subject": ticket.subject,
        "team.name": ticket.team.name,
        "agent.name": agent.name,
        "agent.first_name": agent.first_name,
        "company.name": company().name,
    }


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """The words with every known place filled from `values` (by the names in `PLACES`)."""
    empty: dict[str, None] = {}
    unknown: dict[str, None] = {}

    def put(found: re.Match[str]) -> str:
        name = SHORT.get(found[1], found[1])
        if name not in PLACES:
            unknown[found[1]] = None
            return found[0]
        if not values.get(name, "").strip():
            empty[found[1]] = None
            return found[0]
        return values[name]

    return Filled(_PLACE.sub(put, text), tuple(empty), tuple(unknown))


def offered_on(ticket: Ticket) -> QuerySet[SavedReply]:
    """The replies for the ticket's team and those for all."""
    return SavedReply.objects.filter(Q(team=None) | Q(team=ticket.team_id))


def matching(rows: QuerySet[SavedReply], words: str) -> QuerySet[SavedReply]:
    """Those whose title, folder or text has every word: hits in the title first, then the most used."""
    wanted = words.replace("\x00", " ").split()[:8]
    in_title = Q()
    for word in wanted:
        rows = rows.filter(Q(title__icontains=word) | Q(folder__icontains=word) | Q(text__icontains=word))
        in_title &= Q(title__icontains=word)
    if not wanted:
        return rows.order_by("folder", "title", "pk")
    rank = Case(When(in_title, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.order_by(rank, "-uses", "title", "pk")
