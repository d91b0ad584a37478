"""Being there or away: whoever is away is given no ticket."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from duty import actions, queries
from duty.actions import HandedBack
from helpdesk.desk.base import desk_view, see_other, tell
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import number_of
from helpdesk.desk.views.deadline import read_instant
from helpdesk.times import near

MOST_OWED = 200
"""So many tickets are offered to be handed back at once."""


class AwayForm(forms.Form):
    """Until when, and whether what the page showed as owed goes back into the queue."""

    until = forms.CharField(
        label=gettext_lazy("Back at"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Empty: until you say that you are back."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "60"}),
    )
    hand_back = forms.BooleanField(required=False)
    tickets = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    def clean_until(self) -> Any:
        try:
            return read_instant(self.cleaned_data["until"]) if self.cleaned_data["until"] else None
        except ValueError as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def handed_back(self) -> list[int]:
        """The numbers that were shown, if they are to go back."""
        given = self.cleaned_data["tickets"].split("-") if self.cleaned_data["hand_back"] else []
        return [pk for pk in map(number_of, given[:MOST_OWED]) if pk]


@desk_view()
def availability(request: HttpRequest) -> HttpResponse:
    return _page(request, None)


def _page(request: HttpRequest, form: AwayForm | None, status: int = 200) -> HttpResponse:
    user: Any = request.user
    duty, now = queries.duty_of(user), timezone.now()
    owed = list(queries.owed_by(user)[:MOST_OWED])
    until = timezone.localtime(duty.away_until) if duty.is_away(now) and duty.away_until else None
    given = {
        "until": f"{until:%Y-%m-%dT%H:%M}" if until else "",
        "tickets": "-".join(str(t.pk) for t in owed),
    }
    context = {
        "area": "availability",
        "rail_items": rail(request),
        "form": form or AwayForm(initial=given),
        "problem": status != 200,
        "duty": duty if duty.is_away(now) else None,
        "owed": owed,
    }
    return render(request, "desk/availability.html", context, status=status)


@desk_view("POST")
def go_away(request: HttpRequest) -> HttpResponse:
    """From now on the reader is given no ticket. What they own stays theirs unless they hand it back."""
    user: Any = request.user
    form = AwayForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    until = form.cleaned_data["until"]
    try:
        back = actions.go_away(user, by=user, until=until, hand_back=form.handed_back())
    except ValueError as refusal:
        form.add_error("until", str(refusal))
        return _page(request, form, 422)
    said = _("You are away until %(time)s.") % {"time": near(until)} if until else _("You are away.")
    tell(request, " ".join([said, *handed_back_words(back)]))
    return see_other(reverse("desk:availability"))


def handed_back_words(back: HandedBack) -> list[str]:
    """How many tickets went back, and how many did not; nothing for none."""
    said = []
    if back.done:
        words = ngettext("%(number)s ticket handed back.", "%(number)s tickets handed back.", back.done)
        said.append(words % {"number": back.done})
    if back.skipped:
        words = ngettext(
            "%(number)s skipped: no longer yours or already answered.",
            "%(number)s skipped: no longer yours or already answered.",
            back.skipped,
        )
        said.append(words % {"number": back.skipped})
    return said


@desk_view("POST")
def come_back(request: HttpRequest) -> HttpResponse:
    """From now on the reader is given tickets again."""
    user: Any = request.user
    actions.come_back(user, by=user)
    tell(request, _("You are available"))
    return see_other(reverse("desk:queue"))
