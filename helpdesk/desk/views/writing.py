"""How one agent writes: the time for Undo, and what comes after sending."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.desk.base import desk_view, see_other, tell
from helpdesk.desk.composing import goes_on_to_next
from helpdesk.desk.rail import rail
from helpdesk.holding import LONGEST_HOLD, hold_of
from tickets import actions


class WritingForm(forms.Form):
    """Personal choices of the composer."""

    hold_seconds = forms.IntegerField(
        label=gettext_lazy("Seconds in which a reply can be taken back"),
        help_text=gettext_lazy(
            "0 to 60. A reply leaves when they are over; its clock stops when you press Send."
        ),
        min_value=0,
        max_value=LONGEST_HOLD,
        error_messages={
            "required": gettext_lazy("Enter a number from 0 to 60"),
            "invalid": gettext_lazy("Enter a number from 0 to 60"),
        },
    )
    after_sending = forms.ChoiceField(
        label=gettext_lazy("After sending a reply"),
        choices=[
            ("stay", gettext_lazy("Stay on the ticket")),
            ("next", gettext_lazy("Go to the next ticket of the list")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what comes after sending")},
    )


@desk_view("GET", "HEAD", "POST")
def writing(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    initial = {
        "hold_seconds": int(hold_of(user).total_seconds()),
        "after_sending": "next" if goes_on_to_next(user) else "stay",
    }
    form = WritingForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.edit_person(user, by=user, preferences=user.preferences | form.cleaned_data)
        tell(request, _("Saved"))
        return see_other(reverse("desk:writing"))
    context = {"area": "", "form": form, "problem": form.is_bound, "rail_items": rail(request)}
    return render(request, "desk/writing.html", context, status=422 if form.is_bound else 200)
