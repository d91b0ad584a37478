"""Opening a ticket: the form, its confirmation by mail for guests, and what comes next."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from helpdesk import guests, submissions
from helpdesk.accounts import tries
from helpdesk.company import company_of, team_for_new_tickets
from helpdesk.models import HeldSubmission, OnceKey
from helpdesk.once import KeyReused, once
from helpdesk.portal import forms, promises
from helpdesk.portal.base import Visitor, find_ticket, page, sign_in_first, visitor_of
from helpdesk.portal.standing import standing_of
from helpdesk.topics import offers
from tickets.actions import NotAllowed
from tickets.models import Team

_HELD_FOR = "held_for"
_CONFIRMS = "confirms"


def new(request: HttpRequest) -> HttpResponse:
    """The form. Signed-in people get their ticket at once, others a link to confirm their address."""
    visitor = visitor_of(request)
    team = team_for_new_tickets()
    if team is None:
        return page(request, "portal/not_ready.html", {}, status=503)
    given: dict[str, Any] = {
        "signed_in": visitor.user is not None,
        "offers": offers(company_of(request).language),
    }
    if request.method != "POST":
        started = {"topic": request.GET.get("topic", "")}
        return _form(request, forms.NewTicket(initial=started, **given), team)
    form = forms.NewTicket(request.POST, request.FILES, **given)
    if not form.is_valid():
        return _form(request, form, team, status=422)
    if (wait := _wait(request, visitor, form)) is not None:
        return _too_many(request, form, team, wait)
    return _send(request, visitor, form, team)


def _send(request: HttpRequest, visitor: Visitor, form: forms.NewTicket, team: Team) -> HttpResponse:
    said = form.cleaned_data
    try:
        if visitor.user is not None:
            answer, _again = once(
                _owner(visitor), said["once"], form.body(), lambda: _open(visitor, form, team)
            )
            return redirect("portal:received", answer["ticket"])
        once(_owner(visitor), said["once"], form.body(), lambda: _hold(form))
    except KeyReused:
        form.renew()
        form.add_error(None, _("This form has been sent already. Send it again to open one more ticket."))
        return _form(request, form, team, status=422)
    except NotAllowed as refusal:
        form.add_error(None, str(refusal))
        return _form(request, form, team, status=422)
    request.session[_HELD_FOR] = said["email"]
    return redirect("portal:check_email")


def _open(visitor: Visitor, form: forms.NewTicket, team: Team) -> dict[str, int]:
    assert visitor.user is not None
    said = form.cleaned_data
    ticket = submissions.open_from_form(
        visitor.user, said["subject"], said["message"], form.new_files(), team, form.topic_chosen()
    )
    return {"ticket": ticket.pk}


def _hold(form: forms.NewTicket) -> dict[str, int]:
    said = form.cleaned_data
    held = submissions.hold(
        said["email"],
        subject=said["subject"],
        text=said["message"],
        files=form.new_files(),
        topic=form.topic_chosen(),
    )
    return {"held": held.pk}


def _owner(visitor: Visitor) -> str:
    """Whose one-time keys these are; a guest's is too long to guess."""
    return f"user:{visitor.user.pk}" if visitor.user is not None else "guest"


def _wait(request: HttpRequest, visitor: Visitor, form: forms.NewTicket) -> timedelta | None:
    """How long to wait before another ticket; repetitions of one form do not count."""
    if OnceKey.objects.filter(owner=_owner(visitor), key=form.cleaned_data["once"]).exists():
        return None
    if visitor.user is not None:
        return tries.wait("ticket", account=visitor.user.pk)
    email = form.cleaned_data["email"].lower()
    return tries.wait("guest ticket", mail=email, address=tries.address_of(request))


def _too_many(request: HttpRequest, form: forms.NewTicket, team: Team, wait: timedelta) -> HttpResponse:
    minutes = math.ceil(wait.total_seconds() / 60)
    form.add_error(
        None,
        _("That was a lot of tickets in a short time. Wait %(minutes)s min, then send.")
        % {"minutes": minutes},
    )
    response = _form(request, form, team, status=429)
    response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response


def _form(request: HttpRequest, form: forms.NewTicket, team: Team, status: int = 200) -> HttpResponse:
    aims = promises.aims(form.offers, team, visitor_of(request).user)
    context = {
        "form": form,
        "problem": status != 200,
        "choices": form.offers if len(form.offers) > 1 else [],
        "offer": form.offers[0] if len(form.offers) == 1 else None,
        "aims": aims,
        "aim": aims.get(None),
        "usual": None if aims else promises.usual_wait(team),
    }
    return page(request, "portal/new.html", context, status=status)


def check_email(request: HttpRequest) -> HttpResponse:
    """After a form of somebody who is not signed in. Says the same whether or not we know the address."""
    email = request.session.get(_HELD_FOR)
    if not email:
        return redirect("portal:new")
    return page(request, "portal/check_email.html", {"email": email})


def confirm_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token of a mailed link out of the address. Opening the link sends nothing."""
    request.session[_CONFIRMS] = token
    response = redirect("portal:confirm_here")
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def confirm(request: HttpRequest) -> HttpResponse:
    """What waits under the address to which the link was mailed, and the button that sends it."""
    held = submissions.by_token(request.session.get(_CONFIRMS, ""))
    if held is None:
        return page(request, "portal/link_ended.html", {"kind": "confirm"}, status=404)
    if request.method == "POST":
        return _confirm(request, held)
    return page(request, "portal/confirm.html", {"held": held, "waiting": submissions.waiting_beside(held)})


def _confirm(request: HttpRequest, held: HeldSubmission) -> HttpResponse:
    chosen = [
        int(pk) for pk in request.POST.getlist("form") if pk.isascii() and pk.isdigit() and len(pk) < 18
    ]
    context: dict[str, Any] = {"held": held}
    team = team_for_new_tickets()
    if team is None:
        return page(request, "portal/not_ready.html", {}, status=503)
    try:
        opened = submissions.confirm(held, chosen, team)
    except NotAllowed as refusal:
        return page(request, "portal/confirm.html", context | {"waiting": [], "refusal": refusal}, status=403)
    for ticket in opened:
        guests.grant(request, ticket, ticket.requester)
    if len(opened) == 1:
        return redirect("portal:received", opened[0].pk)
    context |= {"waiting": submissions.waiting_beside(held), "opened": opened}
    return page(request, "portal/confirm.html", context)


def received(request: HttpRequest, number: int) -> HttpResponse:
    """The reference, what happens next, and a time if one is promised."""
    visitor = visitor_of(request)
    if not visitor.may_look:
        return sign_in_first(request)
    ticket = find_ticket(visitor, number)
    context = {"standing": standing_of(ticket, None, promises.due_of([ticket]).get(ticket.pk))}
    return page(request, "portal/received.html", context)
