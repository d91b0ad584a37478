"""Rows as the API shows them: members read everything of a ticket they work on, others what is public."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from rest_framework.request import Request

from helpdesk.api.serializers import PRIORITY_NAMES, public_status
from sla.queries import with_next_due
from tickets import access
from tickets.models import Attachment, Message, Speaker, Ticket, User


def with_parts(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """The tickets with all that `ticket()` shows, in a constant number of queries."""
    rows = tickets.select_related("requester", "assignee", "team", "organization")
    return with_next_due(rows.prefetch_related("tags"))


def with_files(messages: QuerySet[Message]) -> QuerySet[Message]:
    """The messages with all that `message()` shows; the files' bytes stay where they are."""
    files = Attachment.objects.select_related("blob").defer("blob__data").order_by("pk")
    return messages.select_related("author").prefetch_related(Prefetch("attachments", files))


def ticket(row: Ticket, request: Request) -> dict[str, Any]:
    works = access.can_work(request.user, row)
    shown: dict[str, Any] = {
        "id": row.pk,
        "subject": row.subject,
        "status": row.status if works else public_status(row.status),
        "requester": person(row.requester, works),
        "opened_at": row.opened_at,
        "resolved_at": row.resolved_at,
        "closed_at": row.closed_at,
        "url": request.build_absolute_uri(reverse("api:ticket", args=[row.pk])),
    }
    if works:
        shown |= {
            "organization": named(row.organization),
            "team": named(row.team),
            "assignee": person(row.assignee, works),
            "priority": PRIORITY_NAMES[row.priority],
            "type": row.type,
            "channel": row.channel,
            "tags": sorted(tag.name for tag in row.tags.all()),
            "updated_at": row.updated_at,
            "version": row.event_seq,
            "next_due": _next_due(row),
        }
    return shown


def _next_due(row: Any) -> dict[str, Any] | None:
    """What the ticket owes next; None where nothing is promised. `row` comes from `with_parts`."""
    if not getattr(row, "next_due_metric", None):
        return None
    return {"at": row.next_due_at, "metric": row.next_due_metric, "state": row.next_due_state}


def message(row: Message, request: Request, works: bool) -> dict[str, Any]:
    shown = {
        "id": row.pk,
        "ticket": row.ticket_id,
        "kind": "note" if row.is_note else ("public" if row.public else "outside"),
        "by": row.by,
        "author": person(row.author, works, first_name_only=row.by != Speaker.CUSTOMER),
        "channel": row.channel,
        "text": row.fresh,
        "quoted": row.quoted,
        "said_at": row.said_at,
        "attachments": [file(attachment, request) for attachment in row.attachments.all()],
    }
    if works:
        shown |= {
            "visible_at": row.visible_at,
            "withdrawn_at": row.withdrawn_at,
            "held": row.held,
            "automatic": row.automatic,
        }
    return shown


def messages(rows: Iterable[Message], request: Request, works: bool) -> list[dict[str, Any]]:
    return [message(row, request, works) for row in rows]


def file(row: Attachment, request: Request) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "content_type": row.content_type,
        "size": row.blob.size,
        "url": request.build_absolute_uri(reverse("api:attachment", args=[row.pk])),
    }


def person(row: User | None, works: bool, *, first_name_only: bool = False) -> dict[str, Any] | None:
    """Members read who it is; others the name, of our own people the first one."""
    if row is None:
        return None
    if works:
        return {"id": row.pk, "name": row.name, "email": row.email}
    return {"name": row.first_name if first_name_only else row.name or row.first_name}


def named(row: Any) -> dict[str, Any] | None:
    return {"id": row.pk, "name": row.name} if row is not None else None
