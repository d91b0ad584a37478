"""Reports by mail: asking for one on its page, one's own as a list, and the link in a mail that ends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from helpdesk.actions import report_mails
from helpdesk.models import ReportMail
from helpdesk.report_links import of_token
from helpdesk.reports.base import frame, overseer_deed, report_view, selects
from helpdesk.reports.digests import PARTS
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import PRESETS
from tickets.actions import NotAllowed


@dataclass(frozen=True)
class Line:
    """One mail as the list shows it: the page it tells of, and its question in words."""

    row: ReportMail
    path: str
    words: str


@report_view
def mails(request: HttpRequest) -> HttpResponse:
    """The reader's own, each with when it comes next."""
    user: Any = request.user
    filters = read({}, timezone.now())
    rows = user.report_mails.order_by("report", "pk")
    context = frame(request, "mails", filters) | {
        "lines": [Line(row, _path(row), _question(row)) for row in rows],
        "reader_zone": (zone := report_mails.zone_of(user)).key.replace("_", " "),
    }
    with timezone.override(zone):
        return render(request, "reports/mails.html", context)


def _filters(row: ReportMail) -> Filters:
    return _read(row.report, row.question)


def _read(report: str, question: Mapping[str, str]) -> Filters:
    definition = DEFINITIONS[PARTS[report][0]]
    return read(question, timezone.now(), by=definition.by, splits=definition.splits)


def _path(row: ReportMail) -> str:
    return reverse(f"reports:{row.report}") + _filters(row).query()


def _question(row: ReportMail) -> str:
    """The period, and whatever narrows it."""
    filters = _filters(row)
    chosen = [
        option.word
        for select in selects(filters, {}, basis=True)
        for option in select.options[1:]
        if option.is_chosen and select.name != "period"
    ]
    return ", ".join([str(PRESETS[filters.preset][0]), *chosen])


@overseer_deed
def subscribe(request: HttpRequest) -> HttpResponse:
    """Mail the page at hand, with its filters, to the reader. Dates that were chosen cannot come again: the
    period stays that of the choice beside them."""
    user: Any = request.user
    report, given = request.POST.get("report", ""), dict(parse_qsl(request.POST.get("question", "")))
    if report not in PARTS:
        raise Http404
    filters = _read(report, given)
    question = {name: value for name, value in filters.given().items() if name not in ("from", "to", "q")}
    try:
        row = report_mails.subscribe(user, report, question, request.POST.get("rhythm", ""))
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("reports:mails"))
    except ValueError as error:
        raise Http404 from error
    first = date_format(timezone.localtime(row.next_at, report_mails.zone_of(user)), _("l, j F, H:i"))
    words = {"report": row.get_report_display(), "day": first}
    messages.success(request, _("“%(report)s” comes by mail, first on %(day)s.") % words)
    return HttpResponseRedirect(reverse(f"reports:{report}") + filters.query())


def _own(request: HttpRequest, pk: int) -> ReportMail:
    user: Any = request.user
    return get_object_or_404(user.report_mails, pk=pk)


def _back(request: HttpRequest, words: str) -> HttpResponseRedirect:
    messages.success(request, words)
    return HttpResponseRedirect(reverse("reports:mails"))


@overseer_deed
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    report_mails.pause(_own(request, pk), by=user)
    return _back(request, _("Paused"))


@overseer_deed
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    report_mails.resume(_own(request, pk), by=user)
    return _back(request, _("Resumed"))


@overseer_deed
def end(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    report_mails.unsubscribe(_own(request, pk), by=user)
    return _back(request, _("You get this report by mail no more."))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """End one mail, for whoever holds it. The button says it, or a mail program's own (RFC 8058): a POST."""
    try:
        row = of_token(token)
    except BadSignature as error:
        raise Http404 from error
    if request.method == "POST" and row is not None:
        report_mails.unsubscribe(row, by=row.person)
        row = None
    return render(request, "reports/mail_stop.html", {"mail": row})
