"""Words kept for later: saved from the composer's forms, given a time, thrown away."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.forms import ComposerForm, NoteForm, ReplyForm
from helpdesk.desk.instants import read_instant
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.views.say import Act, back_with_words, kept_files, once_or_back, stop_at_names
from helpdesk.times import near
from tickets import actions
from tickets.models import Draft, DraftKind, Ticket


@desk_view("POST")
def save_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Keep the words on the server, for this reader alone."""
    ticket = find_ticket(request, number)
    form = _form(request)

    def said(draft: Draft) -> str:
        return _("Draft saved. Only you see it.")

    return _keep(request, ticket, form, said)


@desk_view("POST")
def send_later(request: HttpRequest, number: int) -> HttpResponse:
    """Keep the reply and let it be said at `send_at` (local time of the reader)."""
    ticket, user = find_ticket(request, number), _by(request)
    form = ReplyForm(request.POST, request.FILES)
    if stopped := stop_at_names(request, ticket, form):
        return stopped

    def schedule(draft: Draft) -> str:
        send_at = read_instant(request.POST.get("send_at", ""))
        actions.schedule_draft(draft, send_at, by=user, version=draft.version)
        return _("Sends %(time)s, unless the customer writes first") % {"time": near(send_at)}

    return _keep(request, ticket, form, schedule)


def _keep(request: HttpRequest, ticket: Ticket, form: ComposerForm, then: Any) -> HttpResponse:
    """Save what the form holds, do `then` with the draft and say its words."""
    form.goes_out = False
    mode = "note" if isinstance(form, NoteForm) else "reply"
    words: list[str] = []

    def keep() -> dict[str, int]:
        with transaction.atomic():
            draft = actions.save_draft(
                ticket,
                form.words().text,
                by=_by(request),
                kind=mode,
                version=form.cleaned_data["draft"] or 0,
                then=form.cleaned_data.get("then") or "",
                files=form.words(kept_files(request, ticket, form)).files,
                keep=form.kept_of_draft(),
            )
            words.append(then(draft))
            return {"draft": draft.pk}

    act: Act = keep
    try:
        answer, response = once_or_back(request, ticket, form, mode, act, verb="draft")
    except ValueError as refusal:
        return back_with_words(request, ticket, form, mode, str(refusal), 422)
    if answer is None:
        assert response is not None
        return response
    for said in words:
        tell(request, said)
    return _composer(request, ticket, mode)


@desk_view("POST")
def discard_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Throw the kept words away; what waited for its time is not sent."""
    ticket, kind = find_ticket(request, number), _kind(request)
    actions.discard_draft(ticket, by=_by(request), kind=kind)
    tell(request, _("Draft discarded"))
    return _composer(request, ticket, kind)


def _composer(request: HttpRequest, ticket: Ticket, kind: str) -> HttpResponse:
    path = with_view(request, ticket.pk)
    note = f"{'&' if '?' in path else '?'}write=note" if kind == DraftKind.NOTE else ""
    return see_other(f"{path}{note}#composer")


def _form(request: HttpRequest) -> ComposerForm:
    form = NoteForm if _kind(request) == DraftKind.NOTE else ReplyForm
    return form(request.POST, request.FILES)


def _kind(request: HttpRequest) -> str:
    return DraftKind.NOTE if request.POST.get("kind") == DraftKind.NOTE else DraftKind.REPLY


def _by(request: HttpRequest) -> Any:
    return request.user
