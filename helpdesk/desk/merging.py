"""What a merge would do, said before it is done: which ticket stays, which is closed, who is told of what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, When
from django.utils.translation import gettext as _

from helpdesk.desk.clocks import NO_CHIP, Chip, due_chips
from tickets import access, finding
from tickets.models import UNRESOLVED_STATUSES, Draft, Event, Message, Ticket, User

OFFERED = 10
"""So many tickets are suggested at a time."""


@dataclass(frozen=True)
class Side:
    """One of the two tickets, with what is compared: its words, its notes and what it owes next."""

    ticket: Ticket
    words: int
    notes: int
    due: Chip


@dataclass(frozen=True)
class Preview:
    """A merge that was not done yet. `between` names the two requesters as the reader saw them."""

    stays: Side
    goes: Side
    sentences: list[str]

    @property
    def are_different_people(self) -> bool:
        return self.stays.ticket.requester_id != self.goes.ticket.requester_id

    @property
    def between(self) -> str:
        return f"{self.stays.ticket.requester_id}-{self.goes.ticket.requester_id}"


def in_order(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """The ticket that stays, then the one that is merged into it: the older stays, so nobody waits anew."""
    first, second = sorted((one, other), key=lambda ticket: (ticket.opened_at, ticket.pk))
    return first, second


def preview(one: Ticket, other: Ticket) -> Preview:
    """What merging the two would do. Three queries; both come with their requesters."""
    stays, goes = in_order(one, other)
    said = Message.objects.filter(ticket__in=(stays, goes), withdrawn_at=None).values("ticket")
    counts = {
        row["ticket"]: row
        for row in said.annotate(
            words=Count("pk", filter=Q(public=True)), notes=Count("pk", filter=Q(public=False))
        )
    }
    chips = due_chips([stays, goes])

    def side(ticket: Ticket) -> Side:
        found = counts.get(ticket.pk, {"words": 0, "notes": 0})
        return Side(ticket, found["words"], found["notes"], chips.get(ticket.pk, NO_CHIP))

    return Preview(side(stays), side(goes), list(_sentences(stays, goes)))


def _sentences(stays: Ticket, goes: Ticket) -> Iterable[str]:
    names: dict[str, Any] = {"stays": stays.pk, "goes": goes.pk, "person": goes.requester}
    yield _("#%(goes)s is closed. Whoever opens its number at the desk is led to #%(stays)s.") % names
    yield _("What was said on #%(goes)s stays there to be read, linked from #%(stays)s.") % names
    yield _("What %(person)s writes from now on arrives on #%(stays)s.") % names
    yield _("The clocks of #%(stays)s go on. Those of #%(goes)s end, neither met nor missed.") % names
    if stays.requester_id != goes.requester_id:
        yield (
            _("%(person)s is proposed for copies on #%(stays)s and gets none until somebody agrees.") % names
        )
    if Draft.objects.filter(ticket=goes, send_at__isnull=False).exists():
        yield _("The reply that waits for its time on #%(goes)s is not sent; its author is told.") % names
    yield _("You can undo it: #%(goes)s then stands for itself again.") % names


def suggested(ticket: Ticket, reader: User) -> list[Ticket]:
    """The requester's other tickets on which the reader may work: unresolved ones first, then the newest."""
    settled = Case(When(status__in=UNRESOLVED_STATUSES, then=0), default=1)
    asked = _candidates(ticket, reader).filter(requester=ticket.requester_id)
    return list(asked.annotate(settled=settled).order_by("settled", "-pk")[:OFFERED])


def found(ticket: Ticket, reader: User, words: str) -> list[Ticket]:
    """Tickets whose subject has the words: unresolved ones first, then the newest."""
    return finding.by_subject(_candidates(ticket, reader), words.split(), OFFERED)


def _candidates(ticket: Ticket, reader: User) -> QuerySet[Ticket]:
    others = access.worked_by(reader).filter(merged_into=None).exclude(pk=ticket.pk)
    return others.select_related("requester")


def merged_here(ticket: Ticket, events: Iterable[Event], reader: User) -> list[Ticket]:
    """The tickets for which this one stands now, as far as the reader may work on them."""
    numbers = [event.data["ticket"] for event in events if event.kind == "ticket.took_over"]
    if not numbers:
        return []
    return list(access.worked_by(reader).filter(pk__in=numbers, merged_into=ticket.pk).order_by("pk"))
