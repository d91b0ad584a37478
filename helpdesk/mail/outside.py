"""Mail of a side conversation: what we write to somebody outside, and what comes back.

The two sides of a ticket never meet here: this mail takes our words from a side conversation alone, and of
the ticket what the customer wrote or reads, if it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from helpdesk.mail import tokens
from helpdesk.mail.letter import (
    Letter,
    NotForCustomers,
    NotToBeSent,
    NotYet,
    PublicWords,
    addressed_to,
    quoted,
    sender_for,
    signature,
    ticket_of,
    written_by,
)
from helpdesk.mail.threads import thread_outside
from helpdesk.models import Delivery
from helpdesk.wording.look import look_of
from tickets.models import Attachment, Message, SideTalk, Speaker
from tickets.text import clean_line

AGAIN = "Re: "


@dataclass(frozen=True)
class OutsideWords:
    """Our words of one side conversation. Raises NotForCustomers for everything else: a note, a reply, what
    came from outside, what is taken back."""

    message: Message

    def __post_init__(self) -> None:
        one = self.message
        if one.side_talk_id is None or one.public or one.by != Speaker.AGENT or one.withdrawn_at is not None:
            raise NotForCustomers(f"message {one.pk} is not for anybody outside")

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def talk(self) -> SideTalk:
        assert self.message.side_talk is not None
        return self.message.side_talk

    def files(self) -> list[Attachment]:
        return list(self.message.attachments.order_by("pk").select_related("blob").defer("blob__data"))


def written(row: Delivery) -> Letter:
    """Our words to the address of a side conversation, then what was chosen of the ticket, quoted."""
    message = row.message
    if message is None or message.withdrawn_at:
        raise NotToBeSent(Delivery.Reason.WITHDRAWN)
    if message.visible_at > timezone.now():
        raise NotYet
    words, ticket = OutsideWords(message), ticket_of(row)
    talk, sender = words.talk, sender_for(ticket.team)
    thread = thread_outside(talk, without=row.pk)
    return Letter(
        template=row.template,
        to=None,
        to_name=talk.name,
        address=row.address,
        sender_name=written_by(message.author, sender),
        box=sender.box.address,
        values=addressed_to(None)
        | {
            "question": words,
            "signature": signature(sender, message.author),
            "passed_on": _passed_on(row, ticket.pk),
            "name": talk.name,
            "agent": message.author.first_name if message.author else "",
            "reference": ticket.reference,
            "subject": clean_line(talk.subject, 300),
            "company": sender.name,
        },
        prefix=AGAIN if thread.parent else "",
        automatic="",
        reply_to=tokens.side_talk_address(sender.box.address, talk.pk),
        thread=thread,
        files=words.files(),
        look=look_of(ticket.team),
    )


def _passed_on(row: Delivery, ticket: int) -> list[tuple[str, str]]:
    """The messages of the ticket that the writer chose, each with who wrote it and when. Raises
    NotForCustomers for one that may not leave, whatever was recorded."""
    assert row.event is not None
    chosen = Message.objects.filter(pk__in=row.event.data["quoted"], ticket=ticket).select_related("author")
    words = [PublicWords(one) for one in chosen.order_by("said_at", "pk")]
    return [quoted(one) for one in words]
