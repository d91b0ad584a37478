"""How a team's mails look: its colour, its logo, the lines at its foot."""

from __future__ import annotations

from helpdesk.company import company
from helpdesk.models import TeamLook
from helpdesk.wording.rendering import Look
from tickets.models import Blob, Team

LOGO_ID = "logo@helpdesk"
"""Content-ID of the logo (RFC 2392): it travels in the mail, nothing is fetched."""


def look_of(team: Team | None) -> Look:
    """The look of a team's mails to customers; without a choice, words alone."""
    row = TeamLook.objects.filter(team=team).select_related("logo").first() if team is not None else None
    if row is None:
        return Look()
    logo = _logo(row)
    return Look(
        accent=row.accent,
        footer=[line.strip() for line in row.footer.strip().splitlines()],
        logo=LOGO_ID if logo is not None else "",
        logo_words=team.name if team is not None else "",
        logo_data=bytes(logo.data) if logo is not None else b"",
    )


def _logo(row: TeamLook) -> Blob | None:
    if row.logo_choice == TeamLook.Logo.OWN:
        return row.logo
    return company().logo if row.logo_choice == TeamLook.Logo.COMPANY else None
