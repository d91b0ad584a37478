"""Working hours, and the targets that count in them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.company import company
from helpdesk.setup.base import form_page, page, press, reader, setup_view
from helpdesk.setup.forms import Nothing
from helpdesk.setup.sla_forms import CalendarForm, PolicyForm
from sla import actions
from sla.models import Calendar, Policy


@setup_view()
def hours(request: HttpRequest) -> HttpResponse:
    calendars = Calendar.objects.prefetch_related("versions", "policies").order_by("-is_default", "name")
    policies = Policy.objects.select_related("calendar").prefetch_related("versions")
    return page(
        request,
        "hours",
        calendars=[(row, CalendarForm(initial=CalendarForm.of(row))) for row in calendars],
        policies=[(row, PolicyForm(initial=PolicyForm.of(row))) for row in policies],
        bare=Nothing(),
    )


@setup_view("POST")
def hours_defaults(request: HttpRequest) -> HttpResponse:
    """What a new installation starts with; what exists is left alone."""

    def install() -> None:
        actions.install_defaults(by=reader(request), zone=company().time_zone)

    return press(request, install, reverse("setup:hours"), _("Office hours and standard targets added"))


@setup_view("GET", "HEAD", "POST")
def hours_calendar_new(request: HttpRequest) -> HttpResponse:
    given = {"timezone": company().time_zone}
    form = CalendarForm(request.POST if request.method == "POST" else None, initial=given)

    def save() -> None:
        actions.create_calendar(form.cleaned_data["name"], form.spec({}), by=reader(request))

    return form_page(
        request,
        form,
        save,
        _("New working hours"),
        _("Add working hours"),
        "hours",
        _("Working hours added"),
        template="calendar_form",
    )


@setup_view("GET", "HEAD", "POST")
def hours_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Calendar, pk=pk)
    form = CalendarForm(request.POST if request.method == "POST" else None, initial=CalendarForm.of(row))

    def save() -> None:
        spec = form.spec(row.latest.spec)
        actions.edit_calendar(row, by=reader(request), name=form.cleaned_data["name"], spec=spec)

    return form_page(
        request,
        form,
        save,
        row.name,
        _("Save working hours"),
        "hours",
        _("Working hours saved"),
        template="calendar_form",
        calendar=row,
    )


@setup_view("GET", "HEAD", "POST")
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
