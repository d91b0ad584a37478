"""The mails that follow what happened: the reminder that we wait, the resolution after silence, thanks, a
word of regret, the question whether it stayed solved."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from followup import queries
from followup.models import FollowUp, Kind
from helpdesk.mail.letter import Letter, NotToBeSent, link, sender_for, signature, written_by
from helpdesk.mail.to_customers import about_nothing, customers_letter
from helpdesk.models import Delivery
from helpdesk.wording.rendering import day

KINDS = Kind.values
AGAIN = "Re: "


def letter(row: Delivery) -> Letter:
    """Any of them. Raises NotToBeSent when something else happened meanwhile."""
    assert row.event is not None
    told = queries.letter(row.event.data["followup"])
    if told is None:
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    follow_up: FollowUp = told["follow_up"]
    ticket, subject = follow_up.ticket, told["subject"]
    sender = sender_for(ticket.team if ticket else None)
    written = about_nothing(row) if ticket is None else customers_letter(row, ticket, sender)
    written.values |= _values(told, follow_up, written)
    if ticket is not None and subject and follow_up.kind in (Kind.WAITING, Kind.SILENCE):
        written.prefix = AGAIN
    elif ticket is not None and not subject:
        written.values["subject"] = written.values["request"]
    if follow_up.author is not None:
        written.sender_name = written_by(follow_up.author, sender)
        written.values |= {
            "agent": follow_up.author.first_name,
            "signature": signature(sender, follow_up.author),
        }
    return written


def _values(told: dict[str, Any], follow_up: FollowUp, written: Letter) -> dict[str, Any]:
    survey, until = follow_up.survey, told["reopen_until"]
    values: dict[str, Any] = {
        "request": _request(told["subject"], written.values.get("reference", "")),
        "asked": day(told["asked_at"]),
        "reopen_until": day(until) if until else "",
        "agent": survey.agent.first_name if survey is not None and survey.agent is not None else "",
        "signature": "",
        "ticket_link": written.values.get("ticket_link", ""),
    }
    if told["path"]:
        page = link(told["path"])
        written.unsubscribe = stop = f"{page}stop/"
        values |= {
            "solved": day(told["asked_at"]),
            "yes_link": f"{page}?stayed=yes",
            "no_link": f"{page}?stayed=no",
            "closes": day(follow_up.expires_at),
            "stop_link": stop,
        }
    return values


def _request(subject: str, reference: str) -> str:
    """What it is about; nothing of the customer's own words to an address that nobody has proven."""
    if subject:
        return _("“%(subject)s”") % {"subject": subject}
    return _("Your request %(reference)s") % {"reference": reference} if reference else _("Your request")
