"""How a team's mails look: its colour, its logo, the lines at its foot."""

from __future__ import annotations

from helpdesk.company import company
from helpdesk.models import TeamLook
from helpdesk.wording.rendering import Look
from tickets.models import Blob, Team

LOGO_ID = "logo@helpdesk"
"""Content-ID of the logo (RFC 2392): it travels in the mail, nothing is fetched."""


def look_of(team: Team | None) -> Look:
    """The look of a team's mails to customers: its own colour and footer, else the company's; a logo only
    where the team chose one."""
    row = TeamLook.objects.filter(team=team).select_related("logo").first() if team is not None else None
    us = company()
    if row is None:
        return Look(accent=us.accent, footer=_lines(us.footer))
    logo = _logo(row)
    return Look(
        accent=row.accent or us.accent,
        footer=_lines(row.footer) or _lines(us.footer),
        logo=LOGO_ID if logo is not None else "",
        logo_words=team.name if team is not None else "",
        logo_data=bytes(logo.data) if logo is not None else b"",
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _logo(row: TeamLook) -> Blob | None:
    if row.logo_choice == TeamLook.Logo.OWN:
        return row.logo
    return company().logo if row.logo_choice == TeamLook.Logo.COMPANY else None
