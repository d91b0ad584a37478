"""Several tickets of the queue changed at once, and taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from helpdesk.desk import listing
from helpdesk.desk.base import desk_view, see_other, tell
from helpdesk.desk.bulk import asked_change, asked_tickets, told
from helpdesk.desk.rail import rail
from helpdesk.desk.views.queue import queue_page
from helpdesk.desk.where import where_of
from tickets import access, actions, jobs
from tickets.actions.bulk import AT_ONCE
from tickets.models import BulkOutcome, BulkTicket, Job, JobState

SHOWN = 100


@desk_view("POST")
def change(request: HttpRequest) -> HttpResponse:
    """Do one thing with the selected tickets; a refusal shows the queue again with the selection kept."""
    user, where = _by(request), where_of(request)
    tickets = asked_tickets(request, where)
    try:
        verb, value = asked_change(request)
        job = actions.change_many(tickets, verb, value, by=user)
    except ValueError as refusal:
        return queue_page(request, picked=tickets, notice=str(refusal), status=422)
    return _run(request, job)


@desk_view("POST")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back what the change did, except what somebody changed since."""
    try:
        job = actions.undo_many(_one(request, pk), by=_by(request))
    except actions.NotAllowed as refusal:
        messages.error(request, str(refusal))
        return see_other(_page_of(request, pk))
    return _run(request, job)


@desk_view("POST")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Between two tickets; what was changed before stays changed, and can be put back."""
    actions.cancel_job(_one(request, pk), by=_by(request))
    return see_other(_page_of(request, pk))


@desk_view()
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a change is and what came of it. The page asks itself anew until it is finished."""
    job = _one(request, pk)
    undone = job.kind == "tickets.undo_bulk"
    change = Job.objects.get(pk=job.arguments["of"]) if undone else job
    outcomes = (BulkOutcome.LEFT,) if undone else (BulkOutcome.SKIPPED,)
    left = BulkTicket.objects.filter(job=change, outcome__in=outcomes).order_by("ticket")
    where = where_of(request)
    context = {
        "area": "queue",
        "job": job,
        "is_undo": undone,
        "told": told(job) if job.state == JobState.DONE else "",
        "left": list(left.filter(ticket__in=access.worked_by(request.user)).select_related("ticket")[:SHOWN]),
        "may_undo": not undone and job.is_finished and job.done > 0,
        "rail_items": rail(request),
        "where": where,
    }
    response = render(request, "desk/bulk.html", context)
    if request.headers.get("HX-Request") and job.is_finished:
        trigger_client_event(response, "say", {"text": context["told"] or job.get_state_display()})
    return response


def _run(request: HttpRequest, job: Job) -> HttpResponse:
    """Do a small job now and go back to the list with its result; of a large one show the progress."""
    if (job.total or 0) <= AT_ONCE:
        jobs.run(job.pk)
        job.refresh_from_db()
    if job.state != JobState.DONE:
        return see_other(_page_of(request, job.pk))
    where, changed = where_of(request), (job.result or {})["counts"].get(BulkOutcome.CHANGED, 0)
    back = reverse("desk:bulk-undo", args=[job.pk]) + f"?view={where.address}" if changed else ""
    tell(request, told(job), back)
    after = listing.Key.parse(request.GET.get("after", ""))
    return see_other(f"{where.path}&after={after}" if after else where.path)


def _page_of(request: HttpRequest, pk: int) -> str:
    return f"{reverse('desk:bulk-one', args=[pk])}?view={where_of(request).address}"


def _one(request: HttpRequest, pk: int) -> Job:
    job = access.bulk_visible_to(request.user).filter(pk=pk).first()
    if job is None:
        raise Http404(_("There is no such change."))
    return job


def _by(request: HttpRequest) -> Any:
    return request.user
