"""Calendars: a month with its hours, and the forms that change them. A change is a new version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk.company import company
from helpdesk.setup import dry_run, durations, month
from helpdesk.setup.base import page, press, reader, see, settle, setup_view
from helpdesk.setup.calendar_forms import CalendarForm, DayForm, DaysForm, FileForm, SourceForm
from helpdesk.setup.calendar_words import ranges_words, week
from helpdesk.setup.forms import Go, Nothing
from helpdesk.setup.simulating import PeriodForm, start
from sla import actions, days_off
from sla.calendar import WorkingCalendar, compile_calendar
from sla.calendar_edits import KEPT_AHEAD, with_day, with_days_off, without_day, without_source
from sla.models import Calendar, CalendarVersion
from sla.recompute import preview
from tickets.models import Job

YEARS = range(2000, 2100)
VERSIONS_SHOWN = 20

Draw = Callable[..., HttpResponse]


@setup_view(overseers=True)
def hours_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """A calendar as a month, in its own zone; an older version on request."""
    row = get_object_or_404(Calendar, pk=pk)
    versions = list(row.versions.select_related("created_by").order_by("-number")[:VERSIONS_SHOWN])
    shown = _version(row, versions, request.GET.get("version", ""))
    compiled, now = shown.compiled, timezone.now()
    today = compiled.local(now).date()
    return page(
        request,
        "calendar",
        calendar=row,
        version=shown,
        is_latest=shown.number == versions[0].number,
        versions=versions,
        month=month.month_of(compiled, _month(request.GET.get("month", ""), today)),
        today=today,
        week=week(compiled.spec),
        change=month.clock_change(compiled, now),
        days_off=month.next_days_off(compiled, today),
        sources=_sources(shown.spec.get("sources") or []),
        bare=Nothing(),
        users=list(row.policies.order_by("position", "pk")),
        trial=_tried(request, compiled, now),
    )


def _sources(sources: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Whose public holidays a calendar has: the key of each source, its name, its last year."""
    names = dict(days_off.countries())
    found = []
    for source in sources:
        country, region = source["country"], source["region"]
        places = dict(days_off.regions(country)) if country in names else {}
        words = [names.get(country, country), *([places.get(region, region)] if region else [])]
        found.append((f"{country}/{region}", ", ".join(words), source["until"]))
    return found


@setup_view("POST", overseers=True)
def hours_calendar_source_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Renew the public holidays of a country or region no longer; those that are there stay."""
    row = get_object_or_404(Calendar, pk=pk)
    country, _slash, region = request.POST.get("go", "").partition("/")

    def stop() -> None:
        spec = without_source(row.latest.spec, country, region)
        actions.edit_calendar(row, by=reader(request), spec=spec)

    to = reverse("setup:hours_calendar", args=[pk])
    return press(request, stop, to, _("Not renewed any more; the days off stay"), Go(request.POST))


def _version(row: Calendar, versions: list[CalendarVersion], number: str) -> CalendarVersion:
    if not number:
        return versions[0]
    if not number.isdecimal():
        raise Http404
    return get_object_or_404(row.versions.select_related("created_by"), number=int(number[:9]))


def _month(text: str, today: date) -> date:
    """The first day of a month given as 2026-12; this month for anything else."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = today
    return (found if found.year in YEARS else today).replace(day=1)


def _tried(request: HttpRequest, calendar: WorkingCalendar, now: datetime) -> dict[str, Any]:
    """The box that tries a time: what was typed, and the answer or what is wrong with it."""
    amount, start = request.GET.get("amount", "").strip()[:40], request.GET.get("from", "").strip()[:40]
    typed = start or calendar.local(now).strftime("%Y-%m-%dT%H:%M")
    found: dict[str, Any] = {"amount": amount or "8 h", "start": typed, "answer": None, "fault": ""}
    if not amount:
        return found
    try:
        at = datetime.fromisoformat(typed)
        if at.year not in YEARS:
            raise ValueError(_("Enter a date between 2000 and 2099."))
        at = at.replace(tzinfo=at.tzinfo or calendar.zone).astimezone(UTC)
        found["answer"] = month.try_it(calendar, durations.parse(amount), at)
    except ValueError as error:
        invalid = "isoformat" in str(error)
        found["fault"] = _("Enter date and time, such as 2026-12-23 15:00.") if invalid else str(error)
    return found


# --- changing one ---------------------------------------------------------------------------------------


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_calendar_new(request: HttpRequest) -> HttpResponse:
    given = {"timezone": company().time_zone}
    form = CalendarForm(request.POST if request.method == "POST" else None, initial=given)
    made: list[Calendar] = []

    def save() -> None:
        said = form.cleaned_data
        row = actions.create_calendar(
            said["name"], form.spec({}), by=reader(request), is_default=said["is_default"]
        )
        made.append(row)

    def draw(status: int = 200, **more: Any) -> HttpResponse:
        title, word = _("New calendar"), _("Add calendar")
        context = {"form": form, "title": title, "word": word, "back": reverse("setup:hours"), "row": None}
        return page(request, "calendar_form", status, **context, seen=None)

    if request.method != "POST":
        return draw()
    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:hours_calendar", args=[made[0].pk]) if made else reverse("setup:hours"),
        said=_("Calendar added"),
        again=draw,
    )


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_calendar_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, zone and week."""
    row = get_object_or_404(Calendar, pk=pk)
    form = CalendarForm(request.POST if request.method == "POST" else None, initial=CalendarForm.of(row))
    words = {"title": _("Hours of %(name)s") % {"name": row.name}, "word": _("Save hours")}
    draw = _drawing(request, row, "calendar_form", words)
    if request.method != "POST":
        return draw(form)
    return _change(request, row, form, form.spec, draw, _("Hours saved"))


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_calendar_day(request: HttpRequest, pk: int) -> HttpResponse:
    """An exception on a date: a new one, another one, or none any more."""
    row = get_object_or_404(Calendar, pk=pk)
    day = _date(request.GET.get("date", ""))
    compiled = row.latest.compiled
    form = DayForm(request.POST if request.method == "POST" else None, initial=_exception(compiled, day))
    spec = compiled.spec
    words = {
        "title": _("An exception in %(name)s") % {"name": row.name},
        "word": _("Save exception"),
        "stands": day is not None and (day in spec.holidays or day in spec.date_hours),
    }
    draw = _drawing(request, row, "calendar_day", words)
    if request.method != "POST":
        return draw(form)
    removes = request.POST.get("do") == "remove"
    make = partial(_without, form) if removes else partial(_with, form)
    said = _("The usual hours hold again") if removes else _("Exception saved")
    return _change(request, row, form, make, draw, said)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _exception(calendar: WorkingCalendar, day: date | None) -> dict[str, Any]:
    """What stands on a date, as values of the form."""
    if day is None:
        return {}
    spec = calendar.spec
    hours = ranges_words(spec.date_hours[day]) if spec.date_hours.get(day) else ""
    return {"first": day, "name": spec.holidays.get(day) or spec.names.get(day, ""), "hours": hours}


def _with(form: DayForm, spec: dict[str, Any]) -> dict[str, Any]:
    said = form.cleaned_data
    for day in said["dates"]:
        spec = with_day(spec, day, said["name"].strip(), said["hours"])
    return spec


def _without(form: DayForm, spec: dict[str, Any]) -> dict[str, Any]:
    for day in form.cleaned_data["dates"]:
        spec = without_day(spec, day)
    return spec


# --- days off from outside ------------------------------------------------------------------------------


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_calendar_public(request: HttpRequest, pk: int) -> HttpResponse:
    """Public holidays of a country or region: looked at first, then copied."""
    row = get_object_or_404(Calendar, pk=pk)
    asked = SourceForm(request.GET if "country" in request.GET else None)
    form = DaysForm(request.POST if request.method == "POST" else None)
    found: dict[date, str] = {}
    if asked.is_bound and asked.is_valid():
        country, region = asked.cleaned_data["country"], asked.cleaned_data["region"]
        found = days_off.public_holidays(country, region, _years(), get_language() or "en")
        form.initial["source"] = f"{country}/{region}"
    words = {"title": _("Public holidays in %(name)s") % {"name": row.name}, "word": _("Add holidays")}
    draw = _drawing(
        request, row, "calendar_public", words | {"asked": asked, "known": _offer(form, row, found)}
    )
    if request.method != "POST":
        return draw(form)
    return _change(request, row, form, partial(_closed, form), draw, _("Holidays added"))


@setup_view("GET", "HEAD", "POST", overseers=True)
def hours_calendar_ical(request: HttpRequest, pk: int) -> HttpResponse:
    """Days off from an iCal file: looked at first, then copied."""
    row = get_object_or_404(Calendar, pk=pk)
    words: dict[str, Any] = {
        "title": _("Days off from a file"),
        "word": _("Add days off"),
        "found": None,
        "known": 0,
    }
    draw = _drawing(request, row, "calendar_ical", words | {"form_of_file": FileForm()})
    if request.method != "POST":
        return draw(DaysForm())
    if request.POST.get("do") != "read":
        form = DaysForm(request.POST)
        return _change(request, row, form, partial(_closed, form), draw, _("Days off added"))
    upload, form = FileForm(request.POST, request.FILES), DaysForm()
    draw = _drawing(request, row, "calendar_ical", words | {"form_of_file": upload})
    if not upload.is_valid():
        return draw(form, 422)
    years = _years()
    try:
        raw = upload.cleaned_data["file"].read()
        found = days_off.read_ical(raw, date(years[0], 1, 1), date(years[-1], 12, 31))
    except ValueError as refusal:
        upload.add_error("file", str(refusal))
        return draw(form, 422)
    known = _offer(form, row, found.days)
    if not found.days:
        upload.add_error("file", _nothing_found(found, years))
        return draw(form, 422)
    return draw(form, found=found, known=known)


def _nothing_found(found: days_off.FoundDays, years: range) -> str:
    words = {"first": years[0], "last": years[-1], "count": found.with_hours}
    if found.with_hours:
        return _("No whole day off: all %(count)s events in this file have hours of the day.") % words
    return _("This file has no day off in %(first)s or %(last)s.") % words


def _years() -> range:
    year = timezone.now().year
    return range(year, year + KEPT_AHEAD + 1)


def _offer(form: DaysForm, row: Calendar, found: dict[date, str]) -> int:
    """Let the reader choose among days that the calendar does not have; returns how many it has."""
    spec = row.latest.compiled.spec
    fresh = {
        day: name for day, name in found.items() if day not in spec.holidays and day not in spec.date_hours
    }
    if found:
        form.offer(fresh)
    elif form.is_bound:
        chosen = form.chosen if form.is_valid() else {}
        form.offer(chosen)
    return len(found) - len(fresh)


def _closed(form: DaysForm, spec: dict[str, Any]) -> dict[str, Any]:
    country, slash, region = form.cleaned_data["source"].partition("/")
    source = {"country": country, "region": region, "until": _years()[-1]} if slash else None
    if source:
        days_off.public_holidays(country, region, ())  # refuses what is unknown
    return with_days_off(spec, form.chosen, source)


# --- what all changes share -----------------------------------------------------------------------------


def _drawing(request: HttpRequest, row: Calendar, template: str, words: dict[str, Any]) -> Draw:
    """How the page of one change is drawn."""
    back = reverse("setup:hours_calendar", args=[row.pk])

    def draw(form: Any, status: int = 200, **more: Any) -> HttpResponse:
        context = {"seen": None, "row": row, "back": back, "period": PeriodForm()} | words | more
        return page(request, template, status, form=form, **context)

    return draw


def _simulated(
    request: HttpRequest, row: Calendar, form: Any, spec: dict[str, Any], draw: Draw
) -> HttpResponse:
    """The draft tried on past tickets, in the background; the answer is its page."""
    period = PeriodForm(request.POST)
    if not period.is_valid():
        return draw(form, 422, period=period)
    job = start(request, period, form.cleaned_data["once"], [], row, spec)
    return see(reverse("setup:jobs_one", args=[job]))


def _change(
    request: HttpRequest,
    row: Calendar,
    form: Any,
    make: Callable[[dict[str, Any]], dict[str, Any]],
    draw: Draw,
    said: str,
) -> HttpResponse:
    """Take a posted change: what it does to open tickets first if they are to be changed, then a version."""
    if not form.is_valid():
        return draw(form, 422)
    try:
        spec = make(row.latest.spec)
        compile_calendar(spec)
    except ValueError as refusal:
        form.add_error(form.blamed, str(refusal))
        return draw(form, 422)
    if request.POST.get("do") == "simulate":
        return _simulated(request, row, form, spec, draw)
    draft = [row.pk, spec]
    if request.POST.get("do") == "check" or dry_run.must_look_first(form, draft):
        seen = dry_run.run(partial(preview, calendar=row, calendar_spec=spec), draft)
        form.data = form.data.copy()
        form.data["checked"] = seen.checked
        return draw(form, seen=seen)
    jobs: list[Job] = []
    back = reverse("setup:hours_calendar", args=[row.pk])
    return settle(
        request,
        form,
        partial(_save, request, row, form, spec, jobs),
        to=lambda: reverse("setup:jobs_one", args=[jobs[0].pk]) if jobs else back,
        said=said,
        again=lambda status: draw(form, status),
    )


def _save(request: HttpRequest, row: Calendar, form: Any, spec: dict[str, Any], jobs: list[Job]) -> None:
    said, by = form.cleaned_data, reader(request)
    actions.edit_calendar(
        row, by=by, name=said.get("name") if isinstance(form, CalendarForm) else None, spec=spec,
        is_default=bool(said.get("is_default")),
    )  # fmt: skip
    if said["apply"] == dry_run.OPEN:
        jobs.append(actions.recompute_open(by, calendar=row))
