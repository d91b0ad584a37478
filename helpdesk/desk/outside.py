"""What the page of a side conversation shows: what may be passed on, what was said, words taken back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from helpdesk import outbox
from helpdesk.desk.forms import OutsideForm
from helpdesk.words import file_size
from tickets import access, queries
from tickets.actions import NewFile
from tickets.models import Attachment, Message, SideTalk, Ticket


@dataclass
class Passable:
    """A public message that may be quoted, with its files, and what of it is chosen."""

    message: Message
    is_chosen: bool
    files: list[tuple[Attachment, bool]] = field(default_factory=list)


@dataclass
class Outside:
    """The page's form and what stands beside it. `kept` are files of words that were taken back."""

    ticket: Ticket
    talk: SideTalk | None
    form: OutsideForm
    passable: list[Passable]
    kept: list[Attachment]
    said: list[Message]


def outside(request: HttpRequest, ticket: Ticket, talk: SideTalk | None, form: OutsideForm) -> Outside:
    """Three queries, and one for files of words that were taken back."""
    rows = access.quotable_outside(request.user, ticket).select_related("author").order_by("said_at", "pk")
    files = queries.files_without_bytes().filter(message__in=rows)
    by_message: dict[int, list[Attachment]] = {}
    for file in files:
        by_message.setdefault(file.message_id, []).append(file)
    quotes, passed = set(form.chosen("quote")), set(form.chosen("pass_on"))
    kept = form.chosen("keep")
    return Outside(
        ticket=ticket,
        talk=talk,
        form=form,
        passable=[
            Passable(row, row.pk in quotes, [(one, one.pk in passed) for one in by_message.get(row.pk, [])])
            for row in rows
        ],
        kept=list(kept_rows(request, ticket, kept)) if kept else [],
        said=list(talk.messages.filter(withdrawn_at=None).select_related("author").order_by("said_at", "pk"))
        if talk
        else [],
    )


def kept_rows(request: HttpRequest, ticket: Ticket, chosen: list[int]) -> Any:
    """Files of the reader's own words to somebody outside that were taken back, nothing else."""
    return queries.files_without_bytes().filter(
        pk__in=chosen,
        message__ticket=ticket,
        message__author=request.user.pk,
        message__side_talk__isnull=False,
        message__withdrawn_at__isnull=False,
    )


def passed_files(request: HttpRequest, ticket: Ticket, form: OutsideForm) -> tuple[NewFile, ...]:
    """The files of public messages that were chosen, and those that came back with words taken back."""
    told = access.quotable_outside(request.user, ticket)
    chosen = Attachment.objects.filter(pk__in=form.chosen("pass_on"), message__in=told)
    kept = kept_rows(request, ticket, form.chosen("keep")).defer(None)
    rows = [*kept, *chosen.select_related("blob").order_by("pk")]
    return tuple(NewFile(row.name, bytes(row.blob.data), row.content_type) for row in rows)


def trouble(form: OutsideForm, files: tuple[NewFile, ...]) -> tuple[str, str] | None:
    """The field and the words of what stands in the way of sending; None for nothing."""
    room = settings.MAIL_ATTACHMENTS_BYTES
    if (
        sum(file.size or 0 for file in form.cleaned_data["files"]) + sum(len(one.data) for one in files)
        > room
    ):
        limit = {"limit": file_size(room)}
        return "files", _("A mail takes files of %(limit)s together. Choose fewer.") % limit
    if form.asks_whom and outbox.is_own_address(form.cleaned_data["address"]):
        return "address", _("This is one of your own support addresses.")
    return None


def taken_back(request: HttpRequest, ticket: Ticket, talk: SideTalk | None) -> dict[str, Any]:
    """What stands in a new form: the words of the reader's message that the address names and that was taken
    back, with its files and quotes; else an empty page."""
    empty: dict[str, Any] = {"once": uuid.uuid4().hex, "subject": ticket.subject}
    again = request.GET.get("again", "")
    if not (again.isascii() and again.isdigit() and len(again) < 19):
        return empty
    rows = Message.objects.filter(side_talk__isnull=False, withdrawn_at__isnull=False, author=request.user.pk)
    message = rows.filter(pk=again, ticket=ticket).select_related("side_talk").first()
    if message is None or message.side_talk is None:
        return empty
    written = ticket.events.filter(kind="side_talk.written", data__message=message.pk).first()
    told = message.side_talk
    return empty | {
        "text": message.text,
        "address": told.address,
        "name": told.name,
        "subject": told.subject,
        "quote": written.data["quoted"] if written else [],
        "keep": [file.pk for file in message.attachments.all()],
    }
