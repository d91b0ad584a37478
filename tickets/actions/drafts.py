"""Words that are not said yet: kept while they are written, discarded, given a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.actions.base import Conflict, NewFile, NotAllowed, demand_work, instant, keep_blobs, lock
from tickets.events import record
from tickets.models import Draft, DraftFile, DraftKind, Status, Ticket, User
from tickets.text import clean_line, clean_text

MOST_FILES = 100
CHANGED = gettext_lazy("This draft was changed in another window. Read it again, then go on.")


def save_draft(
    ticket: Ticket,
    text: str,
    *,
    by: User,
    kind: str,
    version: int,
    then: str = "",
    files: Collection[NewFile] = (),
    keep: Collection[int] | None = None,
) -> Draft:
    """Keep what `by` is writing. `version` is the one that the writer saw, 0 for none.

    `files` come to those already there, of which only those in `keep` (their ids; None: all) stay. A reply
    that waits for its time goes on waiting with the new words. Personal: no event. Raises Conflict when it
    was saved elsewhere meanwhile, ValueError when nothing is to be kept.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        draft = Draft.objects.filter(ticket=ticket, author=by, kind=DraftKind(kind)).first()
        _demand_version(draft, version)
        draft = draft or Draft(ticket=ticket, author=by, kind=kind, version=0)
        kept = draft.files.all() if draft.pk else DraftFile.objects.none()
        if draft.pk and keep is not None:
            kept.exclude(pk__in=list(keep)).delete()
        text = clean_text(text)
        if not text.strip() and not files and not kept.exists():
            raise ValueError(_("There is nothing to keep."))
        if kept.count() + len(files) > MOST_FILES:
            raise ValueError(_("Add at most %(number)s files.") % {"number": MOST_FILES})
        draft.text, draft.then = text, Status(then).value if then else ""
        draft.version += 1
        draft.cancelled_at, draft.why_not, draft.updated_at = None, "", timezone.now()
        draft.save()
        _add_files(draft, files)
        return draft


def _add_files(draft: Draft, files: Collection[NewFile]) -> list[DraftFile]:
    return DraftFile.objects.bulk_create(
        DraftFile(
            draft=draft,
            blob_id=key,
            name=clean_line(file.name, 255) or "file",
            content_type=clean_line(file.content_type, 255),
        )
        for file, key in zip(files, keep_blobs(list(files)), strict=True)
    )


def add_draft_file(ticket: Ticket, file: NewFile, *, by: User, kind: str) -> DraftFile:
    """Keep a file beside what `by` is writing, before it is sent. Words are not touched: a draft of files
    alone has version 0. Personal: no event. Raises ValueError when there are too many."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        draft, _made = Draft.objects.get_or_create(
            ticket=ticket, author=by, kind=DraftKind(kind), defaults={"version": 0}
        )
        if draft.files.count() >= MOST_FILES:
            raise ValueError(_("Add at most %(number)s files.") % {"number": MOST_FILES})
        return _add_files(draft, [file])[0]


def remove_draft_file(file: DraftFile, *, by: User) -> None:
    """Take a file away from a draft; a draft of which nothing is left then goes too."""
    with transaction.atomic():
        ticket = lock(file.draft.ticket)
        demand_work(by, ticket)
        draft = Draft.objects.filter(pk=file.draft_id, author=by).first()
        if draft is None:
            raise NotAllowed(_("This draft is somebody else’s."))
        draft.files.filter(pk=file.pk).delete()
        if not draft.version and not draft.files.exists():
            draft.delete()


def move_draft(draft: Draft, kind: str, *, by: User, version: int) -> Draft:
    """Let a reply go on as a note, or a note as a reply: words and files stand below what is there already.

    A time to be sent at does not go along. Personal: no event but for that time. Raises Conflict, NotAllowed.
    """
    with transaction.atomic():
        ticket = lock(draft.ticket)
        demand_work(by, ticket)
        draft = own_draft(draft, by=by, version=version)
        if draft.kind == DraftKind(kind):
            return draft
        if draft.send_at:
            draft = schedule_draft(draft, None, by=by, version=version)
        other = Draft.objects.filter(ticket=ticket, author=by, kind=kind).first()
        if other is None:
            draft.kind, draft.cancelled_at, draft.why_not = DraftKind(kind), None, ""
            draft.version += 1
            draft.save()
            return draft
        other.text = "\n\n".join(filter(None, [other.text.rstrip(), draft.text]))
        other.version += 1
        other.updated_at = timezone.now()
        other.save(update_fields=["text", "version", "updated_at"])
        draft.files.update(draft=other)
        draft.delete()
        return other


def discard_draft(ticket: Ticket, *, by: User, kind: str, version: int | None = None) -> None:
    """Throw away what `by` wrote; one that waited for its time is not sent.

    `version` guards what another tab saved. None there: returns quietly. Raises Conflict.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        draft = Draft.objects.filter(ticket=ticket, author=by, kind=DraftKind(kind)).first()
        if draft is None:
            return
        if version is not None:
            _demand_version(draft, version)
        if draft.send_at:
            data = {"draft": draft.pk}
            record("draft.unscheduled", ticket=ticket, subject=draft, by=by, data=data)
        draft.delete()


def schedule_draft(draft: Draft, send_at: datetime | None, *, by: User, version: int) -> Draft:
    """Let a reply be said at `send_at` (aware, later than now); None takes the time back.

    Until then it is no reply: no clock stops and the customer sees nothing. Raises Conflict, NotAllowed, and
    ValueError for an instant that is over.
    """
    with transaction.atomic():
        ticket = lock(draft.ticket)
        demand_work(by, ticket)
        draft = own_draft(draft, by=by, version=version)
        now = timezone.now()
        if send_at is not None and draft.kind != DraftKind.REPLY:
            raise NotAllowed(_("Only a reply can be sent later."))
        if send_at is not None and send_at <= now:
            raise ValueError(_("Choose a time that is still to come."))
        if send_at == draft.send_at:
            return draft
        draft.send_at, draft.cancelled_at, draft.why_not = send_at, None, ""
        draft.version += 1
        draft.updated_at = now
        draft.save()
        kind = "draft.scheduled" if send_at else "draft.unscheduled"
        data = {"draft": draft.pk} | ({"send_at": send_at.isoformat()} if send_at else {})
        record(kind, ticket=ticket, subject=draft, by=by, at=instant(now, ticket), data=data)
        return draft


def own_draft(draft: Draft, *, by: User, version: int) -> Draft:
    """The fresh row under its ticket's lock, if `by` wrote it and has seen its latest version.

    Raises NotAllowed and Conflict.
    """
    found = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
    if found is not None and found.author_id != by.pk:
        raise NotAllowed(_("This draft is somebody else’s."))
    _demand_version(found, version)
    assert found is not None
    return found


def _demand_version(draft: Draft | None, version: int) -> None:
    if (draft.version if draft else 0) != version:
        raise Conflict(CHANGED)


def cancel_waiting(ticket: Ticket, why: str, at: datetime, *, only: Draft | None = None) -> None:
    """Replies that wait for their time are not sent; their authors are told and keep the words.

    The caller holds the ticket's lock.
    """
    waiting = Draft.objects.filter(ticket=ticket, send_at__isnull=False)
    for draft in waiting.filter(pk=only.pk) if only else waiting:
        draft.send_at, draft.cancelled_at, draft.why_not = None, at, why
        draft.version += 1
        draft.save(update_fields=["send_at", "cancelled_at", "why_not", "version"])
        data = {"draft": draft.pk, "author": draft.author_id, "reason": why}
        record("draft.cancelled", ticket=ticket, subject=draft, at=at, data=data)
