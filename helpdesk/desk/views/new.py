"""Opening a ticket for somebody: after a call, at the counter, from a letter, or because we write first."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.desk.base import desk_view, see_other, tell
from helpdesk.desk.forms import NewTicketForm
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import number_of
from helpdesk.holding import hold_of
from helpdesk.once import KeyReused, once
from tickets import access, actions
from tickets.actions import NewFile, Words
from tickets.models import Speaker, Ticket, User


@desk_view("GET", "HEAD", "POST")
def new(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    given = {"teams": access.teams_visible_to(user), "people": access.members_visible_to(user)}
    if request.method != "POST":
        return _page(request, NewTicketForm(initial=_initial(request), **given))
    form = NewTicketForm(request.POST, request.FILES, **given)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        key = f"open:{form.cleaned_data['once']}"
        answer, _repeated = once(f"user:{user.pk}", key, _fingerprint(form), lambda: _open(form, user))
    except KeyReused:
        form.add_error(None, _("This form was sent already, with other words. Send it again if you mean it."))
        return _page(request, form, status=409)
    except (actions.NotAllowed, ValueError) as refusal:
        form.add_error("assignee" if isinstance(refusal, actions.NotAllowed) else "email", str(refusal))
        return _page(request, form, status=422)
    tell(request, _("Ticket %(number)s opened") % {"number": f"#{answer['ticket']}"})
    if access.worked_by(user).filter(pk=answer["ticket"]).exists():
        return see_other(reverse("desk:ticket", args=[answer["ticket"]]))
    return see_other(reverse("desk:queue"))


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What the address already says: for whom, and the reader's own team."""
    user: Any = request.user
    person = access.people_visible_to(user).filter(pk=number_of(request.GET.get("person", ""))).first()
    team = user.teams.order_by("name").first()
    found: dict[str, Any] = {"once": uuid.uuid4().hex, "team": team.pk if team else None}
    if person:
        found |= {"email": person.email or "", "name": person.name, "phone": person.phone}
    return found


def _page(request: HttpRequest, form: NewTicketForm, status: int = 200) -> HttpResponse:
    if status == 409:  # a new one-time token, so that sending again counts
        fresh = request.POST.copy()
        fresh["once"] = uuid.uuid4().hex
        form.data = fresh
    context = {"area": "queue", "form": form, "problem": status != 200, "rail_items": rail(request)}
    return render(request, "desk/new.html", context, status=status)


def _fingerprint(form: NewTicketForm) -> bytes:
    files = [(file.name, file.size) for file in form.cleaned_data["files"]]
    said = {name: str(value) for name, value in form.cleaned_data.items() if name not in ("files", "once")}
    return repr((sorted(said.items()), files)).encode()


def _open(form: NewTicketForm, user: User) -> dict[str, int]:
    data = form.cleaned_data
    person = actions.meet(data["email"] or None, name=data["name"], phone=data["phone"])
    files = tuple(
        NewFile(file.name or "file", file.read(), file.content_type or "") for file in data["files"]
    )
    ticket: Ticket = actions.open_ticket(
        requester=person,
        subject=data["subject"],
        team=data["team"],
        by=user,
        channel=form.channel,
        words=Words(text=data["text"], files=files),
        priority=data["priority"],
        type=data["type"],
        assignee=data["assignee"],
        spoke_first=form.spoke_first,
        hold=hold_of(user) if form.spoke_first == Speaker.AGENT else timedelta(0),
    )
    return {"ticket": ticket.pk}
