"""What each mail says, to whom and as whom: one function a template. Styling and MIME are `compose`'s."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from feedback import queries as surveys
from helpdesk import sealed
from helpdesk.accounts.invitations import JOIN_FOR, join_link
from helpdesk.mail import follow_ups, outside, report_letters, staff_letters
from helpdesk.mail.letter import (
    GENERATED,
    REPLIED,
    Letter,
    NotForCustomers,
    NotToBeSent,
    NotYet,
    PublicWords,
    addressed_to,
    link,
    quoted,
    sender_for,
    signature,
    ticket_of,
    written_by,
)
from helpdesk.mail.to_customers import about_nothing, customers_letter
from helpdesk.models import Delivery, SupportAddress
from helpdesk.wording.look import look_of
from helpdesk.wording.rendering import day, day_time
from sla import queries as clocks
from tickets.models import Follower, Speaker, Ticket, User

__all__ = ["LETTERS", "NotForCustomers", "PublicWords", "letter_of"]

AGAIN = "Re: "
"""Before the subject of what answers (RFC 5322 3.6.5); mail programs know no translation of it."""


def letter_of(row: Delivery) -> Letter:
    """What a claimed delivery says, in the current language. Raises NotToBeSent."""
    write = _account if row.template.startswith("account.") else LETTERS[row.template]
    return write(row)


# --- to customers -------------------------------------------------------------------------------------


def _replied(row: Delivery) -> Letter:
    message = row.message
    if message is None or message.withdrawn_at:
        raise NotToBeSent(Delivery.Reason.WITHDRAWN)
    if message.visible_at > timezone.now():
        raise NotYet
    return _reply_letter(row, ticket_of(row), PublicWords(message))


def _reply_letter(row: Delivery, ticket: Ticket, words: PublicWords) -> Letter:
    """Our words to somebody who takes part: first the words, then signature, link and what they answer."""
    person = row.recipient
    assert person is not None
    sender = sender_for(ticket.team)
    author = words.author
    letter = customers_letter(
        row,
        ticket,
        sender,
        prefix=AGAIN,
        sender_name=written_by(author, sender),
        automatic=GENERATED if words.message.by == Speaker.BOT else "",
        cc=_in_copy(ticket, person),
        files=words.files(),
    )
    if ticket.spoke_first == Speaker.AGENT and not letter.thread.parent:
        letter.prefix = ""
    before = _quoted(ticket, person, words)
    letter.values |= {
        "answer": words,
        "agent": author.first_name if author is not None else "",
        "signature": signature(sender, author),
        "quote": quoted(before) if before else "",
    }
    return letter


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


def _received(row: Delivery) -> Letter:
    """The acknowledgement. While nobody has proven the address, nothing of what its mail said is repeated."""
    ticket = ticket_of(row)
    person = row.recipient
    assert person is not None
    proven = person.proven_at is not None
    until = aim(ticket)
    letter = customers_letter(
        row,
        ticket,
        sender_for(ticket.team),
        prefix=AGAIN if proven else "",
        automatic=REPLIED,
        values={"aim": day_time(until) if until else ""},
    )
    if not proven:
        letter.values["subject"] = _("We have your message")
    return letter


def aim(ticket: Ticket) -> datetime | None:
    """Until when we promise the first answer, where a policy does and the time is still to come."""
    due_at = clocks.public_target(ticket)
    return due_at if due_at is not None and due_at > timezone.now() else None


def _survey(row: Delivery) -> Letter:
    assert row.event is not None
    asked = surveys.invitation(row.event.data["survey"])
    if asked is None:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    ticket = asked["ticket"]
    letter = about_nothing(row) if ticket is None else customers_letter(row, ticket, sender_for(ticket.team))
    subject, stop = asked["subject"], link(asked["stop_path"])
    request = _("“%(subject)s”") % {"subject": subject} if subject else ""
    letter.values |= {
        "question": asked["question"],
        "choices": [(str(one.value), one.word, link(one.path)) for one in asked["choices"]],
        "closes": day(asked["expires_at"]),
        "asked": day(asked["invited_at"]),
        "stop_link": stop,
    }
    if ticket is not None:
        letter.values["request"] = request or _("Your request %(reference)s") % letter.values
    letter.unsubscribe = stop
    return letter


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
    to_stranger = template in ("account.unknown", "account.confirm_ticket")
    return Letter(
        template=template,
        to=row.recipient,
        address=row.address,
        sender_name=sender.name,
        box=sender.box.address,
        look=look_of(None),
        values=addressed_to(None if to_stranger else row.recipient)
        | {"company": sender.company.name}
        | words,
    )


LETTERS: dict[str, Callable[[Delivery], Letter]] = {
    "ticket.replied": _replied,
    "ticket.received": _received,
    "survey.invited": _survey,
    "survey.effort": _survey,
    "survey.recommend": _survey,
    "survey.reminded": _survey,
    **{f"followup.{kind}": follow_ups.letter for kind in follow_ups.KINDS},
    "side_talk.written": outside.written,
    "side_talk.heard": staff_letters.from_outside,
    "side_talk.undelivered": staff_letters.from_outside,
    "ticket.opened": staff_letters.news,
    "ticket.answered": staff_letters.news,
    "ticket.assigned": staff_letters.news,
    "ticket.mentioned": staff_letters.mentioned,
    "sla.warned": staff_letters.promises,
    "sla.breached": staff_letters.promises,
    "delivery.failed": staff_letters.news,
    "delivery.delayed": staff_letters.delayed,
    "draft.cancelled": staff_letters.draft_cancelled,
    "survey.scored_low": staff_letters.low_score,
    "case.assigned": staff_letters.case,
    "case.late": staff_letters.case,
    "person.invited": _invited,
    "report.digest": report_letters.digest,
}
"""Template → the function that writes it. Every template that `helpdesk.notify` names is here (a test)."""
