"""Recovery cases: the list by due time, and one case with all that is done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from feedback import access as cases
from feedback import actions as feedback
from feedback.models import Survey
from feedback.queries import cause_names
from helpdesk.clock_words import sentence, sources_of
from helpdesk.context import path_of
from helpdesk.holding import hold_of
from helpdesk.once import KeyReused, once
from helpdesk.reports.base import frame, grouped, member_deed, member_view, opens, overseer_deed
from helpdesk.reports.case_forms import AnswerForm, ContactForm, OutcomeForm, OwnerForm
from helpdesk.reports.cases import SHOWN, listed, overdue, with_clock
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.relation import Key
from helpdesk.times import duration
from sla.queries import ledger_of_recovery
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.models import User
from tickets.queries import where_it_goes

PAGE = 50


# --- the list -------------------------------------------------------------------------------------------


@member_view
def recoveries(request: HttpRequest) -> HttpResponse:
    """Open cases by due time (or the overdue, or the closed ones); `after` is the key of the row before."""
    filters = read(request.GET, timezone.now())
    show = request.GET.get("show", "open")
    if show not in SHOWN:
        raise Http404
    mine = cases.cases_visible_to(request.user)
    rows = listed(mine, show, filters.now).select_related(
        "survey__answer", "survey__version", "survey__person", "ticket", "owner"
    )
    page = list(_behind(rows, show, request.GET.get("after", ""))[: PAGE + 1])
    context = frame(request, "cases", filters) | {
        "cases": [(row, _due(row, filters.now)) for row in page[:PAGE]],
        "tabs": _tabs(mine, show, filters.now),
        "show": show,
        "cause_names": cause_names() if show == "closed" else {},
        "older": _after(show, page[PAGE - 1]) if len(page) > PAGE else None,
        "newer": _address(show) if request.GET.get("after") else None,
    }
    if access.can_see_reports(request.user):
        context |= _figures(filters)
    return render(request, "reports/cases.html", context)


def _figures(filters: Filters) -> dict[str, Any]:
    loop, again = DEFINITIONS["cases"], DEFINITIONS["asked-again"]
    found = loop.relation(filters).sums((), ("cause",))
    opened, answered = found[()][()], again.relation(filters).sums(())[()][()]
    return {
        "causes": _causes(filters, found["cause",]),
        "loop_rate": Share(opened["loop-closed"], opened["all"]),
        "recovered": Share(answered["recovered"], answered["all"]),
        "definitions": (loop, again),
        "opens": {
            "opened": opens(filters, "cases"),
            "closed": opens(filters, "cases", "loop-closed"),
            "answered": opens(filters, "asked-again"),
            "recovered": opens(filters, "asked-again", "recovered"),
        },
    }


def _causes(filters: Filters, counts: dict[Key, dict[str, int]]) -> list[dict[str, Any]]:
    """What went wrong, in the order in which it is offered; nothing while no case has a cause."""
    if not any(cause for (cause,) in counts):
        return []
    lines = []
    for group in grouped(counts, "cause"):
        narrowed = filters.narrowed("cause", group.value)
        told = group.figure
        lines.append(
            {
                "name": group.name,
                "count": told["all"],
                "won_back": Share(told["won-back"], told["closed"]),
                "all": opens(narrowed, "cases"),
                "closed": opens(narrowed, "cases", "closed"),
                "won": opens(narrowed, "cases", "won-back"),
            }
        )
    return lines


def _tabs(mine: Any, show: str, now: datetime) -> list[tuple[str, str, int | None, bool]]:
    counts = {
        "open": mine.filter(closed_at=None).count(),
        "overdue": overdue(with_clock(mine), now).count(),
        "closed": None,
    }
    return [(_address(key), str(word), counts[key], key == show) for key, (word, _rows) in SHOWN.items()]


def _address(show: str, **more: str) -> str:
    asked = ({} if show == "open" else {"show": show}) | more
    return reverse("reports:cases") + (f"?{urlencode(asked)}" if asked else "")


def _after(show: str, row: Any) -> str:
    at = row.closed_at if show == "closed" else row.place_at
    return _address(show, after=f"{at.isoformat()}_{row.pk}")


def _behind(rows: Any, show: str, after: str) -> Any:
    """The rows behind the key of one; all of them for what is no key."""
    when, _sep, pk = after.rpartition("_")
    try:
        at = parse_datetime(when)
    except ValueError:
        return rows
    if at is None or timezone.is_naive(at) or not (pk.isascii() and pk.isdigit() and len(pk) < 18):
        return rows
    if show == "closed":
        return rows.filter(Q(closed_at__lt=at) | Q(closed_at=at, pk__lt=int(pk)))
    return rows.filter(Q(place_at__gt=at) | Q(place_at=at, pk__gt=int(pk)))


def _due(case: Any, now: datetime) -> tuple[str, str]:
    """How it stands with the contact: weight and words of a chip."""
    if case.reason:
        return "none", str(case.get_reason_display())
    if case.contacted_at is not None:
        late = case.breached_at is not None
        return ("was-late", _("contacted late")) if late else ("met", _("contacted in time"))
    if case.closed_at is not None:
        return "none", _("no contact")
    if case.due_at is None:
        return "none", ""
    span = {"time": duration(abs(case.due_at - now))}
    return ("late", _("%(time)s late") % span) if case.due_at < now else ("plain", _("%(time)s left") % span)


# --- one case -------------------------------------------------------------------------------------------


@member_view
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The score and the words, who sees to it, until when, and what was done."""
    return _page(request, _found(request, pk))


def _found(request: HttpRequest, pk: int) -> Any:
    rows = with_clock(cases.cases_visible_to(request.user)).select_related(
        "survey__answer",
        "survey__version__definition",
        "survey__person",
        "ticket__team",
        "ticket__requester",
        "owner",
        "rated",
        "contacted_by",
        "closed_by",
        "asked_again__answer",
        "asked_again__version",
    )
    return get_object_or_404(rows, pk=pk)


def _page(request: HttpRequest, row: Any, *, status: int = 200, **given: Any) -> HttpResponse:
    filters = read({}, timezone.now())
    user: Any = request.user
    told = ledger_of_recovery(row.ticket, row.instance, filters.now)
    people = list(cases.owners_for(row)) if cases.can_assign_case(user, row) else []
    context = frame(request, "cases", filters) | {
        "case": row,
        "due": _due(row, filters.now),
        "told": sentence(told, sources_of([told.reading], [])) if told and told.reading.is_open else "",
        "may_handle": cases.can_handle_case(user, row),
        "may_assign": bool(people),
        "outcome_form": OutcomeForm(case=row),
        "answer_form": AnswerForm(initial={"once": get_random_string(24)}),
        "contact_form": ContactForm(),
        "owner_form": OwnerForm(case=row, people=people),
        "again": getattr(row, "asked_again", None),
        "cause": cause_names().get(row.root_cause, row.root_cause) if row.root_cause else "",
        "problem": status != 200,
        "refused": "",
    }
    return render(request, "reports/case.html", context | given, status=status)


def _done(request: HttpRequest, pk: int, text: str, undo: str = "") -> HttpResponseRedirect:
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
    return HttpResponseRedirect(reverse("reports:case", args=[pk]))


def _refused(request: HttpRequest, pk: int, refusal: Exception, **given: Any) -> HttpResponse:
    return _page(request, _found(request, pk), status=409, refused=str(refusal), **given)


@member_deed
def record_outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the case with what became of it."""
    row = _found(request, pk)
    form = OutcomeForm(request.POST, case=row)
    if not form.is_valid():
        return _page(request, row, status=422, outcome_form=form)
    try:
        feedback.close_case(row, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
    except (NotAllowed, ValueError) as refusal:
        return _refused(request, pk, refusal, outcome_form=form)
    return _done(request, pk, _("Outcome recorded"))


@member_deed
def note_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that the customer was spoken to."""
    row = _found(request, pk)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _page(request, row, status=422, contact_form=form)
    try:
        feedback.contact(row, form.cleaned_data["how"], by=request.user)  # type: ignore[arg-type]
    except NotAllowed as refusal:
        return _refused(request, pk, refusal)
    return _done(request, pk, _("Contact noted"))


@member_deed
def answer_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Words to the customer on the ticket, which is the contact, or (`as=note`) to the team."""
    row = _found(request, pk)
    form = AnswerForm(request.POST)
    user: Any = request.user
    is_note = request.POST.get("as") == "note"
    if not form.is_valid():
        return _page(request, row, status=422, answer_form=form)
    text = form.cleaned_data["text"]

    def say() -> dict[str, int]:
        ticket = where_it_goes(row.ticket)
        if is_note:
            return {"ticket": ticket.pk, "message": actions.add_note(ticket, text, by=user).pk}
        message = feedback.answer_customer(row, text, by=user, hold=hold_of(user))
        return {"ticket": message.ticket_id, "message": message.pk}

    key = f"case:{row.pk}:{form.cleaned_data['once']}"
    try:
        said, _repeated = once(f"user:{user.pk}", key, f"{is_note}:{text}".encode(), say)
    except KeyReused:
        words = _("This form was sent already, with other words. These have not been sent yet.")
        fresh = AnswerForm({"once": get_random_string(24), "text": text})
        return _refused(request, pk, NotAllowed(words), answer_form=fresh)
    except (NotAllowed, ValueError) as refusal:
        return _refused(request, pk, refusal, answer_form=form)
    if is_note:
        return _done(request, pk, _("Note added"))
    desk = path_of("desk:queue")
    undo = f"{desk}tickets/{said['ticket']}/messages/{said['message']}/withdraw/" if desk else ""
    return _done(request, pk, _("Reply sent"), undo)


@overseer_deed
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the case to somebody, who was not rated."""
    row = _found(request, pk)
    form = OwnerForm(request.POST, case=row, people=cases.owners_for(row))
    if not form.is_valid():
        return _page(request, row, status=422, owner_form=form)
    owner = User.objects.filter(pk=form.cleaned_data["owner"] or 0).first()
    try:
        feedback.assign_case(row, owner, by=request.user)  # type: ignore[arg-type]
    except NotAllowed as refusal:
        return _refused(request, pk, refusal)
    return _done(request, pk, _("Owner changed"))


@member_deed
def ask_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the survey to the customer once more."""
    row = _found(request, pk)
    try:
        feedback.ask_again(row, by=request.user)  # type: ignore[arg-type]
    except NotAllowed as refusal:
        return _refused(request, pk, refusal)
    return _done(request, pk, _("The survey will be sent again"))


@overseer_deed
def open_case(request: HttpRequest, survey: int) -> HttpResponse:
    """Open a case about a comment that is reason enough."""
    row = get_object_or_404(Survey.objects.filter(ticket__deleted_at=None), pk=survey)
    try:
        opened = feedback.open_case(row, by=request.user)  # type: ignore[arg-type]
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("reports:feedback"))
    return HttpResponseRedirect(reverse("reports:case", args=[opened.pk]))
