"""What stands beside the words of a ticket, in one statement: tags, copies, colleagues, other tickets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from followup import queries as follow_ups
from helpdesk import notifications, saved_replies
from helpdesk.models import Delivery, FileLink, InboundEmail
from sla.queries import Versions, versions_in, versions_of_clocks
from tickets import access, queries
from tickets.models import (
    UNRESOLVED_STATUSES,
    Attachment,
    Follower,
    Link,
    ReadMark,
    Ticket,
    User,
)
from tickets.models.people import Named
from tickets.statements import NUMBER, OTHER, count_of, exists, json_of, kept_rows, text_of

OTHERS = 8
"""So many of the requester's other tickets are shown."""


@dataclass(frozen=True)
class Copied:
    """Somebody in copy, or proposed for it."""

    person: Named
    state: str

    @property
    def person_id(self) -> int:
        return self.person.pk


@dataclass(frozen=True)
class Other:
    """Another ticket of the same requester."""

    pk: int
    subject: str
    status: str
    opened_at: datetime


@dataclass(frozen=True)
class Planned:
    """What goes out by itself next, while the ticket waits for its customer."""

    kind: str
    due_at: datetime


@dataclass(frozen=True)
class About:
    """What the ticket page shows beside the words, and which of the rarer rows there are to be read.

    `read_up_to` is the event up to which the reader has read, `has_news` whether the app told them of the
    ticket since; `originals` says of messages that came by mail whether they are flagged; `planned` is
    the mail that goes out next by itself, if one does; `versions` are those under which its clocks stand.
    """

    read_up_to: int
    has_news: bool
    tags: tuple[str, ...]
    tag_choices: tuple[str, ...]
    has_saved: bool
    people: tuple[Named, ...]
    copied: tuple[Copied, ...]
    others: tuple[Other, ...]
    open_number: int
    originals: dict[int, bool]
    has_drafts: bool
    has_links: bool
    has_files: bool
    has_file_links: bool
    has_deliveries: bool
    planned: tuple[Planned, ...]
    versions: Versions

    def in_state(self, state: str) -> tuple[Copied, ...]:
        return tuple(one for one in self.copied if one.state == state)


def about(ticket: Ticket, user: User) -> About:
    """One statement, of a ticket that the reader may work on."""
    team = ticket.team
    key = ("about", access.footing(user), team.pk, team.open_to_all_agents)
    (row,) = kept_rows(
        key,
        lambda: _statement(ticket, access.someone_like(user)),
        number=ticket.pk,
        other=ticket.requester_id,
        reader=user.pk,
    )
    found = dict(zip(VALUES, row, strict=True))
    listed = {name: json.loads(found[name]) for name in LISTED}
    return About(
        **(found | listed)
        | {
            "read_up_to": found["read_up_to"] or 0,
            "tags": tuple(one["name"] for one in listed["tags"]),
            "tag_choices": tuple(one["name"] for one in listed["tag_choices"]),
            "people": tuple(Named(**one) for one in listed["people"]),
            "copied": tuple(map(_copied, listed["copied"])),
            "others": tuple(map(_other, listed["others"])),
            "planned": tuple(
                Planned(one["kind"], datetime.fromisoformat(one["due_at"])) for one in listed["planned"]
            ),
            "versions": versions_in(listed["versions"]),
            "originals": {one["message_id"]: one["flagged"] for one in listed["originals"]},
        }
    )


LISTED = ("tags", "tag_choices", "people", "copied", "others", "originals", "planned", "versions")
VALUES = tuple(About.__dataclass_fields__)


def _copied(row: dict[str, Any]) -> Copied:
    return Copied(Named(row["person"], row["person__name"], row["person__email"]), row["state"])


def _other(row: dict[str, Any]) -> Other:
    return Other(row["pk"], row["subject"], row["status"], datetime.fromisoformat(row["opened_at"]))


def _statement(like: Ticket, user: User) -> str:
    """For a ticket `NUMBER`, like that one in all that decides who works on it, of requester `OTHER`."""
    ticket = Ticket(pk=NUMBER, team=like.team, assignee_id=user.pk, requester_id=OTHER)
    others = access.worked_by(user).filter(requester=OTHER).exclude(pk=NUMBER)
    are_open = others.filter(status__in=UNRESOLVED_STATUSES)
    copied = Follower.objects.filter(ticket=NUMBER).exclude(state=Follower.State.REMOVED).order_by("pk")
    mark = ReadMark.objects.filter(ticket=NUMBER, person=user.pk)
    values = {
        "read_up_to": f"({text_of(mark.values('seq'))})",
        "has_news": exists(notifications.unread(user.pk).filter(ticket=NUMBER)),
        "tags": json_of(ticket.tags.order_by("name").values("name")),
        "tag_choices": json_of(queries.tags_offered().values("name")),
        "has_saved": exists(saved_replies.offered_on(ticket)),
        "people": json_of(access.assignable_to(ticket).values("pk", "name", "email")),
        "copied": json_of(copied.values("state", "person", "person__name", "person__email")),
        "others": json_of(others.order_by("-pk").values("pk", "subject", "status", "opened_at")[:OTHERS]),
        "open_number": count_of(are_open.order_by().values("pk")),
        "originals": json_of(
            InboundEmail.objects.filter(message__ticket=NUMBER, duplicate_of=None).values(
                "message_id", "flagged"
            )
        ),
        "has_drafts": exists(access.drafts_visible_to(user, ticket)),
        "has_links": exists(Link.objects.filter(first=NUMBER))
        + " OR "
        + exists(Link.objects.filter(second=NUMBER)),
        "has_files": exists(Attachment.objects.filter(message__ticket=NUMBER)),
        "has_file_links": exists(
            FileLink.objects.filter(attachment__message__ticket=NUMBER, revoked_at=None)
        ),
        "has_deliveries": exists(Delivery.objects.filter(message__ticket=NUMBER)),
        "versions": versions_of_clocks(NUMBER),
        "planned": json_of(follow_ups.planned_on(NUMBER).values("kind", "due_at")[:1]),
    }
    return f"SELECT {', '.join(values[name] for name in VALUES)}"
