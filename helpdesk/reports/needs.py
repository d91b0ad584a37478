"""What needs somebody now: five numbers, each the size of the list that it opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from helpdesk.models import Delivery
from helpdesk.reports.base import opens
from helpdesk.reports.cases import overdue_rows
from helpdesk.reports.filters import DIMENSIONS, Filters
from helpdesk.reports.waits import Wait
from helpdesk.times import clock_time, duration
from sla.queries import due_between, late
from tickets.models import UNRESOLVED_STATUSES, Status, Ticket

SOON = timedelta(hours=1)
NEEDS = ("late", "due-soon", "unassigned", "undelivered")


@dataclass(frozen=True)
class Need:
    """A number with its list and the one that presses most; `tone` is "late", "warn", "fault" or ""."""

    key: str
    name: str
    glyph: str
    count: int
    note: str
    opens: str
    tone: str


def need_rows(filters: Filters, key: str) -> list[Wait]:
    """The tickets that one of the numbers counts, most pressing first. No period: it is about now."""
    tickets = Ticket.objects.filter(
        filters.condition(team="team", agent="assignee", priority="priority", channel="channel", tag="tags")
    )
    now = filters.now
    if key == "late":
        tickets = late(tickets, now).order_by("due__due_at", "pk")
    elif key == "due-soon":
        tickets = due_between(tickets, now, now + SOON).order_by("due__due_at", "pk")
    elif key == "unassigned":
        working = (Status.NEW, Status.OPEN)
        tickets = tickets.filter(assignee=None, status__in=working).order_by("opened_at", "pk")
    else:
        failed = Delivery.objects.filter(state=Delivery.State.FAILED, message__public=True)
        tickets = tickets.filter(
            pk__in=failed.values("message__ticket"), status__in=UNRESOLVED_STATUSES
        ).order_by("opened_at", "pk")
    found = tickets.values_list(
        "pk", "due__due_at", "opened_at", "team_id", "assignee_id", "priority", "channel"
    )
    return [_row(key, now, row) for row in found]


def _row(key: str, now: Any, found: tuple[Any, ...]) -> Wait:
    pk, due_at, opened_at, team, agent, priority, channel = found
    at = due_at if key in ("late", "due-soon") and due_at else opened_at
    seconds = abs((now - at).total_seconds())
    return Wait(pk, seconds, False, "", at, team, agent, priority, channel, None, True)


def needs_now(reader: Any, filters: Filters) -> list[Need]:
    """The numbers of “Needs you now”."""
    rows, now = {key: need_rows(filters, key) for key in NEEDS}, filters.now

    def first(key: str) -> str:
        return duration(timedelta(seconds=rows[key][0].value)) if rows[key] else ""

    return [
        Need(
            "late",
            _("Late"),
            "alert",
            len(rows["late"]),
            _("oldest due %(time)s") % {"time": clock_time(rows["late"][0].at, now)}
            if rows["late"]
            else _("nothing is late"),
            opens(filters, "late"),
            "late" if rows["late"] else "",
        ),
        Need(
            "due-soon",
            _("Due within 1 h"),
            "clock",
            len(rows["due-soon"]),
            _("next in %(time)s") % {"time": first("due-soon")} if rows["due-soon"] else _("nothing is due"),
            opens(filters, "due-soon"),
            "warn" if rows["due-soon"] else "",
        ),
        Need(
            "unassigned",
            _("Unassigned"),
            "unassigned",
            len(rows["unassigned"]),
            _("oldest %(time)s") % {"time": first("unassigned")}
            if rows["unassigned"]
            else _("everything has an owner"),
            _queue("unassigned", filters) or opens(filters, "unassigned"),
            "",
        ),
        Need(
            "undelivered",
            _("Not delivered"),
            "mail",
            len(rows["undelivered"]),
            _("replies that did not arrive") if rows["undelivered"] else _("every reply arrived"),
            opens(filters, "undelivered"),
            "fault" if rows["undelivered"] else "",
        ),
        _overdue_cases(filters),
    ]


def _overdue_cases(filters: Filters) -> Need:
    rows = overdue_rows(filters)
    note = _("nobody waits for a word")
    if rows:
        due_at = filters.now - timedelta(seconds=rows[0].value)
        note = _("oldest due %(time)s") % {"time": clock_time(due_at, filters.now)}
    narrowed = any(getattr(filters, dimension) for dimension in DIMENSIONS)
    path = opens(filters, "overdue-cases") if narrowed else f"{reverse('reports:cases')}?show=overdue"
    tone = "fault" if rows else ""
    return Need("overdue-cases", _("Overdue cases"), "flag", len(rows), note, path, tone)


def _queue(view: str, filters: Filters) -> str:
    """The desk's own view, where it holds exactly the same tickets (a view knows no team)."""
    if filters.team:
        return ""
    try:
        return f"{reverse('desk:queue')}?view={view}"
    except NoReverseMatch:
        return ""
