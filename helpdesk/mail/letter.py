"""A mail before it is written out: who writes to whom, and the words that customers may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.company import company
from helpdesk.mail.threads import Thread
from helpdesk.models import Company, Delivery, SupportAddress, TeamLook
from helpdesk.wording.rendering import Look, day_time
from tickets.models import Attachment, Message, Team, Ticket, User
from tickets.text import clean_line

REPLIED, GENERATED = "auto-replied", "auto-generated"
"""Values of Auto-Submitted (RFC 3834 5)."""


class NotToBeSent(Exception):
    """What the mail was to say is no longer so. `reason` is one of `Delivery.Reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYet(Exception):
    """The words are still held back (the clocks of two machines differ a little)."""


class NotForCustomers(TypeError):
    """An internal note, or something else that customers never see, was given to a mail for them."""


@dataclass(frozen=True)
class PublicWords:
    """A message that customers may read. The customers' mails take nothing else, so a note cannot get in.

    Raises NotForCustomers for a note, a held, automatic, withdrawn or not yet released message.
    """

    message: Message

    def __post_init__(self) -> None:
        one = self.message
        public = one.public and not one.held and not one.automatic and one.withdrawn_at is None
        if not public or one.visible_at > timezone.now():
            raise NotForCustomers(f"message {one.pk} is not for customers")

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def fresh(self) -> str:
        """What is new in it, without what its writer quoted."""
        return self.message.fresh.strip() or self.message.text

    @property
    def author(self) -> User | None:
        return self.message.author

    @property
    def said_at(self) -> datetime:
        return self.message.said_at

    def files(self) -> list[Attachment]:
        """Its files; their bytes are fetched when they are asked for."""
        return list(self.message.attachments.order_by("pk").select_related("blob").defer("blob__data"))


@dataclass(frozen=True)
class Sender:
    """As whom we write: the address of the team, its name, the company."""

    box: SupportAddress
    company: Company

    @property
    def name(self) -> str:
        return clean_line(self.box.name or self.company.name, 100)


@dataclass
class Letter:
    """One mail before it is written out. `automatic` is "" for the words of a person.

    `values` are what its words (`helpdesk.wording`) have placeholders for; `prefix` stands before the subject
    that they make. `to_name` is the name of a reader who is nobody we know (`to` is None).
    """

    template: str
    to: User | None
    address: str
    sender_name: str
    box: str
    values: dict[str, Any] = field(default_factory=dict)
    prefix: str = ""
    automatic: str = GENERATED
    reply_to: str = ""
    cc: list[User] = field(default_factory=list)
    thread: Thread = field(default_factory=Thread)
    files: list[Attachment] = field(default_factory=list)
    unsubscribe: str = ""
    to_name: str = ""
    look: Look = field(default_factory=Look)


def box_of(team: Team | None) -> SupportAddress:
    """The address that a team's mail comes from; without one any of ours, else one of our domain."""
    ours = SupportAddress.objects.filter(is_active=True).order_by("pk")
    own = None
    if team is not None:
        chosen = TeamLook.objects.filter(team=team).values("sender")
        own = ours.filter(team=team, pk__in=chosen).first() or ours.filter(team=team).first()
    if own is None:
        first = Company.objects.filter(pk=1).values_list("default_team", flat=True).first()
        own = ours.filter(team=first).first() or ours.first()
    return own or SupportAddress(address=f"support@{settings.MAIL_DOMAIN}", team=team)


def sender_for(team: Team | None) -> Sender:
    return Sender(box_of(team), company())


def link(path: str) -> str:
    return settings.PUBLIC_URL + path


def addressed_to(person: User | None) -> dict[str, Any]:
    """The values about a mail's reader, addressed as they asked to be."""
    name = ""
    if person is not None:
        name = person.salutation or (person.first_name if person.name else "")
    return {"name": name, "greeting": _("Hello %(name)s,") % {"name": name} if name else _("Hello,")}


def written_by(author: User | None, sender: Sender) -> str:
    """As whom a person's words come: "Mira at Acme Support"."""
    if author is None or not author.name:
        return sender.name
    return _("%(first_name)s at %(company)s") % {"first_name": author.first_name, "company": sender.name}


def signature(sender: Sender, author: User | None) -> list[str]:
    """The lines below a person's words: those of the address, else the writer's name and ours."""
    if sender.box.signature.strip():
        lines = sender.box.signature.replace("{name}", author.name if author else "").strip().splitlines()
        return [line.strip() for line in lines]
    return [line for line in (author.name if author else "", sender.name) if line]


def quoted(words: PublicWords) -> tuple[str, str]:
    """The head of a quote, and its words."""
    when = {"when": day_time(words.said_at), "name": str(words.author or "")}
    head = _("On %(when)s, %(name)s wrote:") if words.author else _("On %(when)s we wrote:")
    return head % when, words.fresh


def ticket_of(row: Delivery) -> Ticket:
    assert row.event is not None
    assert row.event.ticket is not None
    return row.event.ticket
