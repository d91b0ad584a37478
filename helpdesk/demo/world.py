"""The company of the demo: teams, staff, customers, addresses, saved replies, hours, targets, survey."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from feedback.actions import install_standard_survey
from helpdesk import actions as company_actions
from helpdesk.demo import people
from helpdesk.demo.promises import KEY_ACCOUNT, ensure_promises
from helpdesk.models import Company, Delivery, SavedReply, SupportAddress
from tickets import actions
from tickets.models import Organization, Role, Team, User


def ensure_world(at: datetime | None = None, *, password: str | None = None) -> None:
    """Make what is missing of the demo's company, as if it had been set up at `at`. Safe to repeat.

    Staff can sign in only where a `password` is given.
    """
    with transaction.atomic():
        if not Company.objects.exists():
            company_actions.edit_company(by=None, at=at, name=people.COMPANY, time_zone=people.TIME_ZONE)
        ensure_promises(at)
        install_standard_survey()
        teams = {name: _team(name, at) for name in people.TEAMS}
        for address, team in people.ADDRESSES.items():
            if not SupportAddress.objects.filter(address=address).exists():
                company_actions.create_address(address, teams[team], by=None, name=people.COMPANY, at=at)
        for member in people.MEMBERS:
            _member(member, [teams[name] for name in member.teams], at, password)
        for name, address in people.LEADS.items():
            if teams[name].lead is None:
                actions.edit_team(teams[name], by=None, at=at, lead=User.objects.get(email=address))
        _company_rows(teams, at)
        settle_deliveries(before=at)


def _team(name: str, at: datetime | None) -> Team:
    return Team.objects.filter(name=name).first() or actions.create_team(name, by=None, at=at)


def _member(member: people.Member, teams: list[Team], at: datetime | None, password: str | None) -> None:
    if User.objects.filter(email=member.email).exists():
        return
    person = actions.invite(member.email, name=member.name, role=member.role, teams=teams, by=None, at=at)
    person = actions.prove_address(person, at=at)
    if password is not None:
        person.set_password(password)
        person.save(update_fields=["password"])


def _company_rows(teams: dict[str, Team], at: datetime | None) -> None:
    for title, team, text in people.SAVED_REPLIES:
        if not SavedReply.objects.filter(title=title).exists():
            company_actions.create_saved_reply(title, text, by=None, team=teams.get(team or ""), at=at)


def ensure_customers(at: datetime) -> list[User]:
    """The demo's customers, in their organisations, with addresses that they have proved."""
    found = []
    for name, (domain, shares, names) in people.ORGANIZATIONS.items():
        organization = Organization.objects.filter(name=name).first() or actions.create_organization(
            name, by=None, shares_tickets=shares, at=at
        )
        if name in people.KEY_ACCOUNTS:
            actions.tag_customer(organization, [KEY_ACCOUNT], by=None, at=at)
        for person_name in names:
            address = f"{_plain(person_name.split()[0])}@{domain}"
            person = actions.meet(address, name=person_name, at=at)
            if person.organization_id is None:
                person = actions.edit_person(person, by=None, organization=organization, at=at)
            found.append(actions.prove_address(person, at=at))
    return found


def _plain(word: str) -> str:
    """A name as it stands in an address: `Tomás` is `tomas`."""
    return unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()


def settle_deliveries(before: datetime | None) -> int:
    """Mark what the played past wrote as sent at its time: nobody mails three months of history now."""
    if before is None:
        return 0
    return Delivery.objects.filter(
        state=Delivery.State.QUEUED, send_at__lte=before + timedelta(seconds=1)
    ).update(state=Delivery.State.SENT, sent_at=F("send_at"), ended_at=F("send_at"), attempts=1)


def agents_by_team() -> dict[str, list[User]]:
    """Who answers in each team."""
    return {
        team.name: list(team.members.filter(role=Role.AGENT, is_active=True))
        for team in Team.objects.filter(name__in=people.TEAMS)
    }
