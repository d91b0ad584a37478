"""The topics of the portal: what a new ticket may be about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from helpdesk.models import Topic
from tickets.actions import demand_administrator
from tickets.events import record
from tickets.models import Priority, Team, User
from tickets.text import clean_line, clean_text

MOST_TAGS = 10
_LENGTHS = {"name": 60, "description": 200, "hint": 500}


def create_topic(
    words: Mapping[str, Mapping[str, str]],
    team: Team,
    *,
    by: User | None,
    priority: int = Priority.NORMAL,
    tags: Iterable[str] = (),
    is_active: bool = True,
    at: datetime | None = None,
) -> Topic:
    """Offer one more topic, behind the others. `words` holds name, description and hint by language.

    Raises ValueError when no language has a name.
    """
    demand_administrator(by)
    with transaction.atomic():
        last = Topic.objects.aggregate(last=Max("position"))["last"]
        topic = Topic.objects.create(
            words=_words(words),
            team=team,
            priority=Priority(priority),
            tags=_tags(tags),
            is_active=is_active,
            position=0 if last is None else last + 1,
        )
        record("topic.created", subject=topic, by=by, at=at, data={"topic": topic.pk, "team": team.pk})
        return topic


def edit_topic(topic: Topic, *, by: User | None, at: datetime | None = None, **fields: Any) -> Topic:
    """Change words, team, priority, tags or is_active. Tickets that are open keep what they were given."""
    demand_administrator(by)
    if unknown := fields.keys() - {"words", "team", "priority", "tags", "is_active"}:
        raise ValueError(f"not editable: {sorted(unknown)}")
    if "words" in fields:
        fields["words"] = _words(fields["words"])
    if "tags" in fields:
        fields["tags"] = _tags(fields["tags"])
    with transaction.atomic():
        row = Topic.objects.select_for_update().get(pk=topic.pk)
        changed = [name for name, value in fields.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, fields[name])
        if changed:
            row.save(update_fields=changed)
            record("topic.edited", subject=row, by=by, at=at, data={"topic": row.pk, "fields": changed})
        return row


def move_topic(topic: Topic, *, by: User | None, up: bool, at: datetime | None = None) -> None:
    """Offer a topic one place earlier (`up`) or later; at the end of the list nothing happens."""
    demand_administrator(by)
    with transaction.atomic():
        rows = list(Topic.objects.select_for_update().order_by("position", "pk"))
        place = next((n for n, row in enumerate(rows) if row.pk == topic.pk), None)
        other = None if place is None else place + (-1 if up else 1)
        if place is None or other is None or not 0 <= other < len(rows):
            return
        rows[place], rows[other] = rows[other], rows[place]
        for position, row in enumerate(rows):
            row.position = position
        Topic.objects.bulk_update(rows, ["position"])
        record("topic.edited", subject=topic, by=by, at=at, data={"topic": topic.pk, "fields": ["position"]})


def _words(given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Name, description and hint of each language that has a name."""
    words = {}
    for language, _name in settings.LANGUAGES:
        said = given.get(language, {})
        kept = {
            "name": clean_line(said.get("name", ""), _LENGTHS["name"]),
            "description": clean_line(said.get("description", ""), _LENGTHS["description"]),
            "hint": clean_text(said.get("hint", "")).strip()[: _LENGTHS["hint"]],
        }
        if kept["name"]:
            words[language] = kept
    if not words:
        raise ValueError(_("Enter a name."))
    return words


def _tags(names: Iterable[str]) -> list[str]:
    """Tags as tickets carry them, each once."""
    found = dict.fromkeys(tag for name in names if (tag := clean_line(name, 50).lower()))
    if len(found) > MOST_TAGS:
        raise ValueError(_("Enter at most %(count)s tags.") % {"count": MOST_TAGS})
    return list(found)
