"""What mail a member of the staff wants (`User.preferences["mail"]`)."""

from __future__ import annotations

from tickets.models import User

WISHES = {"ticket.opened": False, "ticket.answered": True, "ticket.assigned": True, "sla.warned": True}
WISHES |= {
    "ticket.mentioned": True,
    "sla.breached": True,
    "delivery.failed": True,
    "delivery.delayed": True,
    "draft.cancelled": True,
    "ticket.unowned": False,
}
"""Mail to staff, and whether somebody who never chose gets it."""


def wishes_mail(person: User, kind: str) -> bool:
    """What a member of the staff chose for a kind of mail, else its default."""
    chosen = person.preferences.get("mail", {}).get(kind)
    return WISHES.get(kind, False) if chosen is None else bool(chosen)


def wants_mail(person: User, kind: str) -> bool:
    """An active member of the staff with an address, who did not decline this kind."""
    return person.is_active and person.is_member and bool(person.email) and wishes_mail(person, kind)
