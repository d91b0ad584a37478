"""The small fixed world in which the tests play: two teams, their people, two organisations of customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import factory

from tickets.models import Organization, Role, Team, User

PASSWORD = "correct horse battery"


class PersonFactory(factory.django.DjangoModelFactory):
    """A person; staff get PASSWORD. Use only where the cast has nobody fitting."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@elsewhere.example")
    role = Role.CUSTOMER

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        teams = kwargs.pop("teams", ())
        person = User.objects.create_user(kwargs.pop("email"), **kwargs)
        person.teams.set(teams)
        return person


@dataclass(frozen=True)
class Cast:
    """`mira` (agent) and `sue` (supervisor) work in billing, `gus` (agent) in tech; `root` administers.
    `priya` and `paul` are of Nordlicht (shares tickets), `bob` of Brightmill, `cara` is only ever in copy."""

    billing: Team
    tech: Team
    nordlicht: Organization
    brightmill: Organization
    mira: User
    gus: User
    sue: User
    root: User
    priya: User
    paul: User
    bob: User
    cara: User


def make_cast() -> Cast:
    billing = Team.objects.create(name="Billing")
    tech = Team.objects.create(name="Tech")
    nordlicht = Organization.objects.create(name="Nordlicht GmbH", shares_tickets=True)
    brightmill = Organization.objects.create(name="Brightmill")

    def member(name: str, role: Role, *teams: Team) -> User:
        email = f"{name.split()[0].lower()}@desk.example"
        return PersonFactory(name=name, email=email, role=role, teams=teams, password=PASSWORD)

    def customer(name: str, organization: Organization | None) -> User:
        email = f"{name.split()[0].lower()}@customers.example"
        return PersonFactory(name=name, email=email, organization=organization)

    return Cast(
        billing=billing,
        tech=tech,
        nordlicht=nordlicht,
        brightmill=brightmill,
        mira=member("Mira Koch", Role.AGENT, billing),
        gus=member("Gus Orlov", Role.AGENT, tech),
        sue=member("Sue Park", Role.SUPERVISOR, billing),
        root=member("Root Admin", Role.ADMINISTRATOR),
        priya=customer("Priya Nair", nordlicht),
        paul=customer("Paul Weber", nordlicht),
        bob=customer("Bob Stone", brightmill),
        cara=customer("Cara Diaz", None),
    )
