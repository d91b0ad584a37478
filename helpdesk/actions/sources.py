"""Where mail is taken from: mailboxes that we read, mail providers that call us."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import targets
from helpdesk.imap import PORTS
from helpdesk.models import MailSource
from helpdesk.models.sources import SIGNED
from helpdesk.sealed import Unreadable
from tickets.actions import demand_administrator
from tickets.events import record
from tickets.models import User
from tickets.text import clean_line

PLACE = ("host", "port", "username", "folder")
"""What makes a mailbox another one: its mail is counted anew when any of it changes."""
_MAILBOX = {"name", *PLACE, "security", "sign_in", "after", "move_to", "is_active"}
_WEBHOOK = {"name", "provider", "is_active"}
_LENGTHS = {"name": 100, "host": 255, "username": 320, "folder": 255, "move_to": 255}


def add_mailbox(
    *, by: User | None, secret: dict[str, Any], at: datetime | None = None, **fields: Any
) -> MailSource:
    """Take mail from a mailbox from now on. Raises ValueError for what cannot be meant, and for a server that
    may not be connected to.

    `secret` holds `password`, or `client_id`, `client_secret`, `refresh_token` and `token_url`.
    """
    demand_administrator(by)
    row = MailSource(kind=MailSource.Kind.IMAP, **_cleaned(fields, _MAILBOX))
    _demand_reachable(row, secret)
    row.keep_secret(secret)
    with transaction.atomic():
        _demand_free(row)
        row.save()
        record("source.created", subject=row, by=by, at=at, data={"source": row.pk})
        return row


def add_webhook(
    name: str, provider: str, *, by: User | None, key: str = "", at: datetime | None = None
) -> MailSource:
    """Let a mail provider deliver by calls. `key` is the one with which it signs, where it does
    (`models.sources.SIGNED`). Raises ValueError."""
    demand_administrator(by)
    row = MailSource(kind=MailSource.Kind.WEBHOOK, **_cleaned({"name": name, "provider": provider}, _WEBHOOK))
    row.keep_secret({"token": secrets.token_urlsafe(24), **_key_of(row, key)})
    with transaction.atomic():
        row.save()
        record("source.created", subject=row, by=by, at=at, data={"source": row.pk})
        return row


def edit_source(
    row: MailSource,
    *,
    by: User | None,
    secret: dict[str, Any] | None = None,
    at: datetime | None = None,
    **fields: Any,
) -> MailSource:
    """Change how a source is set up, or switch it (`is_active`); what `secret` does not name stays. Raises
    ValueError as the adding does."""
    demand_administrator(by)
    fields = _cleaned(fields, _MAILBOX if row.kind == MailSource.Kind.IMAP else _WEBHOOK)
    row = MailSource.objects.get(pk=row.pk)
    kept = _known_secret(row)
    wanted = kept | {name: value for name, value in (secret or {}).items() if value}
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, fields[name])
    if row.kind == MailSource.Kind.IMAP and row.is_active:
        _demand_reachable(row, wanted)
    if wanted != kept:
        row.keep_secret(
            wanted | {"access_token": "", "expires_at": 0} if "refresh_token" in wanted else wanted
        )
        changed.append("sealed")
    if not changed:
        return row
    return _save(row, changed, by, at)


def _save(row: MailSource, changed: list[str], by: User | None, at: datetime | None) -> MailSource:
    """Write what changed; whoever follows the mailbox begins anew with it."""
    values: dict[str, Any] = {name: getattr(row, name) for name in changed}
    values |= {"trouble": "", "trouble_detail": "", "trouble_since_at": None, "changed_at": timezone.now()}
    if set(changed) & set(PLACE):
        values |= {
            "uidvalidity": None, "last_uid": 0, "first_new_uid": 0, "backlog_next": 0, "backlog_until": -1,
            "marks_due": [], "last_ok_at": None, "counts_from_at": timezone.now(),
        }  # fmt: skip
    with transaction.atomic():
        _demand_free(row)
        MailSource.objects.filter(pk=row.pk).update(revision=F("revision") + 1, **values)
        names = ["secret" if name == "sealed" else name for name in changed]
        data = {"source": row.pk, "fields": names}
        record("source.edited", subject=row, by=by, at=at, data=data)
    return MailSource.objects.get(pk=row.pk)


def keep_token(row: MailSource, secret: dict[str, Any]) -> None:
    """Keep a token that the provider gave in exchange for ours, unless the source was set up anew
    meanwhile."""
    row.keep_secret(secret)
    MailSource.objects.filter(pk=row.pk, revision=row.revision).update(sealed=row.sealed)


def _known_secret(row: MailSource) -> dict[str, Any]:
    try:
        return row.secret()
    except Unreadable:
        return {}


def _cleaned(fields: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The fields without line breaks and control signs, which a mail server would take for commands."""
    if unknown := fields.keys() - known:
        raise ValueError(f"not editable: {sorted(unknown)}")
    for name, length in _LENGTHS.items():
        if name in fields:
            fields[name] = clean_line(fields[name], length)
    if fields.get("name") == "":
        raise ValueError(_("Enter a name."))
    if "provider" in fields and fields["provider"] not in MailSource.Provider.values:
        raise ValueError(_("Choose a provider."))
    if "folder" in fields:
        fields["folder"] = fields["folder"] or "INBOX"
    return fields


def _demand_reachable(row: MailSource, secret: dict[str, Any]) -> None:
    """Refuse servers that an entry here must not lead to. Asks the name server alone."""
    if row.after == MailSource.After.MOVE and row.move_to in ("", row.folder):
        raise ValueError(_("Enter another folder to move mail to."))
    if not row.username:
        raise ValueError(_("Enter the name with which the mailbox is signed in to."))
    if not row.port:
        raise ValueError(_("Enter a port."))
    own = row.security == MailSource.Security.NONE
    try:
        targets.judge(row.host, row.port, ports=PORTS, only_own=own)
        if row.sign_in == MailSource.SignIn.XOAUTH2:
            parts = urlsplit(secret.get("token_url", ""))
            if parts.scheme != "https" or not parts.hostname:
                raise ValueError(_("Enter the address of the sign-in server, beginning with https://."))
            targets.judge(parts.hostname, parts.port or 443, ports=(443,))
    except (targets.Refused, targets.Unknown) as refusal:
        raise ValueError(str(refusal)) from refusal


def _demand_free(row: MailSource) -> None:
    """One mailbox has one source: two would take its mail twice."""
    if row.kind != MailSource.Kind.IMAP:
        return
    same = MailSource.objects.filter(kind=row.kind, **{name: getattr(row, name) for name in PLACE})
    if same.exclude(pk=row.pk).exists():
        raise ValueError(_("This mailbox is on the list already."))


def _key_of(row: MailSource, key: str) -> dict[str, str]:
    if row.provider not in SIGNED:
        return {"basic": f"helpdesk:{secrets.token_urlsafe(24)}"}
    if not key.strip() or not key.isascii():
        raise ValueError(_("Enter the key with which the provider signs."))
    return {"key": key.strip()}
