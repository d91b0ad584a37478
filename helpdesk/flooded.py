"""Mail that was suspended because too much of it came at once, bundled: by its sender, or by its ticket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from helpdesk.models import InboundEmail
from helpdesk.models.inbound import FLOOD_OF_SENDER, FLOOD_ON_TICKET, FLOODS

MOST = 100


@dataclass(frozen=True)
class Flood:
    """One bundle: of a sender, or (with `ticket`) of mails on one ticket."""

    sender: str
    ticket: int | None
    count: int
    first_at: datetime
    last_at: datetime

    @property
    def key(self) -> str:
        """Names the bundle in a form."""
        return str(self.ticket) if self.ticket else self.sender


def floods() -> list[Flood]:
    """The bundles that wait for a decision, the largest first. One query."""
    return _largest(bundles())


def from_json(rows: Iterable[dict[str, Any]]) -> list[Flood]:
    """The same, of rows of `bundles` that were read as JSON."""
    at = datetime.fromisoformat
    return _largest([row | {"first_at": at(row["first_at"]), "last_at": at(row["last_at"])} for row in rows])


def bundles() -> QuerySet[InboundEmail, Any]:
    """What is suspended, by why, sender and ticket."""
    held = InboundEmail.objects.filter(state=InboundEmail.State.SUSPENDED, reason__in=FLOODS)
    numbers = {"count": Count("pk"), "first_at": Min("received_at"), "last_at": Max("received_at")}
    return held.order_by().values("reason", "from_address", "ticket").annotate(**numbers)


def _largest(rows: Iterable[Mapping[str, Any]]) -> list[Flood]:
    return sorted(_bundled(rows), key=lambda one: -one.count)[:MOST]


def _bundled(rows: Iterable[Mapping[str, Any]]) -> list[Flood]:
    found: dict[tuple[str, int | None], Flood] = {}
    for row in rows:
        of_ticket = row["reason"] == FLOOD_ON_TICKET
        key = ("", row["ticket"]) if of_ticket else (row["from_address"], None)
        known = found.get(key)
        found[key] = Flood(
            key[0],
            key[1],
            row["count"] + (known.count if known else 0),
            min(row["first_at"], known.first_at) if known else row["first_at"],
            max(row["last_at"], known.last_at) if known else row["last_at"],
        )
    return list(found.values())


def mails_of(key: str) -> QuerySet[InboundEmail]:
    """The suspended mails of a bundle."""
    held = InboundEmail.objects.filter(state=InboundEmail.State.SUSPENDED)
    if key.isascii() and key.isdigit() and len(key) < 19:
        return held.filter(reason=FLOOD_ON_TICKET, ticket=int(key))
    return held.filter(reason=FLOOD_OF_SENDER, from_address=key)
