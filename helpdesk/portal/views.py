"""Following tickets: the list, one ticket, answers to it, its files."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as toasts
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from helpdesk import file_links, guests
from helpdesk.accounts import tries
from helpdesk.downloads import download
from helpdesk.once import KeyReused, once
from helpdesk.portal import forms, promises
from helpdesk.portal.base import Visitor, find_ticket, page, sign_in_first, visitor_of
from helpdesk.portal.standing import Standing, is_own, standing_of
from tickets import access, actions, queries
from tickets.models import Channel, Message, Ticket

PAGE = 25
SHOWN = 2
"""So many of the newest messages stand open; earlier ones are folded."""


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """The door: New ticket and Sign in; whoever is signed in goes on to their tickets."""
    if request.user.is_authenticated:
        return redirect("portal:tickets")
    return page(request, "portal/welcome.html", {"links": guests.links_of(request)})


@require_safe
def tickets(request: HttpRequest) -> HttpResponse:
    """My tickets: what waits for me first, then the newest."""
    visitor = visitor_of(request)
    if visitor.user is None:
        return sign_in_first(request)
    mine = queries.of_requester(access.asked_by(visitor.user), visitor.user)
    return _list(request, visitor, mine, area="tickets", title=_("My tickets"))


@require_safe
def organization(request: HttpRequest) -> HttpResponse:
    """The tickets of my organisation, where it shares them."""
    visitor = visitor_of(request)
    if visitor.user is None:
        return sign_in_first(request)
    ours = visitor.user.organization
    if ours is None or not ours.shares_tickets:
        raise Http404
    shared = queries.of_organization(access.asked_by(visitor.user), ours)
    return _list(request, visitor, shared, area="organization", title=ours.name)


def _list(
    request: HttpRequest, visitor: Visitor, found: QuerySet[Ticket], *, area: str, title: str
) -> HttpResponse:
    solved = request.GET.get("show") == "solved"
    rows = queries.solved(found) if solved else queries.unsolved(found)
    rows = queries.after(rows, request.GET.get("after", "")).select_related("requester")
    shown = list(rows[: PAGE + 1])
    more, shown = len(shown) > PAGE, shown[:PAGE]
    told, due, held = queries.latest_told(shown), promises.due_of(shown), queries.with_held_words(shown)
    context = {
        "area": area,
        "heading": title,
        "solved": solved,
        "counts": queries.counts_for_customer(found),
        "rows": [standing_of(row, told.get(row.pk), due.get(row.pk), held=row.pk in held) for row in shown],
        "older": queries.place_of(shown[-1]) if more else None,
        "user": visitor.user,
    }
    return page(request, "portal/tickets.html", context)


@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """One ticket: how it stands, what was said, and a place to answer."""
    visitor = visitor_of(request)
    if not visitor.may_look:
        return sign_in_first(request)
    return _ticket(request, visitor, find_ticket(visitor, number), forms.Reply())


def _ticket(
    request: HttpRequest, visitor: Visitor, found: Ticket, form: forms.Reply, status: int = 200
) -> HttpResponse:
    told = list(
        access.messages_told_to(visitor.user, found, visitor.links)
        .select_related("author")
        .prefetch_related(Prefetch("attachments", queries.files_without_bytes()))
        .defer("html")
        .order_by("said_at", "pk")
    )
    reader = visitor.speaks_as(found)
    said = [(message, is_own(message, reader)) for message in told]
    context = {
        "area": "tickets",
        "ticket": found,
        "standing": _standing(found, told[-1] if told else None),
        "earlier": said[:-SHOWN],
        "latest": said[-SHOWN:],
        "seen": len(told),
        "form": form,
        "solve": forms.Plain(),
        "problem": status != 200,
        "rating": promises.rating(found, reader),
        "goes_on": _goes_on(visitor, found),
        "user": visitor.user,
    }
    return page(request, "portal/ticket.html", context, status=status)


def _goes_on(visitor: Visitor, found: Ticket) -> Ticket | None:
    """The ticket that stands for a merged one, if the visitor may follow that too."""
    if found.merged_into_id is None:
        return None
    stands = access.asked_by(visitor.user, visitor.links).filter(pk=queries.where_it_goes(found).pk)
    return stands.first()


def _standing(found: Ticket, last: Message | None) -> Standing:
    due = promises.due_of([found]).get(found.pk)
    return standing_of(found, last, due, held=bool(queries.with_held_words([found])))


@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Say something on the ticket; on a solved one this reopens it."""
    visitor = visitor_of(request)
    if not visitor.may_look:
        return sign_in_first(request, message=request.POST.get("message", ""))
    found = find_ticket(visitor, number)
    form = forms.Reply(request.POST, request.FILES)
    if not form.is_valid():
        return _ticket(request, visitor, found, form, status=422)
    person = visitor.speaks_as(found)
    if (wait := tries.wait("reply", account=person.pk)) is not None:
        form.add_error(None, _("That was a lot of replies in a short time. Wait a few minutes, then send."))
        response = _ticket(request, visitor, found, form, status=429)
        response["Retry-After"] = str(int(wait.total_seconds()))
        return response
    try:
        answer, _again = once(
            f"user:{person.pk}",
            form.cleaned_data["once"],
            form.body(),
            lambda: _say(request, visitor, found, form),
        )
    except KeyReused:
        form.renew()
        form.add_error("message", _("This reply has been sent already. Send it again to add it once more."))
        return _ticket(request, visitor, found, form, status=422)
    except (actions.NotAllowed, ValueError) as refusal:
        form.add_error("message", str(refusal))
        return _ticket(request, visitor, found, form, status=422)
    return _said(request, visitor, found, answer)


def _say(request: HttpRequest, visitor: Visitor, found: Ticket, form: forms.Reply) -> dict[str, int]:
    words = actions.Words(text=form.cleaned_data["message"], files=form.new_files())
    message = actions.reply(
        found, words, by=visitor.speaks_as(found), channel=Channel.PORTAL, as_customer=True
    )
    return {"ticket": message.ticket_id, "message": message.pk}


def _said(request: HttpRequest, visitor: Visitor, found: Ticket, answer: dict[str, Any]) -> HttpResponse:
    number = answer["ticket"]
    if number == found.pk:
        toasts.success(request, _("Your reply is sent."))
    else:
        toasts.success(request, _("The old ticket is closed, so your reply opened a new one."))
        if visitor.user is None:
            guests.grant(request, Ticket.objects.get(pk=number), visitor.speaks_as(found))
    response = redirect("portal:ticket", number)
    response["Location"] += f"#m{answer['message']}"
    return response


@require_POST
def resolve(request: HttpRequest, number: int) -> HttpResponse:
    """The customer says that it is solved."""
    visitor = visitor_of(request)
    if not visitor.may_look:
        return sign_in_first(request)
    found = find_ticket(visitor, number)
    try:
        actions.resolve(found, by=visitor.speaks_as(found))
        toasts.success(request, _("Marked as solved. Write again at any time to reopen it."))
    except actions.NotAllowed as refusal:
        toasts.error(request, str(refusal))
    return redirect("portal:ticket", number)


@require_safe
def news(request: HttpRequest, number: int) -> HttpResponse:
    """How many answers came since the page was loaded (`seen` messages stood on it): a conditional poll."""
    visitor = visitor_of(request)
    found = find_ticket(visitor, number)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("portal:ticket", number)
    seen = request.GET.get("seen", "")
    before = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 7 else 0
    count = access.messages_told_to(visitor.user, found, visitor.links).count()
    fresh = max(0, count - before)
    response = render(request, "portal/_news.html", {"ticket": found, "seen": before, "fresh": fresh})
    response["Cache-Control"] = "private, no-cache"
    if fresh:
        text = ngettext("%(count)s new answer", "%(count)s new answers", fresh) % {"count": fresh}
        trigger_client_event(response, "say", {"text": text})
    response["ETag"] = f'"{before}-{count}"'
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


@require_safe
def attachment(request: HttpRequest, number: int, attachment: int) -> HttpResponse:
    """A file of a message that this visitor may read."""
    visitor = visitor_of(request)
    found = find_ticket(visitor, number)
    files = access.attachments_told_to(visitor.user, found, visitor.links).select_related("blob")
    row = files.filter(pk=attachment).first()
    if row is None:
        raise Http404
    return download(row)


@require_safe
def file(request: HttpRequest, token: str) -> HttpResponse:
    """What a link to a file leads to: its name and size, and the button that fetches it. Programs that open
    every link of a mail fetch nothing by that."""
    link = file_links.find(token)
    if link is None:
        return _bare(page(request, "portal/link_ended.html", {"kind": "file"}, status=404))
    return _bare(page(request, "portal/file.html", {"link": link, "token": token}))


@require_safe
def file_download(request: HttpRequest, token: str) -> HttpResponse:
    link = file_links.find(token)
    if link is None:
        return _bare(page(request, "portal/link_ended.html", {"kind": "file"}, status=404))
    return _bare(download(link.attachment))


def _bare(response: HttpResponse) -> HttpResponse:
    """An answer whose address is a secret: told to nobody else, found by no search."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def guest_link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the token for a right held by this browser, and go on to an address without it."""
    found = guests.redeem(request, token)
    if found is None:
        response = page(request, "portal/link_ended.html", {"kind": "guest"}, status=404)
    else:
        response = redirect("portal:ticket", found.pk)
        response["Cache-Control"] = "no-store"
    return _bare(response)
