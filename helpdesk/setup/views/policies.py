"""The policies: their order, and what each promises."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.setup.base import form_page, press, reader, setup_view
from helpdesk.setup.forms import Go
from helpdesk.setup.sla_forms import PolicyForm
from sla import actions
from sla.models import Policy


@setup_view("POST", overseers=True)
def hours_policy_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a policy one place earlier or later; the list comes back with the focus on the moved row."""
    row = get_object_or_404(Policy, pk=pk)
    up = request.POST.get("go") == "up"
    act = partial(actions.move_policy, row, by=reader(request), up=up)
    to = f"{reverse('setup:hours')}?moved={pk}&went={'up' if up else 'down'}"
    said = _("“%(name)s” is asked earlier now") if up else _("“%(name)s” is asked later now")
    return press(request, act, to, said % {"name": row.name}, Go(request.POST))


@setup_view("POST", overseers=True)
def hours_policy_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a policy no longer, or again."""
    row = get_object_or_404(Policy, pk=pk)
    on = request.POST.get("go") == "on"
    act = partial(actions.edit_policy, row, by=reader(request), is_active=on)
    said = _("“%(name)s” is asked again") if on else _("“%(name)s” is not asked any more")
    return press(request, act, reverse("setup:hours"), said % {"name": row.name}, Go(request.POST))


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_policy_new(request: HttpRequest) -> HttpResponse:
    form = PolicyForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = form.cleaned_data
        actions.create_policy(said["name"], form.spec({}), calendar=said["calendar"], by=reader(request))

    return form_page(
        request,
        form,
        save,
        _("New policy"),
        _("Add policy"),
        "hours",
        _("Policy added"),
        template="policy_form",
    )


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_policy(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Policy, pk=pk)
    form = PolicyForm(request.POST if request.method == "POST" else None, initial=PolicyForm.of(row))

    def save() -> None:
        said = form.cleaned_data
        spec = form.spec(row.latest.spec)
        actions.edit_policy(row, by=reader(request), name=said["name"], spec=spec, calendar=said["calendar"])

    return form_page(
        request,
        form,
        save,
        row.name,
        _("Save targets"),
        "hours",
        _("Targets saved"),
        template="policy_form",
        policy=row,
    )
