"""The queue: what is due next, and the news since it was shown."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import flooded
from helpdesk.desk import listing, rows
from helpdesk.desk.base import desk_view
from helpdesk.desk.neighbours import view_of
from helpdesk.desk.rail import rail, view_path, view_word
from helpdesk.words import number
from tickets import access
from tickets.models import Ticket

SHOWN = ("requester", "organization", "assignee", "team")


@desk_view()
def queue(request: HttpRequest) -> HttpResponse:
    """One page of a view in due-next order. The number of queries does not depend on the table."""
    user: Any = request.user
    view = view_of(request)
    start = listing.Key.parse(request.GET.get("after", ""))
    tickets, following = listing.page(listing.in_view(user, view).select_related(*SHOWN), start)
    counts = listing.counts(user, view)
    total = counts.held[view]
    path = view_path(view)
    context = {
        "area": "queue",
        "view": view,
        "word": view_word(view),
        "rail_items": rail(request, view, counts),
        "rows": rows.rows_for(tickets, user),
        "total": total,
        "late": counts.late,
        "soon": counts.soon,
        "start": start,
        "known": known(tickets),
        "etag": etag_of(tickets),
        "shown": _("%(shown)s shown of %(total)s") % {"shown": len(tickets), "total": number(total)},
        "older": f"{path}&after={following}" if following else None,
        "newest": path if start else None,
        "size": listing.PAGE,
        "once": uuid.uuid4().hex,
        "first_run": not tickets and listing.is_empty_installation(user),
        "floods": flooded.floods(),
        "may_set_up": access.is_administrator(user),
        "waiting": 0 if tickets else listing.waiting_number(user),
    }
    return render(request, "desk/queue.html", context)


def known(tickets: list[Ticket]) -> str:
    """What the page shows, in short: "1042.17-1063.9", number and version of each row."""
    return "-".join(f"{ticket.pk}.{ticket.event_seq}" for ticket in tickets)


def etag_of(tickets: list[Ticket]) -> str:
    return f'"{hashlib.sha256(known(tickets).encode()).hexdigest()[:20]}"'


def parse_known(text: str) -> dict[int, int]:
    """The rows that a page says it shows, with their versions; what cannot be read is left out."""
    found = {}
    for part in text.split("-")[: listing.PAGE * 2]:
        pk, _dot, seq = part.partition(".")
        if pk.isascii() and pk.isdigit() and seq.isascii() and seq.isdigit() and len(pk) < 18:
            found[int(pk)] = int(seq)
    return found


@desk_view()
def news(request: HttpRequest) -> HttpResponse:
    """Arrivals are counted, shown rows renewed in place, and nothing moves. 304 when nothing happened.

    The page sends the rows that it shows (`rows`) and the tag of the last answer (`If-None-Match`).
    """
    user: Any = request.user
    view = view_of(request)
    start = listing.Key.parse(request.GET.get("after", ""))
    tickets, _following = listing.page(listing.in_view(user, view).select_related(*SHOWN), start)
    tag = etag_of(tickets)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    shown = parse_known(request.GET.get("rows", ""))
    arrived = [ticket for ticket in tickets if ticket.pk not in shown]
    changed = _changed(user, shown, tickets, view)
    context = {
        "view": view,
        "changed": changed,
        "path": view_path(view),
        "text": news_words(len(arrived), len(changed)),
        "announce": ngettext("%(number)s new ticket", "%(number)s new tickets", len(arrived))
        % {"number": len(arrived)}
        if arrived
        else "",
    }
    response = render(request, "desk/_news.html", context)
    response["ETag"] = tag
    return response


def _changed(user: Any, shown: dict[int, int], tickets: list[Ticket], view: str) -> list[rows.Row]:
    """Rows that are shown and no longer true: changed in the view, or gone from it."""
    stale = [ticket for ticket in tickets if ticket.pk in shown and shown[ticket.pk] != ticket.event_seq]
    here = {ticket.pk for ticket in tickets}
    missing = [pk for pk in shown if pk not in here]
    gone: list[Ticket] = []
    if missing:
        still = set(listing.in_view(user, view).filter(pk__in=missing).values_list("pk", flat=True))
        seen = access.worked_by(user).filter(pk__in=missing).exclude(pk__in=still)
        gone = list(seen.select_related(*SHOWN))
    found = rows.rows_for(stale + gone, user) if stale or gone else []
    reasons = rows.why_left(gone) if gone else {}
    for row in found[len(stale) :]:
        row.left = reasons.get(row.ticket.pk, _("left this view"))
    return found


def news_words(arrived: int, changed: int) -> str:
    """What the news bar says: "3 new, 1 changed"; "" for nothing."""
    parts = []
    if arrived:
        parts.append(_("%(number)s new") % {"number": arrived})
    if changed:
        parts.append(_("%(number)s changed") % {"number": changed})
    return ", ".join(parts)
