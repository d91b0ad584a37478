"""What the pages of setup show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.company import company
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from helpdesk.setup.job_words import titles
from sla.queries import parked_clocks, parked_escalations, unmeasured
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import UNRESOLVED_STATUSES, Job, JobState, Organization, Role, Team, User

PAGE_SIZE = 50
MEMBERS = ~Q(role=Role.CUSTOMER)
WHO = {
    "team": MEMBERS & Q(is_active=True),
    "customers": Q(role=Role.CUSTOMER, is_active=True),
    "deactivated": Q(is_active=False),
}
"""The lists of people, by their word in the address."""


@dataclass(frozen=True)
class Step:
    """Something without which the helpdesk does not work yet."""

    title: str
    text: str
    path: str
    button: str
    done: bool


def steps(user: User) -> list[Step]:
    """What is needed from an empty database to the first answered mail, in order."""
    named = company().name != "Support"
    has_team = Team.objects.filter(is_active=True).exists()
    has_address = SupportAddress.objects.filter(is_active=True).exists()
    has_people = User.objects.filter(MEMBERS, is_active=True).exclude(pk=user.pk).exists()
    return [
        Step(
            _("Name your company"),
            _("Customers read it in mail and portal."),
            reverse("setup:company"),
            _("Name it"),
            named,
        ),
        Step(
            _("Add a team"),
            _("Every ticket belongs to one."),
            reverse("setup:teams" if has_team else "setup:teams_new"),
            _("Add a team"),
            has_team,
        ),
        Step(
            _("Add your mail address"),
            _("Mail to it becomes tickets; answers come from it."),
            reverse("setup:addresses" if has_address or not has_team else "setup:addresses_new"),
            _("Add an address"),
            has_address,
        ),
        Step(
            _("Invite your people"),
            _("Only you can sign in so far.") if not has_people else _("They answer what comes in."),
            reverse("setup:people" if has_people else "setup:people_invite"),
            _("Invite people"),
            has_people,
        ),
    ]


def teams_with_counts() -> QuerySet[Team]:
    """All teams with `people` (active members) and `unresolved` (tickets); closed ones last."""
    return (
        Team.objects.annotate(
            people=Count("members", filter=Q(members__is_active=True), distinct=True),
            unresolved=Count("tickets", filter=Q(tickets__status__in=UNRESOLVED_STATUSES), distinct=True),
        )
        .prefetch_related("addresses")
        .order_by("-is_active", "name")
    )


def demand_dispensable(team: Team) -> None:
    """Raise NotAllowed when new tickets would have nowhere to go without this team."""
    if company().default_team_id == team.pk:
        raise NotAllowed(_("New tickets go to this team. Choose another one under Company first."))
    if SupportAddress.objects.filter(team=team, is_active=True).exists():
        raise NotAllowed(_("A mail address belongs to this team. Give it to another team first."))
    if not Team.objects.filter(is_active=True).exclude(pk=team.pk).exists():
        raise NotAllowed(_("This is the only team. Add another one first."))


def organizations_with_counts() -> QuerySet[Organization]:
    """All organisations with the number of their active `customers`."""
    return Organization.objects.annotate(customers=Count("people", filter=Q(people__is_active=True)))


def people(user: User, who: str, words: str, after: tuple[str, int] | None) -> tuple[list[User], bool]:
    """One page of people by name, and whether more follow. `who` is a key of WHO; `after` the name (in lower
    case) and id of the last one shown."""
    rows = access.people_visible_to(user).filter(WHO[who])
    for word in words.replace("\x00", "").split()[:5]:
        rows = rows.filter(Q(name__icontains=word) | Q(email__icontains=word))
    rows = rows.annotate(sort_name=Lower("name"))
    if after is not None:
        name, pk = after
        rows = rows.filter(Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=pk))
    found: list[Any] = list(
        rows.select_related("organization")
        .prefetch_related("teams")
        .order_by("sort_name", "pk")[: PAGE_SIZE + 1]
    )
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


# --- the state of mail --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Queue:
    """Mail that is not where it should be: how many, since when, and the oldest ones themselves."""

    key: str
    title: str
    text: str
    count: int
    oldest_at: datetime | None
    rows: list[InboundEmail] | list[Delivery]
    incoming: bool
    can_retry: bool


SHOWN = 20
"""Rows shown of one queue, the oldest first."""


def mail_queues(now: datetime) -> list[Queue]:
    """Everything that came in or should go out and has not reached its end, or ended badly."""
    incoming, outgoing = InboundEmail.State, Delivery.State
    arrived = InboundEmail.objects.defer("raw").order_by("received_at", "pk")
    sent = Delivery.objects.select_related("message").defer("secret")
    waiting = sent.filter(
        state__in=(outgoing.QUEUED, outgoing.RETRYING, outgoing.IN_FLIGHT), send_at__lte=now
    )
    return [
        _queue(
            "waiting",
            _("Waiting to be read"),
            _("Stored and safe. Older than five minutes means that no worker runs."),
            arrived.filter(state=incoming.WAITING),
        ),
        _queue(
            "suspended",
            _("Waiting for a decision"),
            _("Held back on its ticket, marked as spam, or too much at once. Release it or put it away."),
            arrived.filter(state=incoming.SUSPENDED),
        ),
        _queue(
            "quarantined",
            _("Could not be read"),
            _("Kept whole. Read it again after the cause is mended."),
            arrived.filter(state=incoming.QUARANTINED),
            can_retry=True,
        ),
        _queue(
            "outgoing",
            _("Waiting to leave"),
            _("Tried again by itself for five days."),
            waiting.order_by("send_at", "pk"),
        ),
        _queue(
            "failed",
            _("Not delivered"),
            _("Refused for good, or given up. The ticket's agents were told."),
            sent.filter(state=outgoing.FAILED).order_by("created_at", "pk"),
            can_retry=True,
        ),
        _queue(
            "uncertain",
            _("May have arrived"),
            _("The other side took it and then fell silent. Sending again may deliver it twice."),
            sent.filter(state=outgoing.UNCERTAIN).order_by("created_at", "pk"),
            can_retry=True,
        ),
    ]


def _queue(
    key: str,
    title: str,
    text: str,
    rows: QuerySet[InboundEmail] | QuerySet[Delivery],
    can_retry: bool = False,
) -> Queue:
    incoming = rows.model is InboundEmail
    since = "received_at" if incoming else "send_at" if key == "outgoing" else "created_at"
    sums = rows.order_by().aggregate(count=Count("pk"), oldest_at=Min(F(since)))
    shown: list[Any] = list(rows[:SHOWN]) if sums["count"] else []
    return Queue(key, title, text, sums["count"], sums["oldest_at"], shown, incoming, can_retry)


# --- what was put aside -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pile:
    """Things of one kind that could not be done: how many, and the first ones (`titles` of jobs)."""

    key: str
    title: str
    text: str
    count: int
    rows: list[Any]
    titles: dict[int, str]


OWED = timedelta(minutes=10)
"""A measurement comes within seconds; after so long something is wrong with it."""


def put_aside() -> list[Pile]:
    """Everything that waits for its cause to be mended, by kind."""
    failed = Job.objects.filter(state=JobState.FAILED).select_related("asked_by").order_by("-pk")
    jobs = list(failed[:SHOWN])
    return [
        _pile(
            "clocks",
            _("Clocks that could not be checked"),
            _("Warnings, breaches and escalations of these tickets wait. Other tickets are not held up."),
            parked_clocks(),
        ),
        _pile(
            "escalations",
            _("Escalations that could not be carried out"),
            _("Who is to be told was told; what was to be changed on the ticket was not."),
            parked_escalations(),
        ),
        _pile(
            "measures",
            _("Stopped clocks without a measurement"),
            _("Asked for again every few seconds. Reports count them by what the clock itself shows."),
            unmeasured(timezone.now() - OWED),
        ),
        Pile(
            "jobs",
            _("Background work that failed"),
            _("It can be taken up again from where it stopped."),
            failed.count(),
            jobs,
            titles(jobs),
        ),
    ]


def _pile(key: str, title: str, text: str, rows: QuerySet[Any]) -> Pile:
    count = rows.count()
    return Pile(key, title, text, count, list(rows[:SHOWN]) if count else [], {})


def number_put_aside() -> int:
    """How many things wait for their cause to be mended."""
    failed = Job.objects.filter(state=JobState.FAILED)
    owed = unmeasured(timezone.now() - OWED)
    return sum(rows.count() for rows in (parked_clocks(), parked_escalations(), owed, failed))
