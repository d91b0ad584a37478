"""What may have gone wrong: the causes of recovery cases."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from feedback import actions, queries
from feedback.models import Cause
from feedback.words import own
from helpdesk.setup.base import form_page, page, press, reader, setup_view
from helpdesk.setup.cause_forms import CauseForm
from helpdesk.setup.forms import Go, Nothing


@setup_view()
def surveys_causes(request: HttpRequest) -> HttpResponse:
    """The causes in the order in which they are offered, with the focus on one that was just moved."""
    rows = [(cause, own(cause.words)) for cause in queries.causes()]
    moved = request.GET.get("moved", ""), request.GET.get("went", "")
    return page(request, "causes", causes=rows, moved=moved, bare=Nothing())


@setup_view("GET", "HEAD", "POST")
def surveys_causes_new(request: HttpRequest) -> HttpResponse:
    form = CauseForm(request.POST if request.method == "POST" else None)
    del form.fields["is_active"]

    def save() -> None:
        actions.create_cause(form.names(), by=reader(request))

    return form_page(request, form, save, _("New cause"), _("Add cause"), "surveys_causes", _("Cause added"))


@setup_view("GET", "HEAD", "POST")
def surveys_causes_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Cause, pk=pk)
    form = CauseForm(request.POST if request.method == "POST" else None, initial=CauseForm.of(row))

    def save() -> None:
        is_active = form.cleaned_data["is_active"]
        actions.edit_cause(row, by=reader(request), words=form.names(), is_active=is_active)

    return form_page(request, form, save, own(row.words), _("Save cause"), "surveys_causes", _("Cause saved"))


@setup_view("POST")
def surveys_causes_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a cause one place earlier or later."""
    row = get_object_or_404(Cause, pk=pk)
    up = request.POST.get("go") == "up"
    act = partial(actions.move_cause, row, by=reader(request), up=up)
    to = f"{reverse('setup:surveys_causes')}?moved={pk}&went={'up' if up else 'down'}"
    return press(request, act, to, _("Order saved"), Go(request.POST))
