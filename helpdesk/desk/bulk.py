"""Changing several tickets of the queue at once: what is offered, what a form asked for, how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.desk.frame import Frame
from helpdesk.desk.instants import Choice, as_input, read_instant, snooze_choices
from helpdesk.desk.listing import Listed
from helpdesk.desk.where import Where
from helpdesk.words import number
from tickets.actions.bulk import MOST
from tickets.models import BulkOutcome, BulkWhy, Job, User
from tickets.models.people import Named


@dataclass(frozen=True)
class Bar:
    """The bulk bar. `total` is how many tickets the view holds, as far as MOST; `newest` the highest number
    that they have: what is opened after the page was made is not meant by "all"."""

    people: tuple[Named, ...]
    teams: tuple[Named, ...]
    snooze: tuple[Choice, ...]
    snooze_own: str
    shown: str
    total: int
    is_counted: bool
    newest: int
    is_all: bool
    more: bool


def bulk_bar(
    request: HttpRequest, where: Where, tickets: Sequence[Listed], total: int, is_all: bool, around: Frame
) -> Bar:
    """No query; one when all tickets of the view are selected."""
    user: Any = request.user
    offered = snooze_choices(timezone.now())
    every = numbers_in(where, user) if is_all else []
    return Bar(
        people=around.colleagues,
        teams=around.teams,
        snooze=offered,
        snooze_own=as_input(offered[-1].at),
        shown="-".join(str(ticket.pk) for ticket in tickets),
        total=len(every) if is_all else min(total, MOST),
        is_counted=where.is_counted(total),
        newest=max(every, default=0),
        is_all=is_all,
        more=total > len(tickets),
    )


def numbers_in(where: Where, user: User) -> list[int]:
    """The numbers of all tickets of a view, at most MOST, the lowest first."""
    return list(where.tickets(user).order_by("pk").values_list("pk", flat=True)[:MOST])


def asked_tickets(request: HttpRequest, where: Where) -> list[int]:
    """The ticked tickets; with "all", those of the view that were there when the page was made, without
    those that the page showed and that are not ticked."""
    user: Any = request.user
    ticked = _numbers(request.POST.getlist("ticket"))
    newest = _numbers([request.POST.get("all", "")])
    if not newest:
        return ticked
    taken_out = set(_numbers(request.POST.get("shown", "").split("-"))) - set(ticked)
    return [pk for pk in numbers_in(where, user) if pk <= newest[0] and pk not in taken_out]


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 18]


def asked_change(request: HttpRequest) -> tuple[str, Any]:
    """The verb and its value from the pressed button ("assign:12", "snooze:2026-11-23T09:00+01:00"). Raises
    ValueError with a sentence."""
    user: Any = request.user
    verb, _colon, value = request.POST.get("do", "").partition(":")
    if verb == "assign" and value == "me":
        return verb, user.pk
    if verb in ("assign", "move", "prioritize"):
        return verb, (_numbers([value]) or [0])[0]
    if verb == "tag":
        return verb, request.POST.get("tag", "")[:200]
    if verb == "snooze":
        return verb, read_instant(value or request.POST.get("until", "")).isoformat()
    return verb, None


WHY_WORDS: dict[str, Any] = dict(BulkWhy.choices)


def told(job: Job) -> str:
    """What became of it, in a line: "48 changed, 2 skipped: not allowed"."""
    result = job.result or {"counts": {}, "why": {}}
    counts, why = result["counts"], result["why"]
    if job.kind == "tickets.undo_bulk":
        parts = [_("%(number)s put back") % {"number": number(counts.get(BulkOutcome.PUT_BACK, 0))}]
        rest, words = counts.get(BulkOutcome.LEFT, 0), _("%(number)s left as they are: %(why)s")
    else:
        parts = [_("%(number)s changed") % {"number": number(counts.get(BulkOutcome.CHANGED, 0))}]
        rest, words = counts.get(BulkOutcome.SKIPPED, 0), _("%(number)s skipped: %(why)s")
    if same := counts.get(BulkOutcome.SAME, 0):
        were_so = ngettext("%(number)s was so already", "%(number)s were so already", same)
        parts.append(were_so % {"number": number(same)})
    if rest:
        parts.append(words % {"number": number(rest), "why": _reasons(why)})
    return ", ".join(parts)


def _reasons(why: dict[str, int]) -> str:
    """The one reason, or each with its number."""
    if len(why) == 1:
        return str(WHY_WORDS[next(iter(why))])
    return ", ".join(f"{number(many)} {WHY_WORDS[reason]}" for reason, many in sorted(why.items()))
