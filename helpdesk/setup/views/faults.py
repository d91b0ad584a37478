"""What was put aside because it could not be done: clocks, escalations and long work, with the reason."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.setup import queries
from helpdesk.setup.base import page, press, reader, setup_view
from helpdesk.setup.forms import Nothing
from sla import actions
from sla.models import Clock, Escalation


@setup_view()
def faults(request: HttpRequest) -> HttpResponse:
    """Per kind: how many, which ones first, why, and the way to try again."""
    return page(request, "faults", piles=queries.put_aside(), bare=Nothing())


@setup_view("POST")
def faults_clock_again(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.retry_clock, get_object_or_404(Clock, pk=pk), by=reader(request))
    return press(request, act, reverse("setup:faults"), _("This clock is checked again now"))


@setup_view("POST")
def faults_clocks_again(request: HttpRequest) -> HttpResponse:
    act = partial(actions.retry_clocks, by=reader(request))
    return press(request, act, reverse("setup:faults"), _("All clocks are checked again now"))


@setup_view("POST")
def faults_escalation_again(request: HttpRequest, pk: int) -> HttpResponse:
    act = partial(actions.retry_escalation, get_object_or_404(Escalation, pk=pk), by=reader(request))
    return press(request, act, reverse("setup:faults"), _("This is tried again now"))
