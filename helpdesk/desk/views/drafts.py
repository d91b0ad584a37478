"""Words kept for later: saved while they are written, given a time, moved, thrown away; and their list."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.forms import TEXT_LIMIT, ComposerForm, NoteForm, ReplyForm
from helpdesk.desk.instants import read_instant
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import number_of
from helpdesk.desk.views.say import Act, back_with_words, kept_files, once_or_back, stop_at_names
from helpdesk.times import clock_time, near
from tickets import access, actions
from tickets.models import Draft, DraftKind, Ticket

LISTED = 100


@desk_view()
def drafts(request: HttpRequest) -> HttpResponse:
    """What the reader has not sent yet: first what leaves by itself, then the rest, the newest first."""
    rows = access.own_drafts(request.user).select_related("ticket__requester").annotate(number=Count("files"))
    waiting = list(rows.filter(send_at__isnull=False).order_by("send_at", "pk")[:LISTED])
    begun = list(rows.filter(send_at=None).order_by("-updated_at", "-pk")[: LISTED + 1])
    context = {
        "area": "drafts",
        "waiting": waiting,
        "begun": begun[:LISTED],
        "has_more": len(begun) > LISTED,
        "rail_items": rail(request, "drafts"),
    }
    return render(request, "desk/drafts.html", context)


@desk_view("POST")
def save_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Keep the words on the server, for this reader alone. Asked for JSON, as the page does while somebody
    types, it answers with the version to go on from, or (409) with what was saved elsewhere."""
    ticket = find_ticket(request, number)
    if wants_json(request):
        return _save_quietly(request, ticket)
    form = _form(request)

    def said(draft: Draft) -> str:
        return _("Draft saved. Only you see it.")

    return _keep(request, ticket, form, said)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of the page asks, which goes on without a new page."""
    return request.headers.get("Accept", "").startswith("application/json")


def _save_quietly(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    text, kind, user = request.POST.get("text", ""), _kind(request), _by(request)
    version, then = number_of(request.POST.get("draft", "")), request.POST.get("then", "")
    if len(text.replace("\r\n", "\n")) > TEXT_LIMIT:
        return JsonResponse({"problem": too_long(text)}, status=422)
    try:
        draft = actions.save_draft(
            ticket,
            text.strip("\r\n"),
            by=user,
            kind=kind,
            version=version,
            then=then if kind == DraftKind.REPLY and then in dict(ReplyForm.THEN) else "",
        )
    except ValueError:  # nothing is left of it
        return _discard_quietly(request, ticket, kind, version)
    except actions.Conflict:
        return JsonResponse(_elsewhere(request, ticket, kind), status=409)
    return JsonResponse(
        {"version": draft.version, "said": _("Draft saved %(time)s") % {"time": clock_time(draft.updated_at)}}
    )


def _discard_quietly(request: HttpRequest, ticket: Ticket, kind: str, version: int) -> HttpResponse:
    try:
        actions.discard_draft(ticket, by=_by(request), kind=kind, version=version)
    except actions.Conflict:
        return JsonResponse(_elsewhere(request, ticket, kind), status=409)
    return JsonResponse({"version": 0, "said": ""})


def _elsewhere(request: HttpRequest, ticket: Ticket, kind: str) -> dict[str, Any]:
    """What another window has made of the draft meanwhile: sent and discarded ones are gone."""
    found = access.drafts_visible_to(request.user, ticket).filter(kind=kind).first()
    if found is None:
        return {"version": 0, "text": "", "said": _("sent or discarded in another window")}
    return {"version": found.version, "text": found.text, "said": clock_time(found.updated_at)}


def too_long(text: str) -> str:
    """The sentence for words beyond the limit."""
    words = {"number": f"{len(text):,}", "limit": f"{TEXT_LIMIT:,}"}
    return _("This text has %(number)s characters; %(limit)s fit. Shorten it, or add it as a file.") % words


@desk_view("POST")
def send_later(request: HttpRequest, number: int) -> HttpResponse:
    """Keep the reply and let it be said at `send_at` (local time of the reader)."""
    ticket, user = find_ticket(request, number), _by(request)
    form = ReplyForm(request.POST, request.FILES)
    if stopped := stop_at_names(request, ticket, form):
        return stopped

    def schedule(draft: Draft) -> str:
        send_at = read_instant(request.POST.get("preset", "") or request.POST.get("send_at", ""))
        actions.schedule_draft(draft, send_at, by=user, version=draft.version)
        return _("Sends %(time)s, unless the customer writes first") % {"time": near(send_at)}

    return _keep(request, ticket, form, schedule)


@desk_view("POST")
def unschedule_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Take the time back at which a reply was to be sent; the words stay a draft."""
    ticket = find_ticket(request, number)
    draft = access.drafts_visible_to(request.user, ticket).filter(kind=DraftKind.REPLY).first()
    if draft is not None and draft.send_at is not None:
        actions.schedule_draft(draft, None, by=_by(request), version=draft.version)
        tell(request, _("Not sent by itself any more. The words are a draft."))
    return _back(request, ticket, DraftKind.REPLY)


@desk_view("POST")
def move_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Let words typed for the customer go on as a note, or the other way round; nothing is said by that."""
    ticket, kind = find_ticket(request, number), _kind(request)
    other = DraftKind.NOTE if kind == DraftKind.REPLY else DraftKind.REPLY

    def move(draft: Draft) -> str:
        actions.move_draft(draft, other, by=_by(request), version=draft.version)
        if other == DraftKind.NOTE:
            return _("Moved to the note. Only your team will see it.")
        return _("Moved to the reply. %(name)s will read it once you send.") % {
            "name": ticket.requester.first_name
        }

    return _keep(request, ticket, _form(request), move, lands_in=other)


def keep_typed(request: HttpRequest, ticket: Ticket) -> HttpResponse | None:
    """Before the page is left for a while: save what the reply form holds, if anything. The page that says
    why that did not work, or None."""
    form = ReplyForm(request.POST, request.FILES)
    if not form.is_valid() and set(form.errors) == {"text"} and not request.POST.get("text", "").strip():
        return None
    response = _keep(request, ticket, form, lambda draft: "")
    return None if response.status_code == 303 else response


def _keep(
    request: HttpRequest, ticket: Ticket, form: ComposerForm, then: Any, *, lands_in: str = ""
) -> HttpResponse:
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
    for said in filter(None, words):
        tell(request, said)
    return _composer(request, ticket, lands_in or mode)


@desk_view("POST")
def discard_draft(request: HttpRequest, number: int) -> HttpResponse:
    """Throw the kept words away; what waited for its time is not sent."""
    ticket, kind = find_ticket(request, number), _kind(request)
    actions.discard_draft(ticket, by=_by(request), kind=kind)
    tell(request, _("Draft discarded"))
    return _back(request, ticket, kind)


def _back(request: HttpRequest, ticket: Ticket, kind: str) -> HttpResponse:
    """To the list of drafts, if the button stood there."""
    if request.POST.get("from") == "list":
        return see_other(reverse("desk:drafts"))
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
