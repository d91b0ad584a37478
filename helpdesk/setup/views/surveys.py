"""Surveys: which there are, in which order they are asked, and what each asks of whom."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from feedback import actions, asking, queries
from feedback.models import Kind, SurveyDefinition
from helpdesk.setup import condition_forms, rows
from helpdesk.setup.base import page, press, reader, settle, setup_view
from helpdesk.setup.forms import Go, Nothing
from helpdesk.setup.policy_words import Names, sentence
from helpdesk.setup.survey_forms import ALL, PREFIX, SurveyForm


@setup_view()
def surveys(request: HttpRequest) -> HttpResponse:
    """Every survey in the order in which they are asked, and for which tickets each is."""
    versions = [(row, queries.latest_version(row)) for row in queries.definitions()]
    names = Names.for_conditions(each for _row, version in versions for each in version.conditions)
    listed = [(row, version, sentence(version.conditions, names)) for row, version in versions]
    return page(request, "surveys", listed=listed, kinds=Kind.choices, bare=Nothing())


@setup_view("POST")
def surveys_defaults(request: HttpRequest) -> HttpResponse:
    """Make the standard survey a row, so that it can be changed."""
    act = partial(actions.install_standard_survey, by=reader(request))
    return press(request, act, reverse("setup:surveys"), _("The standard survey can be changed now"))


@setup_view("POST")
def surveys_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a survey one place earlier or later."""
    row = get_object_or_404(SurveyDefinition, pk=pk)
    up = request.POST.get("go") == "up"
    act = partial(actions.move_survey, row, by=reader(request), up=up)
    said = _("“%(name)s” is asked earlier now") if up else _("“%(name)s” is asked later now")
    return press(request, act, reverse("setup:surveys"), said % {"name": row.name}, Go(request.POST))


@setup_view("POST")
def surveys_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a survey no longer, or again."""
    row = get_object_or_404(SurveyDefinition, pk=pk)
    on = request.POST.get("go") == "on"
    act = partial(actions.switch_survey, row, on, by=reader(request))
    said = _("“%(name)s” is asked from now on") if on else _("“%(name)s” is not asked any more")
    return press(request, act, reverse("setup:surveys"), said % {"name": row.name}, Go(request.POST))


@setup_view("GET", "HEAD", "POST")
def surveys_new(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in Kind.values:
        raise Http404
    return _editor(request, partial(SurveyForm, kind=kind))


@setup_view("GET", "HEAD", "POST")
def surveys_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SurveyDefinition, pk=pk)
    version = queries.latest_version(row)
    return _editor(request, partial(SurveyForm, kind=row.kind, definition=row, version=version))


def _editor(request: HttpRequest, make: partial[SurveyForm]) -> HttpResponse:
    """The form of a survey. Each button but Save is a step that shows the form again and writes nothing."""
    if request.method != "POST":
        return _drawn(request, make())
    form, do = make(request.POST), request.POST.get("do") or request.GET.get("do", "save")
    if do != "save":
        return _drawn(request, _changed(form, do))
    return settle(
        request,
        form,
        partial(_save, form, request),
        to=lambda: reverse("setup:surveys"),
        said=_("Survey saved. What is planned or out keeps its terms."),
        again=lambda status: _drawn(request, form, status),
    )


def _changed(form: SurveyForm, do: str) -> SurveyForm:
    """The form with a row more or less, the focus where the next word is said; or just as it was typed."""
    data: Any = form.data
    focus = ""
    if do == "add-question":
        values = {"kind": data.get("add", "text"), "put": ALL}
        data, number = rows.add(data, PREFIX, values)
        focus = f"{PREFIX}-{number}-put"
    elif do == "add":
        values = {"field": data.get("condition", ""), "operator": "is"}
        data, number = rows.add(data, condition_forms.PREFIX, values)
        focus = f"{condition_forms.PREFIX}-{number}-operator"
    elif match := re.fullmatch(r"remove-([a-z]+)-(\d{1,4})", do):
        data = rows.remove(data, match[1], int(match[2]))
        focus = "add" if match[1] == PREFIX else "condition"
    drawn = form.redrawn(data)
    if focus in drawn.fields:
        drawn.fields[focus].widget.attrs["autofocus"] = True
    return drawn


def _drawn(request: HttpRequest, form: SurveyForm, status: int = 200) -> HttpResponse:
    definition = form.definition
    kind = Kind(form.kind).label
    return page(
        request,
        "survey_form",
        status,
        form=form,
        definition=definition,
        version=form.version,
        kind=kind,
        title=definition.name if definition else _("New survey: %(kind)s") % {"kind": kind},
        back=reverse("setup:surveys"),
        **_preview(form),
    )


def _preview(form: SurveyForm) -> dict[str, Any]:
    """The page as customers will see it, from what was typed so far, in the language that is looked at."""
    typed = rows.typed(form) if isinstance(form.data, QueryDict) and form.is_bound else form.initial
    language = str(typed.get("language") or (get_language() or "")[:2])
    if language not in dict(form.fields["language"].choices):  # type: ignore[attr-defined]
        language = form.fields["language"].choices[0][0]  # type: ignore[attr-defined]
    subject = "" if form.kind == Kind.NPS else "Refund missing"
    with override(language):
        asked = asking.put(form.questions(typed), {}, {}, subject)
    return {"asked": asked, "shown_in": language}


def _save(form: SurveyForm, request: HttpRequest) -> None:
    by, name, terms = reader(request), form.cleaned_data["name"], form.terms_said()
    if form.definition is None:
        actions.create_survey(name, form.kind, by=by, **terms)
        return
    actions.rename_survey(form.definition, name, by=by)
    actions.change_survey(form.definition, by=by, **terms)
