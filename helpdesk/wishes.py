"""What a member of the staff wants to be told of, and where: kind by channel.

What somebody chose stands in `User.preferences`, under the channel: `{"mail": {"ticket.assigned": False}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tickets.models import User

APP, MAIL = "app", "mail"
CHANNELS = (APP, MAIL)


@dataclass(frozen=True)
class Wish:
    """A kind of news in the reader's words, and by which channels somebody gets it who never chose."""

    words: Any
    app: bool = True
    mail: bool = True

    def by_default(self, channel: str) -> bool:
        return self.app if channel == APP else self.mail


WISHES: dict[str, Wish] = {
    "ticket.assigned": Wish(_("A ticket is assigned to me")),
    "ticket.mentioned": Wish(_("A colleague mentions me in a note")),
    "ticket.answered": Wish(_("A customer answers on my ticket")),
    "ticket.unowned": Wish(_("A customer answers in my team where nobody owns the ticket"), False, False),
    "ticket.opened": Wish(_("A new ticket comes into my team"), False, False),
    "side_talk.heard": Wish(_("Somebody outside answers on my ticket")),
    "sla.warned": Wish(_("A promise is due soon")),
    "sla.breached": Wish(_("A promise is late")),
    "delivery.failed": Wish(_("My reply did not arrive")),
    "delivery.delayed": Wish(_("My reply has not left for an hour")),
    "draft.cancelled": Wish(_("My reply for later was not sent")),
    "survey.scored_low": Wish(_("A customer gives my work a low score"), mail=False),
    "case.assigned": Wish(_("A recovery case is mine")),
    "case.late": Wish(_("A customer of my recovery case should have heard from us")),
}
"""Every kind of news, in the order in which they are offered. A new kind is a line here, one in
`helpdesk.notify.TELL` and, for mail, one in `helpdesk.mail.letters.LETTERS`."""


def wishes(person: User, kind: str, channel: str) -> bool:
    """What a member of the staff chose for a kind of news on a channel, else its default."""
    chosen = person.preferences.get(channel, {}).get(kind)
    return WISHES[kind].by_default(channel) if chosen is None else bool(chosen)


def wants(person: User, kind: str, channel: str) -> bool:
    """An active member of the staff who did not decline this kind there; for mail one with an address."""
    is_there = person.is_active and person.is_member and (channel == APP or bool(person.email))
    return is_there and wishes(person, kind, channel)


def as_preferences(chosen: Mapping[tuple[str, str], bool]) -> dict[str, dict[str, bool]]:
    """What somebody chose for each (kind, channel), as `User.preferences` holds it: only what differs."""
    return {
        channel: {
            kind: chosen[kind, channel]
            for kind, wish in WISHES.items()
            if chosen[kind, channel] != wish.by_default(channel)
        }
        for channel in CHANNELS
    }
