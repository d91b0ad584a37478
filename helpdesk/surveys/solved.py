"""The page that asks whether a request stayed solved. Opening it records nothing: its button does."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from followup import actions, queries
from followup.actions.answering import LONGEST
from followup.models import FollowUp
from helpdesk.limits import wait_for
from helpdesk.surveys.links import by_token

ANSWERS_PER_HOUR = 30
YES, NO = "yes", "no"


class StayedForm(forms.Form):
    """The question, and room for what is wrong now."""

    stayed = forms.ChoiceField(
        label=gettext_lazy("Did it stay solved?"),
        choices=[
            (YES, gettext_lazy("Yes, it is still solved")),
            (NO, gettext_lazy("No, it came back. Open my request again.")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of the answers.")},
    )
    words = forms.CharField(
        label=gettext_lazy("What is wrong now?"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@by_token(queries.by_token)
def solved(request: HttpRequest, token: str, row: FollowUp) -> HttpResponse:
    """The question. A link of the mail preselects its answer; only a POST records."""
    if not queries.is_open(row, timezone.now()):
        return _closed(request, row)
    if request.method == "POST":
        return _record(request, token, row)
    chosen = request.GET.get("stayed", "") or {True: YES, False: NO, None: ""}[row.stayed]
    return _question(request, row, StayedForm(initial={"stayed": chosen}))


def _record(request: HttpRequest, token: str, row: FollowUp) -> HttpResponse:
    form = StayedForm(request.POST)
    if not form.is_valid():
        return _question(request, row, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    wait = wait_for("solved", row.pk, limit=ANSWERS_PER_HOUR, per=timedelta(hours=1))
    if wait:
        response = _question(request, row, form, wait=wait, status=HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(int(wait.total_seconds()))
        return response
    try:
        actions.answer(row, stayed=form.cleaned_data["stayed"] == YES, words=form.cleaned_data["words"])
    except actions.Closed:
        return _closed(request, row)
    return HttpResponseRedirect(reverse("surveys:solved_thanks", args=[token]))


def _question(
    request: HttpRequest, row: FollowUp, form: StayedForm, *, wait: timedelta | None = None, status: int = 200
) -> HttpResponse:
    subject = row.ticket.subject if row.ticket is not None and row.person.proven_at else ""
    asks = _("Did “%(subject)s” stay solved?") % {"subject": subject} if subject else _("Did it stay solved?")
    context: dict[str, Any] = {"row": row, "form": form, "wait": wait, "asks": asks}
    return render(request, "survey/solved.html", context | {"problem": bool(form.errors)}, status=status)


@require_http_methods(["GET", "HEAD"])
@by_token(queries.by_token)
def thanks(request: HttpRequest, token: str, row: FollowUp) -> HttpResponse:
    """What was recorded, and what becomes of it."""
    if row.stayed is None:
        return HttpResponseRedirect(reverse("surveys:solved", args=[token]))
    context = {
        "row": row,
        "is_open": queries.is_open(row, timezone.now()),
        "change_path": reverse("surveys:solved", args=[token]),
    }
    return render(request, "survey/solved_thanks.html", context)


def _closed(request: HttpRequest, row: FollowUp) -> HttpResponse:
    return render(request, "survey/solved_closed.html", {"row": row}, status=HTTPStatus.GONE)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@by_token(queries.by_token)
def stop(request: HttpRequest, token: str, row: FollowUp) -> HttpResponse:
    """Ask this person nothing any more, as the survey's own link does: a POST (RFC 8058)."""
    if request.method == "POST":
        actions.decline(row)
    return render(request, "survey/stop.html", {"is_done": request.method == "POST"})
