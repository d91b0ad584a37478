"""Saying what was drafted: by its author now, or by the sweep when its time has come."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tickets.actions.base import NewFile, NotAllowed, Words, lock
from tickets.actions.conversation import add_note, reply
from tickets.actions.drafts import cancel_waiting, own_draft
from tickets.models import Channel, Draft, DraftKind, Message, Ticket, User


def send_draft(
    draft: Draft,
    *,
    by: User,
    version: int,
    seen_seq: int | None = None,
    hold: timedelta = timedelta(0),
) -> Message:
    """Say a draft now, as `reply` or `add_note` would; the draft is gone. Raises as they do, and Conflict."""
    with transaction.atomic():
        ticket = lock(draft.ticket)
        draft = own_draft(draft, by=by, version=version)
        message = _say(draft, ticket, seen_seq=seen_seq, hold=hold)
        draft.delete()
        return message


def release_draft(pk: int) -> Message | None:
    """Say a reply whose time has come; None when it is not to be said (any more).

    Its author is the actor, the moment of release counts. Who may no longer write there is told instead.
    """
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().filter(drafts=pk).first()
        due = Draft.objects.filter(pk=pk, send_at__lte=timezone.now())
        draft = due.select_for_update(of=("self",)).select_related("author").first()
        if ticket is None or draft is None:
            return None
        try:
            with transaction.atomic():
                if not draft.author.is_active:
                    raise NotAllowed
                message = _say(draft, ticket)
        except (NotAllowed, ValueError):
            cancel_waiting(ticket, Draft.WhyNot.NOT_ALLOWED, timezone.now(), only=draft)
            return None
        draft.delete()
        return message


def _say(
    draft: Draft, ticket: Ticket, *, seen_seq: int | None = None, hold: timedelta = timedelta(0)
) -> Message:
    words = Words(text=draft.text, files=files_of(draft))
    if draft.kind == DraftKind.NOTE:
        return add_note(ticket, words, by=draft.author)
    return reply(
        ticket,
        words,
        by=draft.author,
        channel=Channel.MAIL if ticket.requester.email else Channel.PORTAL,
        then=draft.then or None,
        seen_seq=seen_seq,
        hold=hold,
        as_customer=False,
    )


def files_of(draft: Draft) -> tuple[NewFile, ...]:
    """The files that go with a draft, with their bytes."""
    rows = draft.files.order_by("pk").select_related("blob")
    return tuple(NewFile(row.name, bytes(row.blob.data), row.content_type) for row in rows)
