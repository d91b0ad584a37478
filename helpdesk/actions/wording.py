"""The words of our notifications."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.models import Wording
from helpdesk.wording import store
from tickets.actions import Conflict, demand_administrator
from tickets.events import record
from tickets.models import User
from tickets.text import clean_text


def change_wording(
    key: str,
    language: str,
    *,
    subject: str,
    body: str,
    by: User | None,
    version: int | None = None,
    at: datetime | None = None,
) -> Wording:
    """Say a notification in these words from now on. `version` is the one that was seen (0: ours).

    Raises BadWording, ValueError for an unknown notification or language, Conflict.
    """
    subject, body = " ".join(clean_text(subject).split()), clean_text(body).strip()
    _demand_known(key, language)
    store.read(key, subject, body)
    return _add(Wording(key=key, language=language, subject=subject, body=body), by, version, at)


def reset_wording(key: str, language: str, *, by: User | None, at: datetime | None = None) -> Wording | None:
    """Go back to the words that come with the product; what was written stays as an older version."""
    _demand_known(key, language)
    latest = store.latest(key, language)
    if latest is None or latest.is_reset:
        return latest
    return _add(Wording(key=key, language=language, is_reset=True), by, None, at)


def _add(row: Wording, by: User | None, version: int | None, at: datetime | None) -> Wording:
    demand_administrator(by)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1043))", [f"{row.key} {row.language}"]
            )
        latest = store.latest(row.key, row.language)
        if version is not None and version != (latest.version if latest else 0):
            raise Conflict(_("This text was changed meanwhile. Read it again, then go on."))
        if latest and (latest.subject, latest.body, latest.is_reset) == (row.subject, row.body, row.is_reset):
            return latest
        row.version = latest.version + 1 if latest else 1
        row.made_by, row.made_at = by, at or timezone.now()
        row.save()
        record("wording.changed", subject=row, by=by, at=at, data={"wording": row.pk, "version": row.version})
        return row


def _demand_known(key: str, language: str) -> None:
    if key not in store.NOTIFICATIONS or language not in dict(settings.LANGUAGES):
        raise ValueError(f"no notification {key!r} in {language!r}")
