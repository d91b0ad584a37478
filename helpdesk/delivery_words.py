"""What became of a mail, in words for the people who wrote it. Pure: rows in, words out.

The reasons that a mail server gives are read by their enhanced status codes (RFC 3463, in the registry of
RFC 5248), else by the kind of the basic code (RFC 5321 4.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Delivery

State, Reason = Delivery.State, Delivery.Reason

PATIENCE = timedelta(minutes=1)
"""A mail that waits for less is on its way: nobody needs to be told."""

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")

_BY_DETAIL: dict[str, Promise] = {
    "1.1": gettext_lazy("this mailbox does not exist"),
    "1.2": gettext_lazy("the part after “@” does not exist"),
    "1.3": gettext_lazy("this is not a valid address"),
    "1.6": gettext_lazy("this mailbox has moved away"),
    "1.8": gettext_lazy("the receiving server does not trust our sending address"),
    "1.10": gettext_lazy("this domain takes no mail"),
    "2.1": gettext_lazy("this mailbox is switched off"),
    "2.2": gettext_lazy("the mailbox is full"),
    "2.3": gettext_lazy("the mail is too large for this mailbox"),
    "3.4": gettext_lazy("the mail is too large for the receiving server"),
    "4.1": gettext_lazy("the receiving server does not answer"),
    "4.4": gettext_lazy("no mail server was found for this address"),
    "4.6": gettext_lazy("the mail goes round in circles between servers"),
    "4.7": gettext_lazy("it was tried for too long"),
    "7.1": gettext_lazy("the receiving server refuses our mail by its rules"),
    "7.26": gettext_lazy("the receiving server could not check that the mail is ours (SPF, DKIM)"),
}
_BY_SUBJECT: dict[str, Promise] = {
    "1": gettext_lazy("something is wrong with the address"),
    "2": gettext_lazy("the mailbox cannot take it"),
    "3": gettext_lazy("the receiving system cannot take it"),
    "4": gettext_lazy("the receiving server cannot be reached"),
    "5": gettext_lazy("the servers did not understand each other"),
    "6": gettext_lazy("the receiving server does not like the content"),
    "7": gettext_lazy("the receiving server refuses our mail by its rules"),
}
_OF_OURS: dict[str, Promise] = {
    Reason.BAD_ADDRESS: gettext_lazy("this is not a usable address"),
    Reason.RENDERING: gettext_lazy("the mail could not be written"),
    Reason.FILE_MISSING: gettext_lazy("a file is missing or damaged here"),
}


def plain_reason(row: Delivery) -> str:
    """Why it did not arrive or still waits, without codes; "" where nothing is known."""
    if row.reason in _OF_OURS:
        return str(_OF_OURS[row.reason])
    why = _read(row.last_error)
    if row.reason == Reason.GAVE_UP:
        return (
            _("tried for too long; last: %(why)s") % {"why": why} if why else _("it was tried for too long")
        )
    if row.reason and row.reason != Reason.REFUSED:
        return str(Reason(row.reason).label)
    return why or (_("the receiving server refused it") if row.state == State.FAILED else "")


def _read(said: str) -> str:
    """What a server's answer, or the failure of the line to it, means."""
    if not said:
        return ""
    if found := _ENHANCED.search(said):
        detail = f"{found[2]}.{found[3]}"
        if detail in _BY_DETAIL or found[2] in _BY_SUBJECT:
            return str(_BY_DETAIL.get(detail) or _BY_SUBJECT[found[2]])
    if found := _BASIC.search(said):
        if found[1][0] == "4":
            return _("the mail server asks us to try again later")
        return _("the mail server refused it")
    return _("our mail server cannot be reached")


@dataclass(frozen=True)
class Fact:
    """What became of one mail. `kind`: sent, waiting, trouble (somebody should look) or quiet."""

    delivery: Delivery
    kind: str
    title: str
    reason: str = ""
    at: datetime | None = None
    next_at: datetime | None = None

    @property
    def can_retry(self) -> bool:
        return self.kind in ("trouble", "waiting") and not self.delivery.template.startswith("account.")


def fact_of(row: Delivery, now: datetime) -> Fact:
    """What to tell about a delivery at `now` (aware, UTC)."""
    if row.state == State.SENT:
        twice = row.lost_answers > 0
        words = _("Sent, may have arrived twice") if twice else _("Sent")
        return Fact(row, "sent", words, at=row.sent_at)
    if row.state == State.FAILED:
        return Fact(row, "trouble", _("Not delivered"), plain_reason(row), row.ended_at)
    if row.state == State.HELD:
        return Fact(row, "trouble", _("Held back, not sent"), plain_reason(row), row.first_tried_at)
    if row.state == State.UNCERTAIN:
        why = _("the receiving server took it and then fell silent")
        if row.ended_at is None:
            return Fact(row, "trouble", _("May have arrived, is sent once more"), why, None, row.send_at)
        if row.lost_answers > 1:
            return Fact(row, "trouble", _("May have arrived twice"), why, row.ended_at)
        return Fact(row, "trouble", _("May have arrived"), why, row.ended_at)
    if row.state in (State.SUPPRESSED, State.COLLECTED):
        words = plain_reason(row) if row.reason else str(State(row.state).label)
        return Fact(row, "quiet", _("Not sent"), words, row.ended_at)
    since = row.first_tried_at or row.send_at
    if now - since < PATIENCE:
        return Fact(row, "quiet", _("On its way"), at=since)
    return Fact(row, "waiting", _("Not sent yet, waiting since"), plain_reason(row), since, _next(row, now))


def _next(row: Delivery, now: datetime) -> datetime | None:
    return row.send_at if row.send_at > now and row.state == State.RETRYING else None
