"""Side conversations: asking somebody outside, of which the customer sees nothing."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket, see_other, tell
from helpdesk.desk.forms import AskOutsideForm, OutsideForm
from helpdesk.desk.neighbours import view_of, with_view
from helpdesk.desk.outside import outside, passed_files, taken_back, trouble
from helpdesk.desk.rail import rail
from helpdesk.desk.views.say import find_message
from helpdesk.desk.views.ticket import ticket_page
from helpdesk.holding import hold_of
from helpdesk.once import KeyReused, once
from tickets import access, actions
from tickets.actions import Words
from tickets.models import Message, SideTalk, Ticket


@desk_view("GET", "HEAD", "POST")
def ask_outside(request: HttpRequest, number: int) -> HttpResponse:
    """Begin a side conversation: to whom, with which words, and what of the ticket is passed on."""
    ticket = find_ticket(request, number)
    if request.method != "POST":
        return _page(request, ticket, None, AskOutsideForm(initial=taken_back(request, ticket, None)))
    return _send(request, ticket, None, AskOutsideForm(request.POST, request.FILES))


@desk_view("GET", "HEAD", "POST")
def side_talk(request: HttpRequest, number: int, talk: int) -> HttpResponse:
    """What was said in it so far, and a form to write once more."""
    ticket = find_ticket(request, number)
    row = _find(request, ticket, talk)
    if request.method != "POST":
        return _page(request, ticket, row, OutsideForm(initial=taken_back(request, ticket, row)))
    return _send(request, ticket, row, OutsideForm(request.POST, request.FILES))


@desk_view("POST")
def close_side_talk(request: HttpRequest, number: int, talk: int) -> HttpResponse:
    ticket = find_ticket(request, number)
    row = actions.close_side_talk(_find(request, ticket, talk), by=_by(request))
    back = reverse("desk:reopen-side-talk", args=[number, talk]) + f"?view={view_of(request)}"
    tell(request, _("Side conversation with %(name)s closed") % {"name": row}, back)
    return see_other(with_view(request, number) + f"#side-{talk}")


@desk_view("POST")
def reopen_side_talk(request: HttpRequest, number: int, talk: int) -> HttpResponse:
    ticket = find_ticket(request, number)
    row = actions.reopen_side_talk(_find(request, ticket, talk), by=_by(request))
    tell(request, _("Side conversation with %(name)s is open again") % {"name": row})
    return see_other(with_view(request, number) + f"#side-{talk}")


@desk_view("POST")
def withdraw_outside(request: HttpRequest, number: int, message: int) -> HttpResponse:
    """Take words back before they leave; they stand in their form again."""
    ticket = find_ticket(request, number)
    row = find_message(request, ticket, message)
    try:
        row = actions.withdraw_outside(row, by=_by(request))
    except actions.NotAllowed as refusal:
        return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=409)
    tell(request, _("Not sent. Nobody outside got anything."))
    was_first = not Message.objects.filter(side_talk=row.side_talk_id, withdrawn_at=None).exists()
    form = (
        reverse("desk:ask-outside", args=[number])
        if was_first
        else reverse("desk:side-talk", args=[number, row.side_talk_id])
    )
    return see_other(f"{form}?view={view_of(request)}&again={row.pk}")


def _send(request: HttpRequest, ticket: Ticket, talk: SideTalk | None, form: OutsideForm) -> HttpResponse:
    if not form.is_valid():
        return _page(request, ticket, talk, form, 422)
    files = passed_files(request, ticket, form)
    if refused := trouble(form, files):
        form.add_error(*refused)
        return _page(request, ticket, talk, form, 422)
    key = f"outside:{ticket.pk}:{form.cleaned_data['once']}"
    try:
        answer, repeated = once(
            f"user:{request.user.pk}",
            key,
            form.fingerprint(),
            lambda: _write(request, ticket, talk, form, form.words(files)),
        )
    except KeyReused:
        form.add_error(None, _("This form was sent already, with other words. Send it again if you mean it."))
        return _page(request, ticket, talk, form, 409)
    except (actions.NotAllowed, ValueError) as refusal:
        form.add_error("address" if form.asks_whom else None, str(refusal))
        return _page(request, ticket, talk, form, 422)
    if not repeated:
        _tell_hold(request, ticket, answer)
    return see_other(with_view(request, ticket.pk) + f"#side-{answer['talk']}")


def _write(
    request: HttpRequest, ticket: Ticket, talk: SideTalk | None, form: OutsideForm, words: Words
) -> dict[str, int]:
    user = _by(request)
    chosen = form.chosen("quote")
    quoting = list(access.messages_visible_to(user, ticket).filter(pk__in=chosen))
    how: dict[str, Any] = {"by": user, "quoting": quoting, "hold": hold_of(user)}
    if talk is None:
        to = {name: form.cleaned_data[name] for name in ("address", "name", "subject")}
        message = actions.ask_outside(ticket, words, **to, **how)
    else:
        message = actions.write_outside(talk, words, **how)
    return {"message": message.pk, "talk": message.side_talk_id or 0}


def _tell_hold(request: HttpRequest, ticket: Ticket, answer: dict[str, int]) -> None:
    name = SideTalk.objects.get(pk=answer["talk"])
    seconds = int(hold_of(request.user).total_seconds())
    if not seconds:
        tell(request, _("Sent to %(name)s, outside") % {"name": name})
        return
    undo = reverse("desk:withdraw-outside", args=[ticket.pk, answer["message"]])
    words = {"name": name, "seconds": seconds}
    back = f"{undo}?view={view_of(request)}"
    tell(request, _("Sending to %(name)s, outside, in %(seconds)s s") % words, back)


def _page(
    request: HttpRequest, ticket: Ticket, talk: SideTalk | None, form: OutsideForm, status: int = 200
) -> HttpResponse:
    if status == 409:  # a new one-time token, so that sending again counts
        fresh = request.POST.copy()
        fresh["once"] = uuid.uuid4().hex
        form.data = fresh
    context: dict[str, Any] = {
        "area": "queue",
        "ticket": ticket,
        "outside": outside(request, ticket, talk, form),
        "form": form,
        "problem": status != 200,
        "rail_items": rail(request),
        "view": view_of(request),
        "back": with_view(request, ticket.pk) + (f"#side-{talk.pk}" if talk else ""),
    }
    return render(request, "desk/side_talk.html", context, status=status)


def _find(request: HttpRequest, ticket: Ticket, pk: int) -> SideTalk:
    """Raises NoSuchTicket."""
    try:
        return access.side_talks_visible_to(request.user, ticket).get(pk=pk)
    except SideTalk.DoesNotExist as error:
        raise NoSuchTicket from error


def _by(request: HttpRequest) -> Any:
    return request.user
