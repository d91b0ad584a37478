"""The company as its customers meet it: name, logo, addresses; and the texts that agents insert."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import languages, logos
from helpdesk.contrast import COLOUR
from helpdesk.models import Company, SavedReply, SupportAddress, TeamLook
from sla.actions import install_defaults
from tickets.actions import NewFile, demand_administrator
from tickets.actions.base import keep_blobs
from tickets.events import record
from tickets.models import Blob, Team, User
from tickets.models.people import normalize_address
from tickets.text import clean_line, clean_text

THE_ONE = 1
"""Primary key of the company's row."""


def edit_company(*, by: User | None, at: datetime | None = None, **fields: Any) -> Company:
    """Change name, time_zone, language, default_team, accent or footer. Raises ValueError for an empty name,
    a language that is not spoken here or a colour that is none.

    Office hours in the company's zone and standard targets are there from the first time on.
    """
    demand_administrator(by)
    _demand_known(fields, "name", "time_zone", "language", "default_team", "accent", "footer")
    if fields.get("accent"):
        fields["accent"] = _coloured(fields["accent"])
    if "footer" in fields:
        fields["footer"] = clean_text(fields["footer"]).strip()
    if "name" in fields:
        fields["name"] = _named(fields["name"])
    if "language" in fields and not languages.spoken(fields["language"]):
        raise ValueError(fields["language"])
    with transaction.atomic():
        row = _edit_company(fields, by=by, at=at)
        install_defaults(by=by, zone=row.time_zone, at=at)
        return row


def set_logo(data: bytes, *, by: User | None, at: datetime | None = None) -> Company:
    """Show this picture (PNG, JPEG or WebP) wherever the company is named. Raises `logos.BadLogo`."""
    demand_administrator(by)
    picture = logos.square(data)
    with transaction.atomic():
        digest = hashlib.sha256(picture).hexdigest()
        Blob.objects.bulk_create(
            [Blob(sha256=digest, size=len(picture), data=picture)], ignore_conflicts=True
        )
        return _edit_company({"logo_id": digest, "logo_type": "image/png"}, by=by, at=at)


def remove_logo(*, by: User | None, at: datetime | None = None) -> Company:
    demand_administrator(by)
    return _edit_company({"logo_id": None, "logo_type": ""}, by=by, at=at)


def _edit_company(fields: dict[str, Any], *, by: User | None, at: datetime | None) -> Company:
    with transaction.atomic():
        Company.objects.bulk_create([Company(pk=THE_ONE)], ignore_conflicts=True)
        row = Company.objects.select_for_update().get(pk=THE_ONE)
        changed = _write(row, fields)
        if changed:
            record("company.edited", subject=row, by=by, at=at, data={"fields": changed})
        return row


def create_address(
    address: str,
    team: Team,
    *,
    by: User | None,
    name: str = "",
    signature: str = "",
    at: datetime | None = None,
) -> SupportAddress:
    """Mail to this address goes to `team`, whose mail comes from it. Raises ValueError if it is taken."""
    demand_administrator(by)
    with transaction.atomic():
        company = Company.objects.filter(pk=THE_ONE).first() or Company()
        install_defaults(by=by, zone=company.time_zone, at=at)  # no mail without a clock
        row = SupportAddress.objects.create(
            address=_free_address(address, None),
            team=team,
            name=clean_line(name, 100),
            signature=clean_text(signature),
        )
        record("address.created", subject=row, by=by, at=at, data={"address": row.pk, "team": team.pk})
        return row


def edit_address(
    row: SupportAddress, *, by: User | None, at: datetime | None = None, **fields: Any
) -> SupportAddress:
    """Change address, team, name, signature or is_active. Raises ValueError for a taken address."""
    demand_administrator(by)
    _demand_known(fields, "address", "team", "name", "signature", "is_active")
    with transaction.atomic():
        row = SupportAddress.objects.select_for_update().get(pk=row.pk)
        if "address" in fields:
            fields["address"] = _free_address(fields["address"], row)
        changed = _write(row, fields)
        if changed:
            data = {"address": row.pk, "fields": changed}
            record("address.edited", subject=row, by=by, at=at, data=data)
        return row


def create_saved_reply(
    title: str,
    text: str,
    *,
    by: User | None,
    team: Team | None = None,
    folder: str = "",
    at: datetime | None = None,
) -> SavedReply:
    """A text that agents of `team` (None: all) insert. Raises ValueError when title or text is empty."""
    demand_administrator(by)
    with transaction.atomic():
        row = SavedReply.objects.create(
            title=_titled(title), text=_worded(text), team=team, folder=clean_line(folder, 60)
        )
        record("saved_reply.created", subject=row, by=by, at=at, data={"saved_reply": row.pk})
        return row


def edit_saved_reply(
    row: SavedReply, *, by: User | None, at: datetime | None = None, **fields: Any
) -> SavedReply:
    """Change title, text, folder or team."""
    demand_administrator(by)
    _demand_known(fields, "title", "text", "team", "folder")
    if "folder" in fields:
        fields["folder"] = clean_line(fields["folder"], 60)
    if "title" in fields:
        fields["title"] = _titled(fields["title"])
    if "text" in fields:
        fields["text"] = _worded(fields["text"])
    with transaction.atomic():
        row = SavedReply.objects.select_for_update().get(pk=row.pk)
        if _write(row, fields):
            record("saved_reply.edited", subject=row, by=by, at=at, data={"saved_reply": row.pk})
        return row


def count_use(row: SavedReply, *, at: datetime | None = None) -> None:
    """Somebody inserted it. A figure for whoever tidies the list: no event."""
    SavedReply.objects.filter(pk=row.pk).update(uses=F("uses") + 1, used_at=at or timezone.now())


def delete_saved_reply(row: SavedReply, *, by: User | None, at: datetime | None = None) -> None:
    """Gone for the composers; what was sent with it stays."""
    demand_administrator(by)
    with transaction.atomic():
        found = SavedReply.objects.select_for_update().filter(pk=row.pk).first()
        if found is not None:
            record("saved_reply.deleted", subject=found, by=by, at=at, data={"saved_reply": found.pk})
            found.delete()


def edit_team_look(
    team: Team, *, by: User | None, logo: bytes | None = None, at: datetime | None = None, **fields: Any
) -> TeamLook:
    """Change how a team's mails look: sender, accent, footer, logo_choice; `logo` is a new picture.

    Raises ValueError for a sender of another team, a colour that is none, and a logo that is missing.
    """
    demand_administrator(by)
    _demand_known(fields, "sender", "accent", "footer", "logo_choice")
    sender = fields.get("sender")
    if sender is not None and (sender.team_id != team.pk or not sender.is_active):
        raise ValueError(_("This address is not one of the team’s."))
    if fields.get("accent"):
        fields["accent"] = _coloured(fields["accent"])
    if "footer" in fields:
        fields["footer"] = clean_text(fields["footer"]).strip()
    picture = logos.square(logo) if logo else None
    with transaction.atomic():
        TeamLook.objects.bulk_create([TeamLook(team=team)], ignore_conflicts=True)
        row = TeamLook.objects.select_for_update(of=("self",)).get(team=team)
        if picture is not None:
            fields["logo_id"] = keep_blobs([NewFile("logo.png", picture)])[0]
        choice = fields.get("logo_choice", row.logo_choice)
        if choice == TeamLook.Logo.OWN and not (fields.get("logo_id") or row.logo_id):
            raise ValueError(_("Choose a picture for the team’s own logo."))
        if changed := _write(row, fields):
            data = {"team": team.pk, "fields": changed}
            record("team.edited", subject=team, by=by, at=at, data=data)
        return row


def _write(row: models.Model, fields: dict[str, Any]) -> list[str]:
    """Write the fields that differ; returns their names."""
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, fields[name])
    if changed:
        row.save(update_fields=changed)
    return changed


def _free_address(address: str, own: SupportAddress | None) -> str:
    """The address as we keep it, when nobody else has it."""
    found = normalize_address(address)
    if found is None or "+" in found.partition("@")[0]:
        raise ValueError(_("Enter an address without “+”, such as support@example.com."))
    others = SupportAddress.objects.exclude(pk=own.pk) if own else SupportAddress.objects.all()
    if others.filter(address=found).exists():
        raise ValueError(_("This address is on the list already."))
    if User.objects.filter(email=found).exists():
        raise ValueError(_("This is the address of a person here. Mail to it would come back to us."))
    return found


def _named(name: str) -> str:
    found = clean_line(name, 100)
    if not found:
        raise ValueError(_("Enter a name."))
    return found


def _titled(title: str) -> str:
    found = clean_line(title, 100)
    if not found:
        raise ValueError(_("Enter a title."))
    return found


def _worded(text: str) -> str:
    found = clean_text(text).strip()
    if not found:
        raise ValueError(_("Enter the text."))
    return found


def _coloured(colour: str) -> str:
    if not COLOUR.fullmatch(colour):
        raise ValueError(_("Enter a colour such as #1f5fbf."))
    return colour.lower()


def _demand_known(fields: dict[str, Any], *known: str) -> None:
    if unknown := fields.keys() - set(known):
        raise ValueError(f"not editable: {sorted(unknown)}")
