"""Which mails a mail of ours answers, so that mail programs show one conversation (RFC 5322, 3.6.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpdesk.models import Delivery
from tickets.models import SideTalk, Speaker, Ticket, User

MAX_REFERENCES = 20
_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{3,250}")


@dataclass(frozen=True)
class Thread:
    """Ids without angle brackets; `references` oldest first, ending with `parent`. Both empty at a start."""

    parent: str = ""
    references: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        return " ".join(f"<{one}>" for one in self.references)


def thread_of(ticket: Ticket, person: User, *, without: int = 0) -> Thread:
    """The mails about a ticket that `person` knows: theirs to us and ours to them.

    The parent is their latest mail, else our latest. A person in copy learns no id of mail that they never
    had. `without` is the delivery that is being written.
    """
    theirs = ticket.messages.filter(author=person, public=True, held=False).exclude(internet_message_id="")
    heard = list(theirs.order_by("said_at", "pk").values_list("said_at", "internet_message_id", "references"))
    ours = Delivery.objects.filter(
        event__ticket=ticket, recipient=person, state__in=(Delivery.State.SENT, Delivery.State.UNCERTAIN)
    ).exclude(pk=without)
    sent = ours.order_by("pk").values_list("created_at", "internet_message_id")
    known = sorted([(at, _clean(one)) for at, one, _refs in heard] + [(at, one or "") for at, one in sent])
    if not known:
        return Thread()
    parent = _clean(heard[-1][1]) if heard else known[-1][1]
    before = ids_in(heard[-1][2]) if heard else []
    return Thread(parent, _chain([*before, *(one for _at, one in known)], parent))


def thread_outside(talk: SideTalk, *, without: int = 0) -> Thread:
    """The mails of a side conversation, as `thread_of`: none of the ticket's own, which its reader never
    had."""
    heard = talk.messages.filter(by=Speaker.OUTSIDE, held=False).exclude(internet_message_id="")
    theirs = list(heard.order_by("said_at", "pk").values_list("said_at", "internet_message_id"))
    ours = Delivery.objects.filter(
        message__side_talk=talk, state__in=(Delivery.State.SENT, Delivery.State.UNCERTAIN)
    ).exclude(pk=without)
    sent = ours.order_by("pk").values_list("created_at", "internet_message_id")
    known = sorted([(at, _clean(one)) for at, one in theirs] + [(at, one or "") for at, one in sent])
    if not known:
        return Thread()
    parent = _clean(theirs[-1][1]) if theirs else known[-1][1]
    return Thread(parent, _chain([one for _at, one in known], parent))


def _chain(ids: list[str], parent: str) -> tuple[str, ...]:
    """Each id once, the first and the latest kept, the parent at the end."""
    unique = [one for one in dict.fromkeys(ids) if one and one != parent]
    if len(unique) >= MAX_REFERENCES:
        unique = [unique[0], *unique[-(MAX_REFERENCES - 2) :]]
    return (*unique, parent) if parent else tuple(unique)


def ids_in(references: str) -> list[str]:
    """The ids of a References header, with or without their angle brackets."""
    return _ID.findall(references.replace("<", " ").replace(">", " "))


def _clean(value: str) -> str:
    found = ids_in(value)
    return found[0] if len(found) == 1 else ""
