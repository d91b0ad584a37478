"""What every mail to a customer has: greeting, subject, link, thread and the address that answers go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpdesk import guests, sealed
from helpdesk.mail import tokens
from helpdesk.mail.letter import Letter, Sender, addressed_to, link, sender_for
from helpdesk.mail.threads import thread_of
from helpdesk.models import Delivery
from helpdesk.wording.look import look_of
from tickets.models import Ticket, User
from tickets.text import clean_line


def customers_letter(row: Delivery, ticket: Ticket, sender: Sender, **more: Any) -> Letter:
    """What every mail about a ticket to a customer has."""
    person = row.recipient
    assert person is not None
    box = sender.box
    link = ticket_link(row, ticket, person)
    values = addressed_to(person) | {
        "reference": ticket.reference,
        "subject": clean_line(ticket.subject, 300),
        "ticket_link": (ticket.reference, link) if link else "",
        "company": sender.name,
    }
    return Letter(
        template=row.template,
        to=person,
        address=row.address,
        sender_name=more.pop("sender_name", sender.name),
        box=box.address,
        values=values | more.pop("values", {}),
        reply_to=tokens.reply_address(box.address, ticket.pk, person.pk),
        thread=thread_of(ticket, person, without=row.pk),
        look=look_of(ticket.team),
        **more,
    )


def ticket_link(row: Delivery, ticket: Ticket, person: User) -> str:
    """Where the reader follows the ticket; "" for people in copy, who follow by mail alone.

    Who never signed in gets a link of their own that needs no sign-in, once somebody has answered or the
    address is proven. It is made once a mail: a later try carries the same.
    """
    if person.pk != ticket.requester_id:
        return ""
    answers = row.message_id is not None
    if person.is_member or person.last_login is not None or not (answers or person.proven_at):
        return link(f"/tickets/{ticket.pk}/")
    return once_a_mail(row, "ticket_link", lambda: guests.make_link(ticket, person))


def once_a_mail(row: Delivery, name: str, make: Callable[[], str]) -> str:
    """What is made for this mail alone and kept sealed until it is sent, so that every try says the same."""
    kept = sealed.unseal(row.secret) if row.secret is not None else {}
    if name not in kept:
        kept[name] = make()
        row.secret = sealed.seal(kept)
        row.save(update_fields=["secret"])
    return str(kept[name])


def about_nothing(row: Delivery) -> Letter:
    """A mail to a customer that is about no ticket; an answer to it opens one, as any mail does."""
    sender = sender_for(None)
    return Letter(
        template=row.template,
        to=row.recipient,
        address=row.address,
        sender_name=sender.name,
        box=sender.box.address,
        values=addressed_to(row.recipient) | {"company": sender.name},
    )
