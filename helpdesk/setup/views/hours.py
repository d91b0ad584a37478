"""Calendars, and the list of policies that count in them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.company import company
from helpdesk.setup import calendar_words, policy_words
from helpdesk.setup.base import page, press, reader, setup_view
from helpdesk.setup.forms import Nothing
from helpdesk.setup.ticket_trial import TrialForm, tell
from sla import actions, trial


@setup_view(overseers=True)
def hours(request: HttpRequest) -> HttpResponse:
    """The policies in their order, and the calendars in which they count."""
    rows, takes_all = policy_words.listed()
    moved, went = request.GET.get("moved", ""), request.GET.get("went", "")
    asked = TrialForm(request.GET if "t-channel" in request.GET else None)
    return page(
        request,
        "hours",
        policies=rows,
        takes_all=takes_all,
        calendars=calendar_words.listed(rows),
        trial=asked,
        told=tell(asked, trial.candidates()) if asked.is_bound and asked.is_valid() else None,
        focus=focused_button([row.policy.pk for row in rows], moved, went),
        bare=Nothing(),
    )


def focused_button(order: list[int], moved: str, went: str) -> tuple[int, str]:
    """Which policy's button has the focus after a move: the one that was pressed, at an end the other."""
    if not moved.isdecimal() or int(moved) not in order:
        return (0, "")
    pk = int(moved)
    if went == "up":
        return (pk, "down" if pk == order[0] else "up")
    return (pk, "up" if pk == order[-1] else "down")


@setup_view("POST", overseers=True)
def hours_defaults(request: HttpRequest) -> HttpResponse:
    """What a new installation starts with; what exists is left alone."""

    def install() -> None:
        actions.install_defaults(by=reader(request), zone=company().time_zone)

    return press(request, install, reverse("setup:hours"), _("Office hours and standard targets added"))
