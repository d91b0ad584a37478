"""What the composer offers its reader: personal choices, times to send at, words to quote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from helpdesk.desk.forms import TEXT_LIMIT
from helpdesk.desk.instants import Choice, as_input, snooze_choices
from tickets import access
from tickets.models import Draft, Message, Speaker, Ticket, User


def goes_on_to_next(user: Any) -> bool:
    """Whether this agent wants the next ticket after sending, instead of staying."""
    return bool(user.preferences.get("after_sending") == "next")


@dataclass(frozen=True)
class Offers:
    """What stands in the composer beside the words."""

    times: tuple[Choice, ...]
    own_time: str
    zone: str
    has_saved: bool
    can_quote: bool
    then_next: bool
    text_limit: int
    file_limit: int


def offers(user: User, draft: Draft | None, *, has_saved: bool, can_quote: bool) -> Offers:
    times = snooze_choices(timezone.now())
    return Offers(
        times=times,
        own_time=as_input(draft.send_at if draft and draft.send_at else times[-1].at),
        zone=timezone.get_current_timezone_name(),
        has_saved=has_saved,
        can_quote=can_quote,
        then_next=goes_on_to_next(user),
        text_limit=TEXT_LIMIT,
        file_limit=settings.FILE_BYTES,
    )


def quotable(ticket: Ticket, user: User) -> Message | None:
    """The customer's newest public word, which a reply may quote; never a note."""
    theirs = access.messages_visible_to(user, ticket).filter(access.public_now(), by=Speaker.CUSTOMER)
    return theirs.order_by("-said_at", "-pk").first()


def quoted(message: Message) -> str:
    """The words as mails quote them (RFC 3676, section 4.5: each line after "> ")."""
    return "\n".join(f"> {line}".rstrip() for line in (message.fresh or message.text).strip().splitlines())
