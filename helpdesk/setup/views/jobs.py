"""Long work: what runs, how far it is, what came of it; stopping it and trying it again."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from helpdesk.setup.base import page, press, reader, see, setup_view
from helpdesk.setup.forms import Nothing
from helpdesk.setup.job_words import kind_of, titles
from helpdesk.setup.simulating import SimulateForm, start
from helpdesk.setup.simulation import simulation
from tickets import access, actions
from tickets.models import Job, JobState

SHOWN = 50


@setup_view(overseers=True)
def jobs(request: HttpRequest) -> HttpResponse:
    """The newest work, and whether it is done."""
    found = list(access.jobs_visible_to(request.user).select_related("asked_by").order_by("-pk")[:SHOWN])
    return page(request, "jobs", jobs=found, titles=titles(found), shown=SHOWN)


@setup_view(overseers=True)
def jobs_one(request: HttpRequest, pk: int) -> HttpResponse:
    """One piece of work. The page asks itself anew until it is finished, and then says so once."""
    job = _one(request, pk)
    kind = kind_of(job)
    context: dict[str, Any] = {"job": job, "kind": kind, "title": titles([job])[job.pk], "bare": Nothing()}
    if job.kind == "sla.simulate" and job.state == JobState.DONE:
        context["found"] = simulation(job, request.user)
    elif job.state == JobState.DONE:
        context["found"] = job.result
    response = page(request, "job", **context)
    if request.headers.get("HX-Request") and job.is_finished:
        trigger_client_event(response, "say", {"text": job.get_state_display()})
    return response


@setup_view("GET", "HEAD", "POST", overseers=True)
def jobs_simulate(request: HttpRequest) -> HttpResponse:
    """Saved policies, one or all, tried on past tickets; a draft is tried from its own form."""
    given = {"policy": request.GET.get("policy", "")}
    form = SimulateForm(request.POST if request.method == "POST" else None, initial=given)
    if request.method == "POST" and form.is_valid():
        try:
            job = start(request, form, form.cleaned_data["once"], form.drafts)
        except ValueError as refusal:
            form.add_error(None, str(refusal))
        else:
            return see(reverse("setup:jobs_one", args=[job]))
    context: dict[str, Any] = {"form": form, "title": _("Try on past tickets"), "button": _("Try")}
    context["back"] = reverse("setup:hours")
    return page(request, "simulate", 422 if form.errors else 200, **context)


@setup_view("POST", overseers=True)
def jobs_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.cancel_job, _one(request, pk), by=reader(request))
    return press(request, act, reverse("setup:jobs_one", args=[pk]), _("Cancelled"))


@setup_view("POST", overseers=True)
def jobs_again(request: HttpRequest, pk: int) -> HttpResponse:
    """From where it stopped."""
    act = partial(actions.retry_job, _one(request, pk), by=reader(request))
    return press(request, act, reverse("setup:jobs_one", args=[pk]), _("Taken up again"))


def _one(request: HttpRequest, pk: int) -> Job:
    return get_object_or_404(access.jobs_visible_to(request.user).select_related("asked_by"), pk=pk)
