"""What is asked about tickets: the desk's views, their counts, the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Case, Count, F, Func, Q, QuerySet, When
from django.utils import timezone

from tickets import access
from tickets.models import (
    UNRESOLVED_STATUSES,
    Attachment,
    Draft,
    Event,
    Link,
    Mention,
    Message,
    Organization,
    SideTalk,
    Status,
    Tag,
    Team,
    Ticket,
    User,
)
from tickets.statements import NUMBER, count_of, kept_models, rows_of, text_of

OfTicket = TypeVar("OfTicket", Event, Message)

HISTORY = timedelta(days=2)
"""What is written down so long after it happened was imported. Mail that waited for hours is not."""


def imported_at(tickets: Iterable[int]) -> dict[int, datetime]:
    """When those of these tickets that are imports came into this installation."""
    first = Event.objects.filter(ticket__in=list(tickets), seq=1, recorded_at__gt=F("at") + HISTORY)
    return dict(first.values_list("ticket_id", "recorded_at"))


VIEWS = ("mine", "team", "unassigned", "waiting", "snoozed", "mentions", "open")
"""The desk's own views, in the order of the rail."""


def view_condition(user: User, view: str) -> Q:
    """What a desk view holds, on top of what the user may work on. Raises KeyError for an unknown view.

    What is put off stands in no view of what is to be done now, but in its own and among all that is open."""
    now = Q(snoozed_until=None)
    working = now & Q(status__in=(Status.NEW, Status.OPEN))
    unresolved = Q(status__in=UNRESOLVED_STATUSES)
    return {
        "mine": Q(assignee=user.pk) & working,
        "team": Q(_is_of_own_team(user)) & working,
        "unassigned": Q(assignee=None) & working,
        "waiting": now & Q(status__in=(Status.WAITING, Status.ON_HOLD)),
        "snoozed": Q(snoozed_until__isnull=False, status__in=UNRESOLVED_STATUSES),
        "mentions": Q(pk__in=Mention.objects.filter(person=user.pk).values("ticket")) & unresolved,
        "open": unresolved,
    }[view]


def _is_of_own_team(user: User) -> Func:
    """Condition on tickets: a team that the member is in. A list that is looked up once, not a join, of which
    PostgreSQL would have to guess how many tickets it leaves."""
    teams = User.teams.through.objects.filter(user=user.pk).values("team")
    values = F("team"), ArraySubquery(teams)
    return Func(*values, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


def in_view(user: User, view: str) -> QuerySet[Ticket]:
    """The tickets of one desk view that the user may work on."""
    return access.worked_by(user).filter(view_condition(user, view))


COUNTED_BY = {
    "mine": "assignee_id = {me} AND status IN ('new', 'open') AND NOT is_snoozed",
    "team": "status IN ('new', 'open') AND NOT is_snoozed"
    " AND team_id IN (SELECT team_id FROM tickets_user_teams WHERE user_id = {me})",
    "unassigned": "assignee_id IS NULL AND status IN ('new', 'open') AND NOT is_snoozed",
    "waiting": "status IN ('waiting', 'on_hold') AND NOT is_snoozed",
    "snoozed": "is_snoozed",
    "open": "TRUE",
}
"""`view_condition` for the rows of `OpenTally`; mentions are no matter of team, owner and status."""


def view_sums(user: User) -> dict[str, str]:
    """How many tickets each of `VIEWS` holds, as values within a statement, by the view's name: sums over
    some rows for each team and owner (`OpenTally`), so they cost the same whatever the number of tickets."""
    tally = text_of(access.tallied_for(user))
    sums = ", ".join(
        f"coalesce(sum(number) FILTER (WHERE {condition.format(me=user.pk)}), 0)::bigint AS {view}"
        for view, condition in COUNTED_BY.items()
    )
    values = {view: f"sums.{view}" for view in COUNTED_BY}
    values["mentions"] = count_of(in_view(user, "mentions").order_by().values("pk"))
    return values | {"FROM": f"(SELECT {sums} FROM ({tally}) tally) sums"}  # noqa: S608


def view_counts(user: User) -> dict[str, int]:
    """How many tickets each view holds, in one query."""
    values = view_sums(user)
    source = values.pop("FROM")
    (found,) = rows_of(f"SELECT {', '.join(values.values())} FROM {source}")  # noqa: S608
    return dict(zip(values, found, strict=True))


LOOKED_AT = 2_000
"""Among so many of the newest unresolved tickets the tickets of saved views are counted."""


def counts_among_newest(user: User, conditions: dict[str, Q]) -> tuple[dict[str, int], bool]:
    """How many of the newest unresolved tickets fit each condition, and whether there are more tickets than
    were looked at (then each number is a least one). One query over a bounded number of rows."""
    newest = access.worked_by(user).filter(status__in=UNRESOLVED_STATUSES).order_by("-pk")
    looked_at = Ticket.objects.filter(pk__in=newest.values("pk")[: LOOKED_AT + 1])
    counts = {f"count_{name}": Count("pk", filter=condition) for name, condition in conditions.items()}
    found = looked_at.aggregate(all_of_them=Count("pk"), **counts)
    return {name: found[f"count_{name}"] for name in conditions}, found["all_of_them"] > LOOKED_AT


def solved(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Those that are settled (resolved or closed), newest first."""
    return tickets.exclude(status__in=UNRESOLVED_STATUSES).order_by("-pk")


def unsolved(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Those that are not settled: first what waits for the customer (`turn` 0), then newest first."""
    turn = Case(When(status=Status.WAITING, then=0), default=1)
    return tickets.filter(status__in=UNRESOLVED_STATUSES).annotate(turn=turn).order_by("turn", "-pk")


def after(tickets: QuerySet[Ticket], place: str) -> QuerySet[Ticket]:
    """What follows a `place_of` in the order of `solved` or `unsolved`; an unreadable place: all."""
    turn, _dash, number = place.partition("-")
    if not (turn in ("0", "1", "2") and number.isascii() and number.isdigit() and len(number) < 18):
        return tickets
    if turn == "2":
        return tickets.filter(pk__lt=int(number))
    return tickets.filter(Q(turn=int(turn), pk__lt=int(number)) | Q(turn__gt=int(turn)))


def place_of(ticket: Ticket) -> str:
    """Where a ticket stands in the order of `solved` (turn 2) or `unsolved`, for a page's address."""
    return f"{getattr(ticket, 'turn', 2)}-{ticket.pk}"


def of_requester(tickets: QuerySet[Ticket], person: User) -> QuerySet[Ticket]:
    return tickets.filter(requester=person)


def of_organization(tickets: QuerySet[Ticket], organization: Organization) -> QuerySet[Ticket]:
    return tickets.filter(organization=organization)


def counts_for_customer(tickets: QuerySet[Ticket]) -> dict[str, int]:
    """How many of the tickets are `open` and how many `solved`, in one query."""
    is_open = Q(status__in=UNRESOLVED_STATUSES)
    return tickets.aggregate(open=Count("pk", filter=is_open), solved=Count("pk", filter=~is_open))


def latest_told(tickets: list[Ticket]) -> dict[int, Message]:
    """The newest message of each ticket that its customer may read by now, in one query, by ticket id."""
    words = Message.objects.filter(access.public_now(), ticket__in=tickets)
    newest = words.order_by("ticket_id", "-said_at", "-pk").distinct("ticket_id").select_related("author")
    return {message.ticket_id: message for message in newest}


def files_without_bytes() -> QuerySet[Attachment]:
    """Attachments with their sizes, to be listed: the bytes stay in the database."""
    return Attachment.objects.select_related("blob").defer("blob__data").order_by("pk")


def files_on(ticket: Ticket) -> list[Attachment]:
    """The files of everything said on a ticket, to be listed. One query."""
    return kept_models("files", _files, number=ticket.pk)


def _files() -> QuerySet[Attachment]:
    return files_without_bytes().filter(message__ticket=NUMBER)


def with_held_words(tickets: list[Ticket]) -> set[int]:
    """The numbers of those on which a public message of ours still waits for its hold to end."""
    held = Message.objects.filter(
        ticket__in=tickets, public=True, withdrawn_at=None, visible_at__gt=timezone.now()
    )
    return set(held.values_list("ticket_id", flat=True))


SPEAKER = "{0}__name {0}__email {0}__role"
"""Of somebody who did or said something as much as a line of the history shows."""


def timeline(ticket: Ticket) -> list[Event]:
    """Everything that happened to a ticket, in order. One query."""
    return _with_ticket(kept_models("timeline", _timeline, number=ticket.pk), ticket)


def _timeline() -> QuerySet[Event]:
    rows = Event.objects.filter(ticket=NUMBER).select_related("actor").order_by("seq")
    return rows.only(*(field.name for field in Event._meta.concrete_fields), *SPEAKER.format("actor").split())


def words_on(ticket: Ticket, reader: User) -> list[Message]:
    """Everything said on a ticket, in order, with who said it and the side conversation that it belongs to.
    Notes and held words are among it: those who do not work on the ticket get nothing. One query."""
    if not access.can_work(reader, ticket):
        return []
    return _with_ticket(kept_models("words", _words, number=ticket.pk), ticket)


def _words() -> QuerySet[Message]:
    rows = (
        Message.objects.filter(ticket=NUMBER).select_related("author", "side_talk").order_by("said_at", "pk")
    )
    return rows.only(
        *(field.name for field in Message._meta.concrete_fields),
        *SPEAKER.format("author").split(),
        *(f"side_talk__{field.name}" for field in SideTalk._meta.concrete_fields),
    )


def _with_ticket(rows: list[OfTicket], ticket: Ticket) -> list[OfTicket]:
    for row in rows:
        row.ticket = ticket
    return rows


def links_of(ticket: Ticket, among: QuerySet[Ticket]) -> list[tuple[Ticket, str]]:
    """The tickets linked to this one as far as they are `among` those, with what they have to do with it. Two
    queries at most."""
    rows = Link.objects.filter(Q(first=ticket.pk) | Q(second=ticket.pk))
    words = {
        row.first_id + row.second_id - ticket.pk: str(row.get_word_display()) for row in rows.order_by("pk")
    }
    found = among.filter(pk__in=words).order_by("-pk") if words else ()
    return [(other, words[other.pk]) for other in found]


def tags_offered(most: int = 300) -> QuerySet[Tag]:
    """The tags that there are, by name; of very many the first."""
    return Tag.objects.order_by("name")[:most]


def was_requester(person: User, ticket: Ticket) -> bool:
    """Whether the ticket was taken from this person, who asked it once, and given to another requester."""
    changes = Event.objects.filter(ticket=ticket, kind="ticket.requester_changed")
    return ticket.requester_id != person.pk and changes.filter(data__requester__0=person.pk).exists()


def due_to_close(now: datetime) -> QuerySet[Ticket]:
    """Resolved tickets whose team's closing days are over."""
    due = Q()
    for team, days in Team.objects.values_list("pk", "close_after_days"):
        due |= Q(team=team, resolved_at__lte=now - timedelta(days=days))
    return (
        Ticket.objects.filter(due, status=Status.RESOLVED).order_by("resolved_at")
        if due
        else Ticket.objects.none()
    )


RESTORABLE = timedelta(days=30)
"""For so long a deleted ticket can be brought back."""


def gone_for_good_at(ticket: Ticket) -> datetime:
    """Until when a deleted ticket can be brought back."""
    assert ticket.deleted_at is not None
    return ticket.deleted_at + RESTORABLE


def due_to_purge(now: datetime) -> QuerySet[Ticket]:
    """Deleted tickets that nobody brought back in time, and which still have their words."""
    over = Ticket.with_deleted.filter(deleted_at__lte=now - RESTORABLE, purged_at=None)
    return over.order_by("deleted_at", "pk")


def snoozes_to_end() -> QuerySet[Ticket, int]:
    """Numbers of the tickets that were put off until an instant that is over, the earliest first."""
    over = Ticket.objects.filter(snoozed_until__lte=timezone.now()).order_by("snoozed_until", "pk")
    return over.values_list("pk", flat=True)


def drafts_to_release() -> QuerySet[Draft, int]:
    """Ids of the replies whose time has come, the oldest first."""
    due = Draft.objects.filter(send_at__lte=timezone.now()).order_by("send_at", "pk")
    return due.values_list("pk", flat=True)


def where_it_goes(ticket: Ticket) -> Ticket:
    """The ticket that stands for this one: itself, or what it was merged into, and that one, and so on."""
    seen = {ticket.pk}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        seen.add(ticket.merged_into_id)
        ticket = Ticket.with_deleted.get(pk=ticket.merged_into_id)
    return ticket


def deleted_before(tickets: QuerySet[Ticket], at: datetime | None, number: int) -> QuerySet[Ticket]:
    """Deleted tickets, the latest first; with `at` those that follow ticket `number`, deleted then."""
    if at is not None:
        tickets = tickets.filter(Q(deleted_at__lt=at) | Q(deleted_at=at, pk__lt=number))
    return tickets.order_by("-deleted_at", "-pk")


def deleters(tickets: list[Ticket]) -> dict[int, User]:
    """Who deleted each of these tickets, by its number; one query."""
    events = Event.objects.filter(ticket__in=tickets, kind="ticket.deleted", actor__isnull=False)
    latest = events.order_by("ticket_id", "-seq").distinct("ticket_id").select_related("actor")
    return {event.ticket_id: event.actor for event in latest if event.ticket_id and event.actor}
