"""The page behind a survey's link. Opening it records nothing, by whatever it is opened: its button does."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from feedback import actions, asking, queries
from feedback.models import Survey
from helpdesk.limits import wait_for
from helpdesk.models import SupportAddress
from helpdesk.surveys.forms import AnswerForm
from helpdesk.surveys.links import by_token

ANSWERS_PER_HOUR = 30

_by_token = by_token(queries.survey_by_token)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_by_token
def survey(request: HttpRequest, token: str, survey: Survey) -> HttpResponse:
    """The question. A link of the mail preselects its rating; only a POST records."""
    if not queries.is_open(survey, timezone.now()):
        return _closed(request, survey)
    if request.method == "POST":
        return _record(request, token, survey)
    return _question(request, survey, asking.answered(survey) | _preselected(request, survey))


def _preselected(request: HttpRequest, survey: Survey) -> dict[str, Any]:
    clicked = request.GET.get("score", "")
    low, high = survey.version.scale
    is_rating = clicked.isascii() and clicked.isdigit() and len(clicked) < 3 and low <= int(clicked) <= high
    return {asking.SCORE: clicked} if is_rating else {}


def _record(request: HttpRequest, token: str, survey: Survey) -> HttpResponse:
    form = AnswerForm(request.POST, version=survey.version)
    if not form.is_valid():
        return _question(request, survey, form.typed, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    wait = wait_for("survey", survey.pk, limit=ANSWERS_PER_HOUR, per=timedelta(hours=1))
    if wait:
        response = _question(request, survey, form.typed, wait=wait, status=HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(int(wait.total_seconds()))
        return response
    try:
        actions.answer(survey, user_agent=request.headers.get("User-Agent", ""), **form.cleaned_data)
    except actions.Closed:
        return _closed(request, survey)
    return HttpResponseRedirect(reverse("surveys:thanks", args=[token]))


def _question(
    request: HttpRequest,
    survey: Survey,
    given: dict[str, Any],
    *,
    form: AnswerForm | None = None,
    wait: timedelta | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    errors = {name: [str(each) for each in told] for name, told in form.errors.items()} if form else {}
    context = {
        "survey": survey,
        "asked": asking.asked(survey, given, errors),
        "form": form,
        "wait": wait,
        "problem": bool(errors),
    }
    return render(request, "survey/question.html", context, status=status)


@require_http_methods(["GET", "HEAD"])
@_by_token
def thanks(request: HttpRequest, token: str, survey: Survey) -> HttpResponse:
    """What was recorded, and until when it can be changed."""
    if survey.answer is None:
        return HttpResponseRedirect(reverse("surveys:survey", args=[token]))
    context = {
        "survey": survey,
        "told": asking.told(survey),
        "is_open": queries.is_open(survey, timezone.now()),
        "change_path": reverse("surveys:survey", args=[token]),
    }
    return render(request, "survey/thanks.html", context)


def _closed(request: HttpRequest, survey: Survey) -> HttpResponse:
    ours = SupportAddress.objects.filter(is_active=True).order_by("pk")
    address = ours.filter(team=survey.ticket.team_id).first() if survey.ticket else ours.first()
    context = {"survey": survey, "address": address.address if address else ""}
    return render(request, "survey/closed.html", context, status=HTTPStatus.GONE)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_by_token
def stop(request: HttpRequest, token: str, survey: Survey) -> HttpResponse:
    """Ask this person nothing any more. The button says it, or a mail program's own (RFC 8058): a POST."""
    if request.method == "POST":
        actions.decline(survey)
    return render(request, "survey/stop.html", {"survey": survey, "is_done": request.method == "POST"})
