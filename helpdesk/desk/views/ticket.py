"""The ticket page: head, clocks, conversation, composer, customer panel."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import notifications, presence
from helpdesk.desk import composing, merging, neighbours, panel
from helpdesk.desk.about import About, about
from helpdesk.desk.base import desk_view, find_ticket, is_part, see_other, tell
from helpdesk.desk.clocks import clocks_of, sources_in
from helpdesk.desk.conversation import conversation
from helpdesk.desk.frame import frame
from helpdesk.desk.instants import as_input, snooze_choices
from helpdesk.desk.rail import rail
from helpdesk.desk.where import where_of
from tickets import access, actions, queries
from tickets.models import (
    Attachment,
    Draft,
    DraftFile,
    DraftKind,
    Event,
    Follower,
    LinkWord,
    Ticket,
    TicketType,
)


@dataclass
class Composing:
    """What stands in the composer: words that were typed, why they were not sent, files to send again."""

    mode: str = "reply"
    text: str = ""
    then: str = "waiting"
    problem: str = ""
    stopped: bool = False
    names_colleagues: bool = False
    kept: list[Attachment] = field(default_factory=list)
    left: tuple[str, ...] = ()
    """Places of a saved reply that are still to be filled by hand."""
    elsewhere: bool = False
    """Whether the draft was saved in another window since these words were begun."""


@dataclass
class Asked:
    """A deadline as it was typed, and why it was not taken."""

    metric: str
    due_at: str
    reason: str
    problem: str


@desk_view()
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """The page; a merged ticket leads to the one that stands for it, unless `merged` asks for its own."""
    found = find_ticket(request, number)
    if found.merged_into_id is not None and "merged" not in request.GET:
        stands = queries.where_it_goes(found)
        if access.can_work(request.user, stands):
            tell(request, _("#%(goes)s was merged into this ticket") % {"goes": number})
            return HttpResponseRedirect(neighbours.with_view(request, stands.pk))
    return ticket_page(request, found, draft=draft_from(request))


def draft_from(request: HttpRequest) -> Composing:
    """The composer as the address asks for it: which tab."""
    return Composing(mode="note" if request.GET.get("write") == "note" else "reply")


def ticket_page(
    request: HttpRequest,
    ticket: Ticket,
    *,
    draft: Composing | None = None,
    notice: str = "",
    asked: Asked | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or for htmx the parts that a change of properties touches."""
    draft = draft or Composing()
    context = ticket_context(request, ticket) | {
        "draft": draft,
        "notice": notice,
        "problem": bool(draft.problem or asked or status >= 400),
        "asked": asked,
        "why_open": asked is not None or "why" in request.GET,
        "is_tagging": getattr(request.resolver_match, "url_name", "") in ("tag", "untag"),
    }
    if request.method == "GET" and status == 200:
        _mark_read(request, ticket, context["beside"])
    template = "desk/_ticket_parts.html" if is_part(request) else "desk/ticket.html"
    response = render(request, template, context, status=status)
    if is_part(request):
        # A boosted form would leave its own address in the bar, where a reload finds no page.
        response["HX-Push-Url"] = "false"
    return response


def _mark_read(request: HttpRequest, ticket: Ticket, beside: About) -> None:
    """The reader sees the ticket as it is now: its words, and what the app told them of it."""
    user: Any = request.user
    if beside.read_up_to < ticket.event_seq:
        actions.mark_read(ticket, by=user, seq=ticket.event_seq)
    if beside.has_news:
        notifications.mark_read(user, ticket=ticket.pk)
        request.alerts = notifications.Alerts(user)  # type: ignore[attr-defined]


def related_to(events: list[Event], user: Any) -> list[Ticket]:
    """The tickets that the mail which opened this one speaks of, as far as the reader may work on them."""
    numbers = [event.data["ticket"] for event in events if event.kind == "ticket.related"]
    return list(access.worked_by(user).filter(pk__in=numbers)) if numbers else []


def ticket_context(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    user: Any = request.user
    tab = uuid.uuid4().hex[:12]
    where = where_of(request)
    around = frame(user)
    request.alerts = notifications.Alerts(user, around.alerts)  # type: ignore[attr-defined]
    beside = about(ticket, user)
    talk = conversation(ticket, user, beside)
    unsent = _unsent(ticket, user) if beside.has_drafts else {}
    clocks = clocks_of(ticket, talk.events, known=beside.versions)
    return {
        "area": "queue",
        "ticket": ticket,
        "beside": beside,
        "is_part": is_part(request),
        "talk": talk,
        "held": next(
            (
                one
                for one in reversed(talk.said)
                if one.held_until and one.message.author_id == user.pk and one.message.public
            ),
            None,
        ),
        "clocks": clocks,
        "sources": sources_in(clocks),
        "may_delete": access.can_delete(user, ticket),
        "may_set_up": access.is_administrator(user),
        "merged_here": merging.merged_here(ticket, talk.events, user),
        "links": _links(ticket, user) if beside.has_links else (),
        "link_words": tuple((value, str(word)) for value, word in LinkWord.choices),
        "related": related_to(talk.events, user),
        "followers": beside.in_state(Follower.State.ACCEPTED),
        "proposed": beside.in_state(Follower.State.PROPOSED),
        "tags": beside.tags,
        "tag_choices": beside.tag_choices,
        "people": beside.people,
        "teams": around.teams,
        "types": tuple((value, str(word)) for value, word in TicketType.choices),
        "unsent": unsent,
        "composer": composing.offers(
            user,
            unsent.get(DraftKind.REPLY),
            has_saved=beside.has_saved,
            can_quote=any(one.is_theirs for one in talk.said),
        ),
        "once": uuid.uuid4().hex,
        "tab": tab,
        "present": presence.beside(ticket, user) if is_part(request) else presence.arrive(ticket, user, tab),
        "panel": panel.panel(ticket, beside),
        "place": neighbours.place(request, ticket, around.counts),
        "rail_items": rail(request, known=around),
        "view": where.address,
        "snooze_offered": snooze_choices(timezone.now()),
        "snooze_own": as_input(ticket.snoozed_until or snooze_choices(timezone.now())[-1].at),
    }


def _links(ticket: Ticket, user: Any) -> tuple[tuple[int, str, str], ...]:
    """Number, subject and word of each. Two queries."""
    links = queries.links_of(ticket, access.worked_by(user))
    return tuple((other.pk, other.subject, word) for other, word in links)


def _unsent(ticket: Ticket, user: Any) -> dict[str, Draft]:
    """The reader's own drafts with their files, by kind. Two queries."""
    files = DraftFile.objects.select_related("blob").defer("blob__data").order_by("pk")
    drafts = access.drafts_visible_to(user, ticket).prefetch_related(Prefetch("files", files))
    return {row.kind: row for row in drafts}


@desk_view()
def news(request: HttpRequest, number: int) -> HttpResponse:
    """What was said since event `seen`: 204 for nothing, else a bar that leads to it. Two queries.

    The tag is the ticket's latest event, by which the page sees that something else changed. Opened by itself
    it leads to the ticket.
    """
    ticket = find_ticket(request, number)
    if not is_part(request):
        return see_other(reverse("desk:ticket", args=[number]))
    seen = request.GET.get("seen", "")
    since = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else ticket.event_seq
    fresh = 0
    if ticket.event_seq > since:
        kinds = ("ticket.replied", "ticket.noted", "message.held", "side_talk.written", "side_talk.heard")
        fresh = ticket.events.filter(seq__gt=since, kind__in=kinds).exclude(actor=request.user.pk).count()
    tag = {"ETag": f'"{ticket.event_seq}"'}
    if not fresh:
        return HttpResponse(status=204, headers=tag)
    response = render(request, "desk/_newswait.html", {"fresh": fresh})
    response["ETag"] = tag["ETag"]
    return response
