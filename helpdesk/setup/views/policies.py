"""The policies: their order, and what each promises."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.setup import condition_forms, dry_run, escalation_forms, rows
from helpdesk.setup.base import page, press, reader, see, settle, setup_view
from helpdesk.setup.forms import Go
from helpdesk.setup.policy_forms import PolicyForm
from helpdesk.setup.simulating import PeriodForm, start
from helpdesk.setup.ticket_trial import Told, TrialForm, tell
from sla import actions, trial
from sla.models import Policy
from sla.queries import policies_with_versions
from sla.recompute import preview
from tickets.models import Job


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
    if do.startswith(("add", "remove-")):
        return _drawn(request, _changed(form, do))
    if do == "test":
        return _tested(request, form)
    if do == "simulate":
        return _simulated(request, form)
    if do == "check" or (form.is_valid() and dry_run.must_look_first(form, _draft(form))):
        return _checked(request, form)
    return _saved(request, form)


def _saved(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    """Save, once; with open tickets the work on them begins, and its page is next."""
    jobs: list[Job] = []
    said = _("Policy saved") if form.policy else _("Policy added")
    return settle(
        request,
        form,
        partial(_save, form, request, jobs),
        to=lambda: reverse("setup:jobs_one", args=[jobs[0].pk]) if jobs else reverse("setup:hours"),
        said=said,
        again=lambda status: _drawn(request, form, status),
    )


def _checked(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    """What saving would do to open tickets."""
    if not form.is_valid():
        return _drawn(request, form, 422)
    look = partial(preview, policy=_placed(form), spec=form.spec(), calendar=form.cleaned_data["calendar"])
    try:
        seen = dry_run.run(look, _draft(form))
    except ValueError as refusal:
        form.add_error("name", str(refusal))
        return _drawn(request, form, 422)
    return _drawn(request, form.redrawn(_with(form, "checked", seen.checked)), seen=seen)


def _with(form: PolicyForm, name: str, value: str) -> QueryDict:
    """What was posted, one field set."""
    data: Any = form.data
    data = data.copy()
    data[name] = value
    return data


def _draft(form: PolicyForm) -> list[Any]:
    """All that saving a valid form would save."""
    said = form.cleaned_data
    return [said["name"], said["calendar"].pk, form.spec()]


def _first_for_all(conditions: list[Any]) -> Policy | None:
    """Where a new policy is put: before the first that takes every ticket, or it would never be asked."""
    saved = policies_with_versions() if conditions else []
    return next((row for row, version in saved if row.is_active and not version.conditions), None)


def _placed(form: PolicyForm) -> Policy | None:
    """The policy of a valid form: the one that is edited, or a new one, unsaved, where it would be put."""
    said, policy = form.cleaned_data, form.policy
    if policy is None and (before := _first_for_all(said["conditions"])) is not None:
        return Policy(name=said["name"], calendar=said["calendar"], position=before.position)
    return policy


def _changed(form: PolicyForm, do: str) -> PolicyForm:
    """The form with a row more or less; the focus goes where the next word is said."""
    data: Any = form.data
    focus = "condition"
    if do == "add":
        values = {"field": data.get("condition", ""), "operator": "is"}
        data, number = rows.add(data, condition_forms.PREFIX, values)
        focus = f"{condition_forms.PREFIX}-{number}-operator"
    elif do.startswith("add-level_"):
        prefix = do.removeprefix("add-")
        data, number = rows.add(data, prefix, escalation_forms.NEW_LEVEL)
        focus = f"{prefix}-{number}-place"
    elif match := re.fullmatch(r"remove-([a-z_]+)-(\d{1,4})", do):
        data = rows.remove(data, match[1], int(match[2]))
        left = rows.numbers(data, match[1])
        focus = f"{match[1]}-{left[-1]}-place" if left and match[1] != condition_forms.PREFIX else focus
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


def _simulated(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    """The draft tried on past tickets, in the background; the answer is its page."""
    period = PeriodForm(request.POST)
    if form.is_valid() and period.is_valid():
        said = form.cleaned_data
        try:
            job = start(request, period, said["once"], [(_placed(form), form.spec())], said["calendar"])
        except ValueError as refusal:
            form.add_error("name", str(refusal))
        else:
            return see(reverse("setup:jobs_one", args=[job]))
    return _drawn(request, form, 422, period=period)


def _drawn(
    request: HttpRequest,
    form: PolicyForm,
    status: int = 200,
    asked: TrialForm | None = None,
    told: Told | None = None,
    seen: dry_run.DryRun | None = None,
    period: PeriodForm | None = None,
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
        seen=seen,
        period=period or PeriodForm(),
        back=reverse("setup:hours"),
    )


def _save(form: PolicyForm, request: HttpRequest, jobs: list[Job]) -> None:
    said, by, policy = form.cleaned_data, reader(request), form.policy
    if policy is not None:
        actions.edit_policy(policy, by=by, name=said["name"], spec=form.spec(), calendar=said["calendar"])
    else:
        before = _first_for_all(said["conditions"])
        policy = actions.create_policy(
            said["name"], form.spec(), calendar=said["calendar"], by=by, before=before
        )
    if said["apply"] == dry_run.OPEN:
        jobs.append(actions.recompute_open(by, policy=policy))
