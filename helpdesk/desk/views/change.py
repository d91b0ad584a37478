"""Properties and status: each view is one action, its toast and its Undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from helpdesk import actions as outward
from helpdesk.desk.base import desk_view, find_ticket, is_part, see_other, tell
from helpdesk.desk.instants import read_instant
from helpdesk.desk.neighbours import with_view
from helpdesk.desk.views.ticket import ticket_page
from helpdesk.times import deadline
from helpdesk.words import PRIORITY_WORDS, STATUS_WORDS
from tickets import access, actions
from tickets.models import LinkWord, Priority, Status, Tag, Ticket, TicketType, User

Change = Callable[[HttpRequest, Ticket], None]


def change_view(act: Change) -> Callable[..., HttpResponse]:
    """A POST that runs `act`; a refusal shows the page as it now is, with the reason."""

    @desk_view("POST")
    def view(request: HttpRequest, number: int) -> HttpResponse:
        ticket = find_ticket(request, number)
        try:
            act(request, ticket)
        except (actions.NotAllowed, ValueError) as refusal:
            status = 409 if isinstance(refusal, actions.NotAllowed) else 422
            return ticket_page(request, find_ticket(request, number), notice=str(refusal), status=status)
        if is_part(request) and access.worked_by(request.user).filter(pk=number).exists():
            return ticket_page(request, find_ticket(request, number))
        if is_part(request):
            return HttpResponseClientRedirect(after(request, number))
        return see_other(after(request, number))

    view.__name__ = act.__name__
    view.__doc__ = act.__doc__
    return view


def after(request: HttpRequest, number: int) -> str:
    """Where to go on: the ticket, or the queue when the ticket went out of the reader's sight."""
    if access.worked_by(request.user).filter(pk=number).exists():
        return with_view(request, number)
    return reverse("desk:queue")


def given(request: HttpRequest, name: str) -> str:
    """A posted value; an Undo carries it in its address."""
    return (request.POST.get(name) or request.GET.get(name) or "").strip()


def path(route: str, ticket: Ticket, query: str = "") -> str:
    return reverse(f"desk:{route}", args=[ticket.pk]) + query


def number_of(text: str) -> int:
    """The number that `text` spells; 0, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def seen_owner(request: HttpRequest) -> dict[str, int | None]:
    """The owner whom the page showed, if it says so, for `actions.assign`."""
    if "expected" not in request.POST:
        return {}
    return {"expected": number_of(given(request, "expected")) or None}


@change_view
def assign(request: HttpRequest, ticket: Ticket) -> None:
    """Give the ticket to the person `to`, or to nobody."""
    user: Any = request.user
    to = access.assignable_to(ticket).filter(pk=number_of(given(request, "to"))).first()
    if given(request, "to") not in ("", "0") and to is None:
        raise actions.NotAllowed(_("This person does not work on the ticket's team."))
    old = ticket.assignee
    expected: dict[str, Any] = seen_owner(request)
    actions.assign(ticket, to, by=user, **expected)
    if old != to:
        words = _("Assigned to %(name)s") % {"name": to.first_name} if to else _("Put back, nobody owns it")
        tell(request, words, path("assign", ticket, f"?to={old.pk if old else 0}"))


@change_view
def take(request: HttpRequest, ticket: Ticket) -> None:
    """Make the reader the owner, unless somebody else took it since the page was shown."""
    user: Any = request.user
    old = ticket.assignee
    expected: dict[str, Any] = seen_owner(request)
    actions.assign(ticket, user, by=user, **expected)
    if old != user:
        tell(request, _("It is yours"), path("assign", ticket, f"?to={old.pk if old else 0}"))


@change_view
def prioritize(request: HttpRequest, ticket: Ticket) -> None:
    if number_of(given(request, "priority")) not in Priority.values:
        raise ValueError(_("Choose a priority."))
    old = ticket.priority
    fresh = actions.prioritize(ticket, number_of(given(request, "priority")), by=_by(request))
    if fresh.priority != old:
        words = _("Priority: %(priority)s") % {"priority": PRIORITY_WORDS[fresh.priority]}
        tell(request, words, path("prioritize", ticket, f"?priority={old}"))


@change_view
def move(request: HttpRequest, ticket: Ticket) -> None:
    team = access.teams_visible_to(request.user).filter(pk=number_of(given(request, "team"))).first()
    if team is None:
        raise ValueError(_("Choose a team."))
    old = ticket.team_id
    fresh = actions.move(ticket, team, by=_by(request))
    if fresh.team_id != old:
        stays = access.can_work(request.user, fresh)
        tell(
            request,
            _("Moved to %(team)s") % {"team": team},
            path("move", ticket, f"?team={old}") if stays else "",
        )


@change_view
def retype(request: HttpRequest, ticket: Ticket) -> None:
    if given(request, "type") not in TicketType.values:
        raise ValueError(_("Choose a type."))
    old = ticket.type
    fresh = actions.retype(ticket, given(request, "type"), by=_by(request))
    if fresh.type != old:
        words = _("Type: %(type)s") % {"type": fresh.get_type_display()}
        tell(request, words, path("retype", ticket, f"?type={old}"))


@change_view
def tag(request: HttpRequest, ticket: Ticket) -> None:
    actions.tag(ticket, given(request, "tag"), by=_by(request))


@change_view
def untag(request: HttpRequest, ticket: Ticket) -> None:
    name = given(request, "tag")
    if Tag.objects.filter(name=name.lower(), tickets=ticket).exists():
        actions.untag(ticket, name, by=_by(request))
        tell(request, _("Tag “%(tag)s” removed") % {"tag": name})


@change_view
def resolve(request: HttpRequest, ticket: Ticket) -> None:
    _go(request, ticket, actions.resolve)


@change_view
def close(request: HttpRequest, ticket: Ticket) -> None:
    _go(request, ticket, actions.close)


@change_view
def set_waiting(request: HttpRequest, ticket: Ticket) -> None:
    _go(request, ticket, actions.set_waiting)


@change_view
def put_on_hold(request: HttpRequest, ticket: Ticket) -> None:
    _go(request, ticket, actions.put_on_hold)


def _stand_again(request: HttpRequest, ticket: Ticket) -> None:
    """Before it is opened: undo what closed it, a merge or the verdict that it is spam."""
    if ticket.merged_into_id is not None:
        actions.unmerge(ticket, by=_by(request))
    elif ticket.spam_at is not None:
        outward.unmark_spam(ticket, by=_by(request))


@change_view
def set_open(request: HttpRequest, ticket: Ticket) -> None:
    _stand_again(request, ticket)
    _go(request, ticket, actions.set_open)


@change_view
def reopen(request: HttpRequest, ticket: Ticket) -> None:
    """Open again; `then` (waiting or on_hold) is where an undone resolution came from. A merged ticket stands
    for itself again."""
    _stand_again(request, ticket)
    _go(request, ticket, actions.reopen)
    back: dict[str, Callable[..., Ticket]] = {"waiting": actions.set_waiting, "on_hold": actions.put_on_hold}
    if then := back.get(given(request, "then")):
        then(ticket, by=_by(request))


@change_view
def link(request: HttpRequest, ticket: Ticket) -> None:
    """Say that the ticket `other` has to do with this one, and what (`word`)."""
    word = given(request, "word") or LinkWord.RELATED
    if word not in LinkWord.values:
        raise ValueError(_("Choose what the tickets have to do with each other."))
    other = _linked(request)
    actions.link(ticket, other, word=word, by=_by(request))
    tell(
        request,
        _("Linked to #%(number)s") % {"number": other.pk},
        path("unlink", ticket, f"?other={other.pk}"),
    )


@change_view
def unlink(request: HttpRequest, ticket: Ticket) -> None:
    other = _linked(request)
    actions.unlink(ticket, other, by=_by(request))
    tell(request, _("No longer linked to #%(number)s") % {"number": other.pk})


def _linked(request: HttpRequest) -> Ticket:
    number = number_of(given(request, "other").removeprefix("#"))
    other = access.worked_by(request.user).filter(pk=number).first()
    if other is None:
        raise ValueError(_("Enter the number of a ticket that you may change."))
    return other


@change_view
def mark_spam(request: HttpRequest, ticket: Ticket) -> None:
    """Close it as spam and refuse mail of its sender; Undo takes both back."""
    if ticket.spam_at is None:
        address = outward.mark_spam(ticket, by=_by(request))
        refused = _("Closed as spam. Mail from %(address)s is refused from now on.") % {"address": address}
        tell(request, refused if address else _("Closed as spam"), path("unmark-spam", ticket))


@change_view
def unmark_spam(request: HttpRequest, ticket: Ticket) -> None:
    if ticket.spam_at is not None:
        outward.unmark_spam(ticket, by=_by(request))
        tell(request, _("Not spam. The ticket counts again."), path("mark-spam", ticket))


UNDO = {
    Status.NEW: "set-open",
    Status.OPEN: "set-open",
    Status.WAITING: "set-waiting",
    Status.ON_HOLD: "put-on-hold",
    Status.RESOLVED: "resolve",
    Status.CLOSED: "close",
}


def _go(request: HttpRequest, ticket: Ticket, verb: Callable[..., Ticket]) -> None:
    old = Status(ticket.status)
    fresh = verb(ticket, by=_by(request))
    if fresh.status == old:
        return
    if fresh.status in (Status.RESOLVED, Status.CLOSED) and old not in (Status.RESOLVED, Status.CLOSED):
        undo = path("reopen", ticket, f"?then={old.value}")
    else:
        undo = path(UNDO[old], ticket)
    tell(request, str(STATUS_WORDS[fresh.status]), undo)


@change_view
def snooze(request: HttpRequest, ticket: Ticket) -> None:
    """Put the ticket off until `until` (local time of the reader, or with an offset)."""
    old = ticket.snoozed_until
    fresh = actions.snooze(ticket, until=read_instant(given(request, "until")), by=_by(request))
    assert fresh.snoozed_until is not None
    if fresh.snoozed_until != old:
        words = _("Snoozed until %(time)s. Its clocks run on.") % {"time": deadline(fresh.snoozed_until)}
        tell(request, words, _snooze_again(ticket, old))


@change_view
def unsnooze(request: HttpRequest, ticket: Ticket) -> None:
    old = ticket.snoozed_until
    actions.unsnooze(ticket, by=_by(request))
    if old:
        tell(request, _("Taken up again"), _snooze_again(ticket, old))


def _snooze_again(ticket: Ticket, old: datetime | None) -> str:
    return path("snooze", ticket, f"?until={quote(old.isoformat())}") if old else path("unsnooze", ticket)


@change_view
def accept_follower(request: HttpRequest, ticket: Ticket) -> None:
    """The person in copy gets public messages from now on."""
    actions.accept_follower(ticket, _follower(request, ticket), by=_by(request))


@change_view
def remove_follower(request: HttpRequest, ticket: Ticket) -> None:
    person = _follower(request, ticket)
    actions.remove_follower(ticket, person, by=_by(request))
    tell(
        request,
        _("%(name)s gets no more copies") % {"name": person},
        path("accept-follower", ticket, f"?person={person.pk}"),
    )


def _follower(request: HttpRequest, ticket: Ticket) -> User:
    row = ticket.followers.filter(person=number_of(given(request, "person"))).select_related("person").first()
    if row is None:
        raise ValueError(_("This person is not in copy."))
    return row.person


def _by(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]
