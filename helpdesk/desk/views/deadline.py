"""A deadline set by hand, and given back to the policy. Plain forms: the page returns with the sheet open."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.instants import read_instant
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.views.change import given, path
from helpdesk.desk.views.ticket import Asked, ticket_page
from helpdesk.times import near
from sla import actions as sla_actions
from sla.models import Clock, MetricName
from tickets.actions import NotAllowed
from tickets.models import Ticket


@desk_view("POST")
def set_deadline(request: HttpRequest, number: int) -> HttpResponse:
    """Let a clock be due when `due_at` says (local time of the company, or with an offset)."""
    ticket, user = find_ticket(request, number), _by(request)
    asked = Asked(given(request, "metric"), given(request, "due_at"), given(request, "reason")[:2000], "")
    try:
        before = _clock(ticket, asked.metric)
        clock = sla_actions.set_deadline(
            ticket, asked.metric, read_instant(asked.due_at), by=user, reason=asked.reason
        )
    except NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    except ValueError as refusal:
        asked.problem = str(refusal)
        return ticket_page(request, find_ticket(request, number), asked=asked, status=422)
    assert clock.due_at is not None
    tell(request, _("Due %(time)s, set by hand") % {"time": near(clock.due_at)}, _back(ticket, before))
    return see_other(opened_at(request, clock))


@desk_view("POST")
def release_deadline(request: HttpRequest, number: int) -> HttpResponse:
    """Let the policy decide again."""
    ticket = find_ticket(request, number)
    try:
        before = _clock(ticket, given(request, "metric"))
        clock = sla_actions.release_deadline(ticket, given(request, "metric"), by=_by(request))
    except NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    tell(request, _("The policy decides the due time again"), _back(ticket, before))
    return see_other(opened_at(request, clock))


def opened_at(request: HttpRequest, clock: Clock) -> str:
    """The ticket with the sheet open at that clock."""
    address = with_view(request, clock.ticket_id)
    return f"{address}{'&' if '?' in address else '?'}why=1#clock-{clock.metric}"


def _clock(ticket: Ticket, metric: str) -> Clock | None:
    """The newest clock of a metric, as the page showed it."""
    if metric not in MetricName.values:
        raise NotAllowed(_("There is no such clock."))
    return Clock.objects.filter(ticket=ticket, metric=metric).order_by("-instance").first()


def _back(ticket: Ticket, before: Clock | None) -> str:
    """The path that undoes it."""
    if before is None or before.due_set_at is None or before.due_at is None:
        metric = before.metric if before else ""
        return path("release-deadline", ticket, f"?metric={metric}")
    due_at = before.due_at.isoformat().replace("+00:00", "Z")
    return path("set-deadline", ticket, f"?metric={before.metric}&due_at={due_at}")


def _by(request: HttpRequest) -> Any:
    return request.user
