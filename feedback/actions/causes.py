"""What may have gone wrong: the list from which whoever closes a recovery case chooses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from feedback.models import Cause
from tickets.actions import demand_administrator
from tickets.events import record
from tickets.models import User
from tickets.text import clean_line

LONGEST_NAME = 60


def create_cause(words: Mapping[str, str], *, by: User | None, at: datetime | None = None) -> Cause:
    """Offer one more cause, behind the others. `words` holds its name by language.

    Raises NotAllowed unless `by` is the system or an administrator, ValueError when no language has a name.
    """
    demand_administrator(by)
    with transaction.atomic():
        known = _all_held()
        last = Cause.objects.aggregate(last=Max("position"))["last"]
        cause = Cause.objects.create(
            code=f"c{known + 1}", words=_names(words), position=0 if last is None else last + 1
        )
        record("cause.created", subject=cause, by=by, at=at, data={"cause": cause.pk})
        return cause


def edit_cause(cause: Cause, *, by: User | None, at: datetime | None = None, **fields: Any) -> Cause:
    """Change its words, or whether it is offered (`is_active`). Cases keep the cause that they have.

    Raises as `create_cause`, and ValueError where none would be left to choose from.
    """
    demand_administrator(by)
    if unknown := fields.keys() - {"words", "is_active"}:
        raise ValueError(f"not editable: {sorted(unknown)}")
    if "words" in fields:
        fields["words"] = _names(fields["words"])
    with transaction.atomic():
        _all_held()
        row = Cause.objects.get(pk=cause.pk)
        changed = sorted(name for name, value in fields.items() if getattr(row, name) != value)
        for name in changed:
            setattr(row, name, fields[name])
        if changed:
            row.save(update_fields=changed)
            if not Cause.objects.filter(is_active=True).exists():
                raise ValueError(_("Keep at least one cause to choose from."))
            record("cause.edited", subject=row, by=by, at=at, data={"cause": row.pk, "fields": changed})
        return row


def move_cause(cause: Cause, *, by: User | None, up: bool, at: datetime | None = None) -> None:
    """Offer a cause one place earlier (`up`) or later; at the end of the list nothing happens. Raises
    NotAllowed as `create_cause`."""
    demand_administrator(by)
    with transaction.atomic():
        _all_held()
        rows = list(Cause.objects.order_by("position", "pk"))
        here = next(n for n, row in enumerate(rows) if row.pk == cause.pk)
        there = here + (-1 if up else 1)
        if not 0 <= there < len(rows):
            return
        rows[here], rows[there] = rows[there], rows[here]
        for position, row in enumerate(rows):
            row.position = position
        Cause.objects.bulk_update(rows, ["position"])
        record("cause.edited", subject=cause, by=by, at=at, data={"cause": cause.pk, "fields": ["position"]})


def _all_held() -> int:
    """How many there are, while nobody else changes the list."""
    list(Cause.objects.select_for_update().order_by("pk"))
    return Cause.objects.count()


def _names(given: Mapping[str, str]) -> dict[str, str]:
    """The name in each language that has one."""
    cleaned = {code: clean_line(given.get(code, ""), LONGEST_NAME) for code, _name in settings.LANGUAGES}
    names = {code: name for code, name in cleaned.items() if name}
    if not names:
        raise ValueError(_("Enter a name."))
    return names
