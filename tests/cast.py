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
        if teams:
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
    """In four statements: it is made for almost every test."""
    billing, tech = Team.objects.bulk_create([Team(name="Billing"), Team(name="Tech")])
    nordlicht, brightmill = Organization.objects.bulk_create(
        [Organization(name="Nordlicht GmbH", shares_tickets=True), Organization(name="Brightmill")]
    )

    def member(name: str, role: Role) -> User:
        return _person(name, f"{name.split()[0].lower()}@desk.example", PASSWORD, role=role)

    def customer(name: str, organization: Organization | None) -> User:
        email = f"{name.split()[0].lower()}@customers.example"
        return _person(name, email, None, organization=organization)

    cast = Cast(
        billing=billing,
        tech=tech,
        nordlicht=nordlicht,
        brightmill=brightmill,
        mira=member("Mira Koch", Role.AGENT),
        gus=member("Gus Orlov", Role.AGENT),
        sue=member("Sue Park", Role.SUPERVISOR),
        root=member("Root Admin", Role.ADMINISTRATOR),
        priya=customer("Priya Nair", nordlicht),
        paul=customer("Paul Weber", nordlicht),
        bob=customer("Bob Stone", brightmill),
        cara=customer("Cara Diaz", None),
    )
    people = [value for value in vars(cast).values() if isinstance(value, User)]
    User.objects.bulk_create(people)
    works_in = User.teams.through
    teams = {cast.mira: billing, cast.sue: billing, cast.gus: tech}
    works_in.objects.bulk_create(works_in(user=person, team=team) for person, team in teams.items())
    return cast


def _person(name: str, email: str, password: str | None, **fields: Any) -> User:
    """As `User.objects.create_user` makes one, not saved yet."""
    person = User(name=name, email=email, **fields)
    person.set_password(password)
    return person
