"""What each mail says, to whom and as whom: one function a template. Styling and MIME are `compose`'s."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback import queries as surveys
from helpdesk import guests, sealed
from helpdesk.accounts.invitations import JOIN_FOR, join_link
from helpdesk.delivery_words import plain_reason
from helpdesk.mail import digests, tokens
from helpdesk.mail.letter import (
    GENERATED,
    REPLIED,
    Letter,
    NotForCustomers,
    NotToBeSent,
    NotYet,
    PublicWords,
    Sender,
    link,
    sender_for,
)
from helpdesk.mail.threads import Thread, thread_of
from helpdesk.models import Delivery, SupportAddress
from sla import queries as clocks
from sla.metrics import REPLIES
from tickets.models import Draft, Follower, Message, Speaker, Ticket, User
from tickets.text import clean_line

__all__ = ["LETTERS", "NotForCustomers", "PublicWords", "letter_of"]

MOST_LINES = 50
"""So many promises are named one by one in one mail; the rest is counted."""


def letter_of(row: Delivery) -> Letter:
    """What a claimed delivery says, in the current language. Raises NotToBeSent."""
    write = _account if row.template.startswith("account.") else LETTERS[row.template]
    return write(row)


# --- to customers -------------------------------------------------------------------------------------


def _customers_letter(row: Delivery, ticket: Ticket, sender: Sender, **more: Any) -> Letter:
    """What every mail about a ticket to a customer has."""
    person = row.recipient
    assert person is not None
    box = sender.box
    context = {
        "person": person,
        "reference": ticket.reference,
        "ticket_link": ticket_link(row, ticket, person),
        "us": sender.name,
    }
    return Letter(
        template=row.template,
        to=person,
        address=row.address,
        subject=more.pop("subject", ""),
        sender_name=more.pop("sender_name", sender.name),
        box=box.address,
        context=context | more.pop("context", {}),
        reply_to=tokens.reply_address(box.address, ticket.pk, person.pk),
        thread=thread_of(ticket, person, without=row.pk),
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
    if row.secret is None:
        own = guests.make_link(ticket, person)
        row.secret = sealed.seal({"ticket_link": own})
        row.save(update_fields=["secret"])
    return str(sealed.unseal(row.secret)["ticket_link"])


def _replied(row: Delivery) -> Letter:
    message = row.message
    if message is None or message.withdrawn_at:
        raise NotToBeSent(Delivery.Reason.WITHDRAWN)
    if message.visible_at > timezone.now():
        raise NotYet
    return _reply_letter(row, _ticket(row), PublicWords(message))


def _reply_letter(row: Delivery, ticket: Ticket, words: PublicWords) -> Letter:
    """Our words to somebody who takes part: first the words, then signature, link and what they answer."""
    person = row.recipient
    assert person is not None
    sender = sender_for(ticket.team)
    author = words.author
    name = sender.name
    if author is not None and author.name:
        name = _("%(first_name)s at %(company)s") % {"first_name": author.first_name, "company": name}
    letter = _customers_letter(
        row,
        ticket,
        sender,
        subject=threaded_subject(ticket),
        sender_name=name,
        automatic=GENERATED if words.message.by == Speaker.BOT else "",
        cc=_in_copy(ticket, person),
        files=words.files(),
    )
    if ticket.spoke_first == Speaker.AGENT and not letter.thread.parent:
        letter.subject = f"{clean_line(ticket.subject, 300)} [#{ticket.reference}]"
    letter.context |= {"words": words, "signature": _signature(sender, author)}
    letter.context["quoted"] = _quoted(ticket, person, words)
    return letter


def _signature(sender: Sender, author: User | None) -> list[str]:
    if sender.box.signature.strip():
        lines = sender.box.signature.replace("{name}", author.name if author else "").strip().splitlines()
        return [line.strip() for line in lines]
    return [line for line in (author.name if author else "", sender.name) if line]


def _quoted(ticket: Ticket, person: User, words: PublicWords) -> PublicWords | None:
    """The public word before ours, where the reader was party to it and may be shown it."""
    if person.proven_at is None:
        return None
    before = ticket.messages.filter(
        public=True,
        held=False,
        automatic=False,
        withdrawn_at=None,
        said_at__lte=words.said_at,
        visible_at__lte=timezone.now(),
    ).exclude(pk=words.message.pk)
    if person.pk != ticket.requester_id:
        accepted = Follower.objects.filter(ticket=ticket, person=person, state=Follower.State.ACCEPTED)
        since = accepted.values_list("accepted_at", flat=True).first()
        if since is None:
            return None
        before = before.filter(said_at__gte=since)
    last = before.order_by("-said_at", "-pk").select_related("author").first()
    return PublicWords(last) if last else None


def _in_copy(ticket: Ticket, person: User) -> list[User]:
    """Who else gets these words: everybody who takes part, without addresses of ours."""
    accepted = User.objects.filter(
        follows__ticket=ticket, follows__state=Follower.State.ACCEPTED, is_active=True
    ).exclude(email=None)
    people = [ticket.requester, *accepted.order_by("pk")]
    ours = {address.lower() for address in SupportAddress.objects.values_list("address", flat=True)}
    return [one for one in people if one.pk != person.pk and one.email and one.email not in ours]


def threaded_subject(ticket: Ticket) -> str:
    return f"Re: {clean_line(ticket.subject, 300)} [#{ticket.reference}]"


def _received(row: Delivery) -> Letter:
    """The acknowledgement. While nobody has proven the address, nothing of what its mail said is repeated."""
    ticket = _ticket(row)
    person = row.recipient
    assert person is not None
    proven = person.proven_at is not None
    plain = _("We have your message [#%(reference)s]") % {"reference": ticket.reference}
    return _customers_letter(
        row,
        ticket,
        sender_for(ticket.team),
        subject=threaded_subject(ticket) if proven else plain,
        automatic=REPLIED,
        context={"aim": aim(ticket)},
    )


def aim(ticket: Ticket) -> datetime | None:
    """Until when we promise the first answer, where a policy does and the time is still to come."""
    due_at = clocks.public_target(ticket)
    return due_at if due_at is not None and due_at > timezone.now() else None


def _survey(row: Delivery) -> Letter:
    assert row.event is not None
    asked = surveys.invitation(row.event.data["survey"])
    if asked is None:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    sender = sender_for(asked["ticket"].team)
    letter = _customers_letter(row, asked["ticket"], sender, subject=asked["question"])
    letter.context |= asked | {
        "choices": [(one.value, one.word, link(one.path)) for one in asked["choices"]],
        "stop_link": link(asked["stop_path"]),
    }
    letter.unsubscribe = letter.context["stop_link"]
    return letter


# --- to staff -----------------------------------------------------------------------------------------


def _to_staff(row: Delivery, ticket: Ticket | None = None) -> Letter:
    """News for somebody who works here: what happened, the customer's words, a link to the desk. About the
    delivery's ticket, or another one whose news it carries."""
    ticket, person, event = ticket or _ticket(row), row.recipient, row.event
    assert event is not None
    sender = sender_for(ticket.team)
    failed = _failed_delivery(event.data.get("delivery"))
    message = Message.objects.filter(pk=event.data.get("message"), ticket=ticket).first()
    return Letter(
        template=row.template,
        to=person,
        address=row.address,
        subject=f"{clean_line(ticket.subject, 300)} [#{ticket.reference}]",
        sender_name=sender.name,
        box=sender.box.address,
        context={
            "person": person,
            "ticket": ticket,
            "reference": ticket.reference,
            "ticket_link": link(f"/desk/tickets/{ticket.pk}/"),
            "actor": event.actor,
            "message": message,
            "failed": failed,
            "why": plain_reason(failed) if failed else "",
        },
        reply_to=tokens.reply_address(sender.box.address, ticket.pk, person.pk) if person else "",
        thread=thread_of(ticket, person, without=row.pk) if person else Thread(),
    )


def _delayed(row: Delivery) -> Letter:
    """A reply that does not leave; if it has left meanwhile, there is nothing to tell."""
    letter = _to_staff(row)
    late = letter.context["failed"]
    if late is None or late.ended_at is not None:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    return letter


def _draft_cancelled(row: Delivery) -> Letter:
    assert row.event is not None
    letter = _to_staff(row)
    letter.context["customer_wrote"] = row.event.data["reason"] == Draft.WhyNot.CUSTOMER_WROTE
    return letter


def _promises(row: Delivery) -> Letter:
    """One promise that comes due or is late, or all that waited to be told, in one mail."""
    items = digests.items(row)
    if not items:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    now = timezone.now()
    late = [item for item in items if item.due_at <= now]
    soon = [item for item in items if item.due_at > now]
    if len(items) == 1:
        letter = _to_staff(row, Ticket.objects.get(pk=items[0].ticket_id))
        letter.template = digests.LATE if late else digests.EARLY
        letter.context |= {"due_at": items[0].due_at, "is_reply": items[0].metric in REPLIES}
        return letter
    sender = sender_for(_ticket(row).team)
    shown = Ticket.objects.in_bulk(item.ticket_id for item in [*late[:MOST_LINES], *soon[:MOST_LINES]])
    return Letter(
        template="sla.digest",
        to=row.recipient,
        address=row.address,
        subject=_digest_subject(len(late), len(soon)),
        sender_name=sender.name,
        box=sender.box.address,
        context={
            "person": row.recipient,
            "late": [_line(item, shown) for item in late[:MOST_LINES]],
            "soon": [_line(item, shown) for item in soon[:MOST_LINES]],
            "more_late": max(0, len(late) - MOST_LINES),
            "more_soon": max(0, len(soon) - MOST_LINES),
            "queue_link": link("/desk/?view=open"),
        },
    )


def _digest_subject(late: int, soon: int) -> str:
    if not soon:
        return ngettext("%(late)d promise is late", "%(late)d promises are late", late) % {"late": late}
    if not late:
        return ngettext("%(soon)d promise is due soon", "%(soon)d promises are due soon", soon) % {
            "soon": soon
        }
    return _("%(late)d late, %(soon)d due soon") % {"late": late, "soon": soon}


def _line(item: digests.Item, tickets: dict[int, Ticket]) -> dict[str, Any]:
    return {
        "ticket": tickets[item.ticket_id],
        "due_at": item.due_at,
        "is_reply": item.metric in REPLIES,
        "link": link(f"/desk/tickets/{item.ticket_id}/"),
    }


def _failed_delivery(pk: int | None) -> Delivery | None:
    return Delivery.objects.filter(pk=pk).first() if pk else None


# --- about accounts -----------------------------------------------------------------------------------


def _invited(row: Delivery) -> Letter:
    person = row.recipient
    assert person is not None
    words = {"link": join_link(person), "hours": str(int(JOIN_FOR.total_seconds() // 3600))}
    return _account_letter(row, "account.invitation", words)


def _account(row: Delivery) -> Letter:
    if row.secret is None:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    return _account_letter(row, row.template, sealed.unseal(row.secret))


def _account_letter(row: Delivery, template: str, words: dict[str, str]) -> Letter:
    sender = sender_for(None)
    us = sender.company
    subjects = {
        "account.code": _("Your code for %(company)s"),
        "account.unknown": _("Somebody asked to sign in to %(company)s with this address"),
        "account.reset": _("Choose a new password for %(company)s"),
        "account.password_changed": _("Your password for %(company)s was changed"),
        "account.invitation": _("You are invited to %(company)s"),
        "account.confirm_ticket": _("Confirm your message to %(company)s"),
    }
    return Letter(
        template=template,
        to=row.recipient,
        address=row.address,
        subject=subjects[template] % {"company": us.name},
        sender_name=sender.name,
        box=sender.box.address,
        context={"person": row.recipient, "us": us.name, **words},
    )


def _ticket(row: Delivery) -> Ticket:
    assert row.event is not None
    assert row.event.ticket is not None
    return row.event.ticket


LETTERS: dict[str, Callable[[Delivery], Letter]] = {
    "ticket.replied": _replied,
    "ticket.received": _received,
    "survey.invited": _survey,
    "ticket.opened": _to_staff,
    "ticket.answered": _to_staff,
    "ticket.assigned": _to_staff,
    "sla.warned": _promises,
    "sla.breached": _promises,
    "delivery.failed": _to_staff,
    "delivery.delayed": _delayed,
    "draft.cancelled": _draft_cancelled,
    "person.invited": _invited,
}
"""Template → the function that writes it. Every template that `helpdesk.notify` names is here (a test)."""
