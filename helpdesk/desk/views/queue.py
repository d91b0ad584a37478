"""The queue: what is due next, and the news since it was shown."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import notifications
from helpdesk.desk import first_run, listing, rows
from helpdesk.desk.base import desk_view, is_part, see_other
from helpdesk.desk.bulk import bulk_bar
from helpdesk.desk.filters import suggestions
from helpdesk.desk.frame import frame
from helpdesk.desk.rail import rail, view_word
from helpdesk.desk.where import CAPPED, SORT_WORDS, Where, where_of
from helpdesk.words import number
from tickets import access, actions


@desk_view()
def queue(request: HttpRequest) -> HttpResponse:
    """One page of a view. The number of queries does not depend on the table."""
    user: Any = request.user
    where = where_of(request)
    if where.given_sort and request.method == "GET":
        actions.remember_sort(user, where.view, where.given_sort)
    return queue_page(request)


def queue_page(
    request: HttpRequest, *, picked: Collection[int] = (), notice: str = "", status: int = 200
) -> HttpResponse:
    """The queue as the address says, with these tickets ticked; `notice` says why something was not done."""
    user: Any = request.user
    where = where_of(request)
    start = listing.Key.parse(request.GET.get("after", ""))
    tickets, following = page_of(where, user, start)
    around = frame(user, where.view if where.view in listing.VIEWS else listing.VIEWS[0])
    request.alerts = notifications.Alerts(user, around.alerts)  # type: ignore[attr-defined]
    counts = around.counts
    is_whole = where.is_filtered and start is None and following is None
    total = len(tickets) if is_whole else where.total(user, counts)
    is_counted = where.is_counted(total)
    is_first_run = not tickets and not where.is_filtered and listing.is_empty_installation(user)
    is_all = request.GET.get("all") == "1" and bool(tickets) and not picked
    context = {
        "area": "queue",
        "view": where.address,
        "where": where,
        "word": view_word(where),
        "rail_items": rail(request, where.view, around),
        "rows": rows.rows_for(tickets, user),
        "total": total,
        "total_words": _tickets(total, is_counted),
        "late": listing.at_most(counts.late) if counts.late and not where.is_filtered else "",
        "soon": listing.at_most(counts.soon) if counts.soon and not where.is_filtered else "",
        "start": start,
        "known": known(tickets),
        "etag": etag_of(tickets),
        "shown": _("%(shown)s shown of %(total)s")
        % {"shown": len(tickets), "total": number(total) if is_counted else f"{CAPPED}+"},
        "older": f"{where.path}&after={following}" if following else None,
        "newest": where.path if start else None,
        "size": listing.PAGE,
        "once": uuid.uuid4().hex,
        "first_run": is_first_run,
        "first_steps": first_run.steps(user) if is_first_run else [],
        "floods": around.floods,
        "may_set_up": access.is_administrator(user),
        "waiting": counts.held["waiting"],
        "sorts": SORT_WORDS,
        "suggestions": suggestions(where),
        "may_change": where.saved is not None and access.can_change_view(user, where.saved),
        "picked": {ticket.pk for ticket in tickets} if is_all else set(picked),
        "notice": notice,
        "problem": bool(notice or where.problem),
        "bulk": bulk_bar(request, where, tickets, total, is_all, around) if tickets else None,
    }
    return render(request, "desk/queue.html", context, status=422 if where.problem else status)


def page_of(
    where: Where, user: Any, start: listing.Key | None
) -> tuple[list[listing.Listed], listing.Key | None]:
    """One page of what `where` holds. One query; its statement is kept for the first page of a view."""
    return listing.page(where.tickets, user, start, sort=where.sort, key=where.key(user), parts=where.parts)


def _tickets(total: int, is_counted: bool) -> str:
    if not is_counted:
        return _("%(number)s+ tickets") % {"number": CAPPED}
    return ngettext("%(number)s ticket", "%(number)s tickets", total) % {"number": number(total)}


def known(tickets: Sequence[listing.Listed]) -> str:
    """What the page shows, in short: "1042.17-1063.9", number and version of each row."""
    return "-".join(f"{ticket.pk}.{ticket.event_seq}" for ticket in tickets)


def etag_of(tickets: Sequence[listing.Listed]) -> str:
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

    The page sends the rows that it shows (`rows`) and the tag of the last answer (`If-None-Match`). Opened by
    itself it leads to the queue.
    """
    user: Any = request.user
    where = where_of(request)
    if not is_part(request):
        return see_other(where.path)
    start = listing.Key.parse(request.GET.get("after", ""))
    tickets, _following = page_of(where, user, start)
    tag = etag_of(tickets)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    shown = parse_known(request.GET.get("rows", ""))
    arrived = [ticket for ticket in tickets if ticket.pk not in shown]
    changed = _changed(user, shown, tickets, where)
    context = {
        "view": where.address,
        "changed": changed,
        "path": where.path,
        "text": news_words(len(arrived), len(changed)),
        "announce": ngettext("%(number)s new ticket", "%(number)s new tickets", len(arrived))
        % {"number": len(arrived)}
        if arrived
        else "",
    }
    response = render(request, "desk/_news.html", context)
    response["ETag"] = tag
    return response


def _changed(
    user: Any, shown: dict[int, int], tickets: Sequence[listing.Listed], where: Where
) -> list[rows.Row]:
    """Rows that are shown and no longer true: changed in the view, or gone from it."""
    stale = [ticket for ticket in tickets if ticket.pk in shown and shown[ticket.pk] != ticket.event_seq]
    here = {ticket.pk for ticket in tickets}
    missing = [pk for pk in shown if pk not in here]
    gone: list[listing.Listed] = []
    if missing:
        still = set(where.tickets(user).filter(pk__in=missing).values_list("pk", flat=True))
        seen = access.worked_by(user).filter(pk__in=missing).exclude(pk__in=still)
        gone = listing.listed(seen)
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
