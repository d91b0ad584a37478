"""Who may see and do what. Asked here by every face, and nowhere else.

`user` may be anonymous or None. `links` are the numbers of tickets that this browser has opened by a
guest link.
Whatever is not visible does not exist: faces answer it like an unknown number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from tickets.models import (
    Attachment,
    Draft,
    Job,
    JobState,
    Message,
    OpenTally,
    Organization,
    Role,
    SavedView,
    SideTalk,
    Team,
    Ticket,
    User,
)
from tickets.models.people import STAFF_ROLES
from tickets.statements import READER

Someone = Any  # User, AnonymousUser or None
Row = TypeVar("Row", Ticket, OpenTally)

BULK_KINDS = ("tickets.bulk", "tickets.undo_bulk")


def is_member(user: Someone) -> bool:
    """An active agent, supervisor or administrator."""
    return bool(user and user.is_authenticated and user.is_active and user.is_member)


def is_overseer(user: Someone) -> bool:
    """An active supervisor or administrator: sees all teams and the reports."""
    return is_member(user) and user.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)


def is_administrator(user: Someone) -> bool:
    return is_member(user) and user.role == Role.ADMINISTRATOR


def visible_to(user: Someone, links: Collection[int] = ()) -> QuerySet[Ticket]:
    """The tickets that somebody may see.

    Customers: their own, and their organisation's where it shares. Agents: those of their teams, of
    teams open
    to all, and their own. Supervisors and administrators: all. Guests: the ones whose link they hold.
    A person in copy sees none: they are told by mail.
    """
    if is_overseer(user):
        return Ticket.objects.all()
    allowed = Q(pk__in=list(links)) if links else Q()
    if user and user.is_authenticated and user.is_active:
        allowed |= Q(requester=user.pk)
        if user.is_member:
            allowed |= Q(assignee=user.pk) | Q(team__in=teams_of(user))
        elif user.organization_id and user.organization.shares_tickets:
            allowed |= Q(organization=user.organization_id)
    return Ticket.objects.filter(allowed) if allowed else Ticket.objects.none()


def asked_by(user: Someone, links: Collection[int] = ()) -> QuerySet[Ticket]:
    """The tickets that somebody may follow from the customer's side (the portal).

    As `visible_to`, but members of the staff find only what they asked themselves: what they may see as
    colleagues belongs to the desk.
    """
    if not is_member(user):
        return visible_to(user, links)
    return Ticket.objects.filter(Q(requester=user.pk) | Q(pk__in=list(links)))


def messages_told_to(user: Someone, ticket: Ticket, links: Collection[int] = ()) -> QuerySet[Message]:
    """What the customer's side of a ticket may read, whoever is looking: what is public by now."""
    mine = asked_by(user, links).filter(pk=ticket.pk)
    return Message.objects.filter(public_now(), ticket__in=mine)


def attachments_told_to(user: Someone, ticket: Ticket, links: Collection[int] = ()) -> QuerySet[Attachment]:
    return Attachment.objects.filter(message__in=messages_told_to(user, ticket, links))


def worked_by(user: Someone) -> QuerySet[Ticket]:
    """The tickets that a member may work on at the desk: seeing one's own request is not working on it."""
    return _worked(Ticket.objects.all(), user)


def tallied_for(user: Someone) -> QuerySet[OpenTally]:
    """The numbers of unresolved tickets, as far as the member may work on them (as `worked_by`)."""
    return _worked(OpenTally.objects.all(), user)


def _worked(rows: QuerySet[Row], user: Someone) -> QuerySet[Row]:
    if is_overseer(user):
        return rows
    if not is_member(user):
        return rows.none()
    return rows.filter(Q(assignee=user.pk) | Q(team__in=teams_of(user)))


def parts_worked_by(user: Someone) -> list[Q]:
    """`worked_by` as conditions that exclude one another, each on one team or one owner, so that each can be
    read in an order of its own; none where a member may work on everything."""
    if is_overseer(user):
        return []
    theirs = Q(assignee=user.pk)
    return [theirs, *(Q(team=team) & ~theirs for team in sorted(teams_of(user)))]


def footing(user: User) -> tuple[object, ...]:
    """All that decides, beside their number, what a member may work on: to keep what was made for it. One
    query, as `teams_of`."""
    teams = () if is_overseer(user) else tuple(sorted(teams_of(user)))
    return (user.role, user.is_active, teams)


def someone_like(user: User) -> User:
    """A member on the same footing, of the number `READER`: whom a kept statement is made for."""
    one = User(pk=READER, role=user.role, is_active=user.is_active)
    remember_teams(one, list(teams_of(user)))
    return one


@dataclass(frozen=True)
class Reach:
    """What one member may work on (as `worked_by`), to be kept for some seconds without the database."""

    person: int
    everything: bool
    teams: frozenset[int]

    def covers(self, team: int, assignee: int | None) -> bool:
        """Whether a ticket of that team and owner (ids) is theirs to work on."""
        return self.everything or assignee == self.person or team in self.teams


def reaches_of(people: Iterable[User]) -> dict[int, Reach]:
    """By id, the reach of each of these people who is a member. Two queries, however many they are."""
    members = {person.pk: person for person in people if is_member(person)}
    if not members:
        return {}
    open_to_all = set(Team.objects.filter(open_to_all_agents=True).values_list("pk", flat=True))
    theirs: dict[int, set[int]] = {pk: set(open_to_all) for pk in members}
    through = User.teams.through.objects.filter(user__in=members)
    for person, team in through.values_list("user_id", "team_id"):
        theirs[person].add(team)
    return {pk: Reach(pk, is_overseer(person), frozenset(theirs[pk])) for pk, person in members.items()}


def teams_worked(person: int) -> QuerySet[Team]:
    """The teams whose tickets a member may work on: their own and those open to all, each once."""
    through = User.teams.through.objects.filter(user=person).values("team")
    return Team.objects.filter(Q(pk__in=through) | Q(open_to_all_agents=True)).order_by()


def teams_of(user: User) -> list[int]:
    """Ids of the teams whose tickets a member may work on, asked once for each user object (one request)."""
    known: list[int] | None = getattr(user, "_teams_worked", None)
    if known is None:
        known = list(teams_worked(user.pk).values_list("pk", flat=True))
        remember_teams(user, known)
    return known


def remember_teams(user: User, teams: list[int]) -> None:
    """What `teams_of` is to answer for this object: its `teams_worked`, read together with it."""
    user._teams_worked = teams  # type: ignore[attr-defined]


def teams_visible_to(user: Someone) -> QuerySet[Team]:
    """Teams that a member may see and file tickets into: all active ones (a ticket may be passed on)."""
    return Team.objects.filter(is_active=True) if is_member(user) else Team.objects.none()


def messages_visible_to(user: Someone, ticket: Ticket, links: Collection[int] = ()) -> QuerySet[Message]:
    """What somebody may read of a ticket that they see. Notes, held words and withdrawn ones never leave
    staff."""
    if can_work(user, ticket):
        return Message.objects.filter(ticket=ticket)
    if not can_see(user, ticket, links):
        return Message.objects.none()
    return Message.objects.filter(ticket=ticket).filter(public_now())


def public_now() -> Q:
    """Condition on messages: public, released from its hold, neither withdrawn nor waiting for an
    agent's word."""
    return Q(public=True, held=False, automatic=False, withdrawn_at=None, visible_at__lte=timezone.now())


def side_talks_visible_to(user: Someone, ticket: Ticket) -> QuerySet[SideTalk]:
    """The side conversations of a ticket: for those who work on it, nobody else."""
    if not can_work(user, ticket):
        return SideTalk.objects.none()
    return SideTalk.objects.filter(ticket=ticket)


def quotable_outside(user: Someone, ticket: Ticket) -> QuerySet[Message]:
    """What a member may pass on to somebody outside: public words, with their files; never a note, words
    held back or another side conversation's."""
    if not can_work(user, ticket):
        return Message.objects.none()
    return Message.objects.filter(public_now(), ticket=ticket)


def is_on_customers_side(address: str, ticket: Ticket) -> bool:
    """Whether who has this address (as `normalize_address` writes it) is told of the ticket as a customer:
    its requester, whoever may read it in the portal, people in copy."""
    person = User.objects.filter(email=address).select_related("organization").first()
    if person is None:
        return False
    if person.pk == ticket.requester_id or ticket.followers.filter(person=person, state="accepted").exists():
        return True
    return not is_member(person) and can_see(person, ticket)


def drafts_visible_to(user: Someone, ticket: Ticket) -> QuerySet[Draft]:
    """What somebody is writing on a ticket that they work on; nobody reads another's unsent words."""
    if not can_work(user, ticket):
        return Draft.objects.none()
    return Draft.objects.filter(ticket=ticket, author=user.pk)


def own_drafts(user: Someone) -> QuerySet[Draft]:
    """All that somebody is writing, on whichever tickets they work."""
    if not is_member(user):
        return Draft.objects.none()
    return Draft.objects.filter(author=user.pk, ticket__in=worked_by(user))


def attachments_visible_to(
    user: Someone, ticket: Ticket, links: Collection[int] = ()
) -> QuerySet[Attachment]:
    return Attachment.objects.filter(message__in=messages_visible_to(user, ticket, links))


def people_visible_to(user: Someone) -> QuerySet[User]:
    """Members see everybody; others nobody but themselves."""
    if is_member(user):
        return User.objects.all()
    return User.objects.filter(pk=user.pk) if user and user.is_authenticated else User.objects.none()


def organizations_visible_to(user: Someone) -> QuerySet[Organization]:
    return Organization.objects.all() if is_member(user) else Organization.objects.none()


def can_see(user: Someone, ticket: Ticket, links: Collection[int] = ()) -> bool:
    return visible_to(user, links).filter(pk=ticket.pk).exists()


def can_delete(user: Someone, ticket: Ticket) -> bool:
    """May delete the ticket: supervisors and administrators."""
    return is_overseer(user) and can_work(user, ticket)


def can_restore(user: Someone) -> bool:
    """May bring deleted tickets back: supervisors and administrators."""
    return is_overseer(user)


def deleted_visible_to(user: Someone) -> QuerySet[Ticket]:
    """The deleted tickets that somebody may bring back."""
    if not can_restore(user):
        return Ticket.objects.none()
    return Ticket.with_deleted.filter(deleted_at__isnull=False, purged_at=None)


def can_work(user: Someone, ticket: Ticket) -> bool:
    """May work on the ticket at the desk: answer, note, assign, change. Nobody does on a deleted one."""
    if ticket.deleted_at is not None:
        return False
    if is_overseer(user):
        return True
    return is_member(user) and (ticket.assignee_id == user.pk or ticket.team_id in teams_of(user))


def can_be_assigned(person: User, ticket: Ticket) -> bool:
    """May own the ticket: an active member who may work on its team's tickets."""
    return is_overseer(person) or (is_member(person) and ticket.team_id in teams_of(person))


def can_speak_as_customer(user: Someone, ticket: Ticket, links: Collection[int] = ()) -> bool:
    """May write on the ticket from the customer's side: whoever sees it without working here, and its
    requester."""
    if user and user.is_authenticated and ticket.requester_id == user.pk:
        return bool(user.is_active and ticket.deleted_at is None)
    return not is_member(user) and can_see(user, ticket, links)


def can_see_reports(user: Someone) -> bool:
    """Supervisors and administrators; an agent's own numbers are asked separately."""
    return is_overseer(user)


def can_administer(user: Someone) -> bool:
    return is_administrator(user)


def can_set_promises(user: Someone) -> bool:
    """Change working hours and policies: supervisors and administrators."""
    return is_overseer(user)


def jobs_visible_to(user: Someone) -> QuerySet[Job]:
    """Long work: administrators see all of it, supervisors what they asked for. Of everyday changes of
    several tickets (`bulk_visible_to`) only those that failed."""
    everyday = Q(kind__in=BULK_KINDS) & ~Q(state=JobState.FAILED)
    if is_administrator(user):
        return Job.objects.exclude(everyday)
    asked = Job.objects.filter(asked_by=user.pk).exclude(everyday)
    return asked if is_overseer(user) else Job.objects.none()


def bulk_visible_to(user: Someone) -> QuerySet[Job]:
    """Changes of several tickets at once, and their Undo: everybody their own."""
    if not is_member(user):
        return Job.objects.none()
    return Job.objects.filter(asked_by=user.pk, kind__in=BULK_KINDS)


def saved_views_visible_to(user: Someone) -> QuerySet[SavedView]:
    """A member's own views, those shared with a team that they are in, and those shared with everybody. One
    whose team is gone is its owner's alone."""
    if not is_member(user):
        return SavedView.objects.none()
    shared = Q(shared=SavedView.Shared.ALL) | Q(
        shared=SavedView.Shared.TEAM, team__is_active=True, team__members=user.pk
    )
    return SavedView.objects.filter(Q(owner=user.pk) | shared).distinct().select_related("owner", "team")


def can_change_view(user: Someone, view: SavedView) -> bool:
    """Its owner; and administrators, once others see it."""
    if view.owner_id == getattr(user, "pk", None):
        return is_member(user)
    return is_administrator(user) and view.shared != SavedView.Shared.MINE


def can_change_role(user: Someone, person: User, role: str) -> bool:
    """Only administrators, never of themselves: nobody edits upward and the last one cannot lock all out."""
    return is_administrator(user) and user.pk != person.pk and role in Role.values


def assignable_to(ticket: Ticket) -> QuerySet[User]:
    """Everybody for whom `can_be_assigned` holds, in order of name."""
    works_there = Q(role__in=(Role.SUPERVISOR, Role.ADMINISTRATOR)) | Q(teams=ticket.team_id)
    if ticket.team.open_to_all_agents:
        works_there |= Q(role=Role.AGENT)
    people = User.objects.filter(works_there, role__in=STAFF_ROLES, is_active=True)
    return people.distinct().order_by("name", "pk")


def colleagues_of(user: Someone) -> QuerySet[User]:
    """Whom a member may think of for tickets of several teams at once: supervisors and administrators think
    of everybody, agents of who works in a team of theirs."""
    people = members_visible_to(user)
    if is_member(user) and not is_overseer(user):
        people = people.filter(Q(pk=user.pk) | Q(teams__in=teams_of(user))).distinct()
    return people


def mentionable_in(ticket: Ticket, by: Someone) -> QuerySet[User]:
    """Whom a note of `by` may name with an @: the others who may work on the ticket."""
    people = assignable_to(ticket)
    return people.exclude(pk=by.pk) if is_member(by) else people


def members_visible_to(user: Someone) -> QuerySet[User]:
    """Active members of the staff, for lists of possible owners; members see all of them."""
    if not is_member(user):
        return User.objects.none()
    return User.objects.filter(role__in=STAFF_ROLES, is_active=True).order_by("name", "pk")
