"""What the mails to those who work here say: news of tickets, promises, replies that did not arrive."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback import queries as surveys
from helpdesk.delivery_words import plain_reason
from helpdesk.mail import digests, tokens
from helpdesk.mail.letter import (
    Letter,
    NotForCustomers,
    NotToBeSent,
    PublicWords,
    addressed_to,
    link,
    sender_for,
    ticket_of,
)
from helpdesk.mail.threads import Thread, thread_of
from helpdesk.models import Delivery
from helpdesk.wording.rendering import day_time
from sla.metrics import REPLIES
from tickets.models import Draft, Message, SideTalk, Ticket
from tickets.text import clean_line

MOST_LINES = 50
"""So many promises are named one by one in one mail; the rest is counted."""


def news(row: Delivery, ticket: Ticket | None = None) -> Letter:
    """News for somebody who works here: what happened, the customer's words, a link to the desk. About the
    delivery's ticket, or another one whose news it carries."""
    ticket, person, event = ticket or ticket_of(row), row.recipient, row.event
    assert event is not None
    sender = sender_for(ticket.team)
    return Letter(
        template=row.template,
        to=person,
        address=row.address,
        sender_name=sender.name,
        box=sender.box.address,
        values=addressed_to(person)
        | {
            "reference": ticket.reference,
            "subject": clean_line(ticket.subject, 300),
            "requester": str(ticket.requester),
            "company": sender.name,
            "actor": str(event.actor or sender.name),
            "link": link(f"/desk/tickets/{ticket.pk}/"),
        }
        | _about_message(event.data.get("message"), ticket)
        | _about_delivery(event.data.get("delivery")),
        reply_to=tokens.reply_address(sender.box.address, ticket.pk, person.pk) if person else "",
        thread=thread_of(ticket, person, without=row.pk) if person else Thread(),
    )


def _about_message(pk: int | None, ticket: Ticket) -> dict[str, Any]:
    """Who wrote, and what is new in it, if customers may read it too: no mail carries a note."""
    message = Message.objects.filter(pk=pk, ticket=ticket).select_related("author").first() if pk else None
    values: dict[str, Any] = {"writer": str((message and message.author) or _("A customer")), "message": ""}
    if message is not None:
        with suppress(NotForCustomers):
            values["message"] = ("", PublicWords(message).fresh)
    return values


def _about_delivery(pk: int | None) -> dict[str, Any]:
    row = Delivery.objects.filter(pk=pk).first() if pk else None
    return {
        "address": row.address if row else "",
        "reason": plain_reason(row) if row else "",
        "server_said": (row.last_error or "–") if row else "",
    }


def mentioned(row: Delivery) -> Letter:
    """Somebody was named in a note. An answer to this mail is meant for colleagues: it carries no reply
    address, so it proves nobody, is held on the ticket and becomes a note when it is accepted there."""
    letter = news(row)
    letter.reply_to = ""
    return letter


def from_outside(row: Delivery) -> Letter:
    """News of a side conversation, without its words. An answer to this mail would go to the customer: it
    carries no reply address."""
    assert row.event is not None
    letter = news(row)
    letter.reply_to = ""
    letter.values["outside"] = str(SideTalk.objects.get(pk=row.event.data["side_talk"]))
    return letter


def low_score(row: Delivery) -> Letter:
    """A low score, with what the customer wrote beside it."""
    assert row.event is not None
    answer = surveys.answer(row.event.data["answer"])
    letter = news(row)
    letter.values |= {"score": str(answer.score), "best": str(answer.survey.version.scale[1])}
    letter.values["message"] = ("", answer.comment) if answer.comment else ""
    return letter


def case(row: Delivery) -> Letter:
    """A recovery case that somebody owns now, or whose customer should have heard from us; it leads to the
    case. One that is closed meanwhile is told of no more."""
    event, ticket = row.event, ticket_of(row)
    assert event is not None
    found = surveys.case_of(event.kind, event.data, ticket)
    if found is None or found.closed_at or found.owner_id != row.recipient_id or found.survey.answer is None:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    letter, answer = news(row), found.survey.answer
    letter.values |= {"score": str(answer.score), "best": str(found.survey.version.scale[1])}
    letter.values["message"] = ("", answer.comment) if answer.comment else ""
    letter.values["link"] = link(f"/reports/cases/{found.pk}/")
    return letter


def delayed(row: Delivery) -> Letter:
    """A reply that does not leave; if it has left meanwhile, there is nothing to tell."""
    assert row.event is not None
    if not Delivery.objects.filter(pk=row.event.data["delivery"], ended_at=None).exists():
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    return news(row)


def draft_cancelled(row: Delivery) -> Letter:
    assert row.event is not None
    letter = news(row)
    because = {
        Draft.WhyNot.CUSTOMER_WROTE: _("%(requester)s wrote first"),
        Draft.WhyNot.MERGED: _("it was merged into another ticket"),
        Draft.WhyNot.SPAM: _("it was closed as spam"),
        Draft.WhyNot.DELETED: _("it was deleted"),
        Draft.WhyNot.REQUESTER: _("the requester is now %(requester)s"),
    }.get(row.event.data["reason"], _("you no longer work on it"))
    letter.values["because"] = because % letter.values
    return letter


def promises(row: Delivery) -> Letter:
    """One promise that comes due or is late, or all that waited to be told, in one mail."""
    items = digests.items(row)
    if not items:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    now = timezone.now()
    late = [item for item in items if item.due_at <= now]
    soon = [item for item in items if item.due_at > now]
    if len(items) == 1:
        letter = news(row, Ticket.objects.get(pk=items[0].ticket_id))
        letter.template = digests.LATE if late else digests.EARLY
        what = (
            _("The reply on ticket %(reference)s")
            if items[0].metric in REPLIES
            else _("Ticket %(reference)s")
        )
        letter.values |= {"what": what % letter.values, "due": day_time(items[0].due_at)}
        return letter
    sender = sender_for(ticket_of(row).team)
    shown = Ticket.objects.in_bulk(item.ticket_id for item in [*late[:MOST_LINES], *soon[:MOST_LINES]])
    return Letter(
        template="sla.digest",
        to=row.recipient,
        address=row.address,
        sender_name=sender.name,
        box=sender.box.address,
        values={
            "summary": _digest_summary(len(late), len(soon)),
            "late": _lines(late, shown, now),
            "soon": _lines(soon, shown, now),
            "link": link("/desk/?view=open"),
            "company": sender.name,
        },
    )


def _digest_summary(late: int, soon: int) -> str:
    if not soon:
        return ngettext("%(late)d promise is late", "%(late)d promises are late", late) % {"late": late}
    if not late:
        return ngettext("%(soon)d promise is due soon", "%(soon)d promises are due soon", soon) % {
            "soon": soon
        }
    return _("%(late)d late, %(soon)d due soon") % {"late": late, "soon": soon}


def _lines(
    items: list[digests.Item], tickets: dict[int, Ticket], now: datetime
) -> tuple[list[tuple[str, str]], int] | str:
    """The first promises in words with their links, and how many more there are; "" for none."""
    if not items:
        return ""
    rows = [
        (_line(item, tickets[item.ticket_id], now), link(f"/desk/tickets/{item.ticket_id}/"))
        for item in items[:MOST_LINES]
    ]
    return rows, max(0, len(items) - MOST_LINES)


def _line(item: digests.Item, ticket: Ticket, now: datetime) -> str:
    words = {"reference": ticket.reference, "when": day_time(item.due_at), "subject": ticket.subject}
    if item.metric in REPLIES:
        was = _("Ticket %(reference)s, reply was due %(when)s: %(subject)s")
        is_ = _("Ticket %(reference)s, reply is due %(when)s: %(subject)s")
    else:
        was = _("Ticket %(reference)s, was due %(when)s: %(subject)s")
        is_ = _("Ticket %(reference)s, is due %(when)s: %(subject)s")
    return (was if item.due_at <= now else is_) % words
