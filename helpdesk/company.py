"""The company as every face shows it: its name and logo, and the team that gets what nobody else claims."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from helpdesk.models import Company
from tickets.models import Team, User


def company() -> Company:
    """The one row, or its defaults while nobody has saved the settings yet."""
    return Company.objects.filter(pk=1).first() or Company(pk=1)


def company_of(request: HttpRequest) -> Company:
    """The same, asked once a request."""
    known: Company | None = getattr(request, "_company", None)
    if known is None:
        reader = getattr(request, "_cached_user", None)  # where somebody was asked for, and not before
        known = getattr(reader, "_company", None) or company()
        request._company = known  # type: ignore[attr-defined]
    return known


def remember_company(person: User, row: Company) -> None:
    """What `company_of` is to answer for a request of that person: the row that was read with them."""
    person._company = row  # type: ignore[attr-defined]


def logo_path(row: Company) -> str | None:
    """Where the logo is served; the path changes with the picture, so that it may be kept for long."""
    return reverse("logo", args=[row.logo_id[:16]]) if row.logo_id and row.logo_type else None


def logo(request: HttpRequest, mark: str) -> HttpResponse:
    """The logo's bytes, which were made by ourselves (re-encoded) when it was uploaded."""
    row = company()
    if row.logo is None or not row.logo.pk.startswith(mark) or not row.logo_type.startswith("image/"):
        raise Http404
    response = HttpResponse(bytes(row.logo.data), content_type=row.logo_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def team_for_new_tickets() -> Team | None:
    """The team for tickets without an address of ours: the company's choice, else the oldest active one."""
    chosen = company().default_team
    if chosen is not None and chosen.is_active:
        return chosen
    return Team.objects.filter(is_active=True).order_by("pk").first()
