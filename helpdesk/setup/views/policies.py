"""The policies: their order, and what each promises."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.setup import condition_forms, rows
from helpdesk.setup.base import page, press, reader, settle, setup_view
from helpdesk.setup.forms import Go
from helpdesk.setup.policy_forms import PolicyForm
from helpdesk.setup.ticket_trial import Told, TrialForm, tell
from sla import actions, trial
from sla.models import Policy
from sla.queries import policies_with_versions


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
    return _editor(request, None)


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_policy(request: HttpRequest, pk: int) -> HttpResponse:
    return _editor(request, get_object_or_404(Policy.objects.select_related("calendar"), pk=pk))


def _editor(request: HttpRequest, policy: Policy | None) -> HttpResponse:
    """The form of a policy. Each button but Save is a step that shows the form again and writes nothing."""
    if request.method != "POST":
        return _drawn(request, PolicyForm(policy=policy))
    do = request.POST.get("do", "save")
    form = PolicyForm(request.POST, policy=policy)
    if do == "add" or do.startswith("remove-"):
        return _drawn(request, _changed(form, do))
    if do == "test":
        return _tested(request, form)
    return settle(
        request,
        form,
        partial(_save, form, request),
        to=lambda: reverse("setup:hours"),
        said=_("Policy saved") if policy else _("Policy added"),
        again=lambda status: _drawn(request, form, status),
    )


def _changed(form: PolicyForm, do: str) -> PolicyForm:
    """The form with a row more or less; the focus goes where the next word is said."""
    data: Any = form.data
    focus = "condition"
    if do == "add":
        values = {"field": data.get("condition", ""), "operator": "is"}
        data, number = rows.add(data, condition_forms.PREFIX, values)
        focus = f"{condition_forms.PREFIX}-{number}-operator"
    elif match := re.fullmatch(r"remove-([a-z])-(\d{1,4})", do):
        data = rows.remove(data, match[1], int(match[2]))
    drawn = form.redrawn(data)
    if focus in drawn.fields:
        drawn.fields[focus].widget.attrs["autofocus"] = True
    return drawn


def _tested(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    """What the policies with this draft among them would do with a ticket."""
    asked = TrialForm(request.POST)
    told = None
    if form.is_valid() and asked.is_valid():
        said, policy = form.cleaned_data, form.policy
        try:
            calendar = said["calendar"].latest.compiled
            drafted = trial.draft(said["name"], form.spec(), calendar, policy)
        except ValueError as refusal:
            form.add_error("name", str(refusal))
        else:
            told = tell(asked, trial.with_draft(trial.candidates(), drafted))
    asked.point_at_fault()
    return _drawn(request, form, 200 if told else 422, asked, told)


def _drawn(
    request: HttpRequest,
    form: PolicyForm,
    status: int = 200,
    asked: TrialForm | None = None,
    told: Told | None = None,
) -> HttpResponse:
    policy = form.policy
    return page(
        request,
        "policy_form",
        status,
        form=form,
        policy=policy,
        version=policy.latest if policy else None,
        title=policy.name if policy else _("New policy"),
        trial=asked or TrialForm(),
        told=told,
        back=reverse("setup:hours"),
    )


def _save(form: PolicyForm, request: HttpRequest) -> None:
    said, by = form.cleaned_data, reader(request)
    if form.policy is not None:
        actions.edit_policy(
            form.policy, by=by, name=said["name"], spec=form.spec(), calendar=said["calendar"]
        )
        return
    # Behind one that takes every ticket a policy with conditions would never be asked.
    saved = policies_with_versions() if said["conditions"] else []
    before = next((row for row, version in saved if row.is_active and not version.conditions), None)
    actions.create_policy(said["name"], form.spec(), calendar=said["calendar"], by=by, before=before)
