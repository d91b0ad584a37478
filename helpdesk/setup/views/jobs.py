"""Long work: what runs, how far it is, what came of it; stopping it and trying it again."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from helpdesk.setup.base import page, press, reader, setup_view
from helpdesk.setup.forms import Nothing
from helpdesk.setup.job_words import kind_of, titles
from tickets import access, actions
from tickets.models import Job

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
    response = page(request, "job", **context)
    if request.headers.get("HX-Request") and job.is_finished:
        trigger_client_event(response, "say", {"text": job.get_state_display()})
    return response


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
