"""People, teams and organisations: meeting, inviting, changing, deactivating."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, demand_administrator, instant
from tickets.bulk import insert
from tickets.events import NewEvent, record, record_all
from tickets.models import Organization, Role, Tag, Team, User
from tickets.models.people import normalize_address
from tickets.text import clean_line


def meet(
    address: str | None, *, name: str = "", phone: str = "", language: str = "", at: datetime | None = None
) -> User:
    """The person who writes from `address`, made a customer on first contact. An existing person is
    never changed,
    except that a missing name is filled in. Without an address a new person is made each time.

    Raises ValueError for something that is no e-mail address.
    """
    known = Acquaintance(address, name, phone, language)
    return meet_all([known], at=at)[0]


@dataclass(frozen=True)
class Acquaintance:
    """Somebody to meet. Without an address it is somebody new each time."""

    address: str | None
    name: str = ""
    phone: str = ""
    language: str = ""

    @property
    def email(self) -> str | None:
        return normalize_address(self.address)


def meet_all(given: Sequence[Acquaintance], *, at: datetime | None = None) -> list[User]:
    """`meet` for many, in a few statements; the same address twice is one person."""
    known = {
        user.email: user for user in User.objects.filter(email__in={one.email for one in given if one.email})
    }
    new: dict[str | int | None, Acquaintance] = {}
    for nth, one in enumerate(given):
        if one.email and one.email not in known:
            _check_address(one.email)
            new.setdefault(one.email, one)
        elif not one.email:
            new[nth] = one
    try:
        made = dict(zip(new, _make(list(new.values()), at), strict=True)) if new else {}
    except IntegrityError:  # somebody else met one of them at this moment
        if len(given) == 1:
            return [User.objects.get(email=given[0].email)]
        return [meet_all([one], at=at)[0] for one in given]
    people = [known.get(one.email) or made[one.email or nth] for nth, one in enumerate(given)]
    for person, one in zip(people, given, strict=True):
        if one.name.strip() and not person.name:
            person.name = clean_line(one.name, 200)
            person.save(update_fields=["name"])
    return people


def _make(given: Sequence[Acquaintance], at: datetime | None) -> list[User]:
    people = [
        User(
            email=one.email,
            password=UNUSABLE_PASSWORD_PREFIX
            + secrets.token_urlsafe(30),  # as set_unusable_password, quicker
            name=clean_line(one.name, 200),
            phone=clean_line(one.phone, 50),
            language=clean_line(one.language, 12),
            created_at=instant(at),
        )
        for one in given
    ]
    with transaction.atomic():
        insert(people)
        record_all([NewEvent("person.met", subject=one, at=at, data={"person": one.pk}) for one in people])
    return people


def is_address(address: str | None) -> bool:
    """Whether `meet` would take it."""
    try:
        validate_email(normalize_address(address))
    except ValidationError:
        return False
    return True


def _check_address(address: str) -> None:
    if not is_address(address):
        raise ValueError(_("“%(address)s” is not an email address.") % {"address": address})


def invite(
    address: str,
    *,
    name: str,
    role: str,
    teams: Iterable[Team] = (),
    by: User | None,
    at: datetime | None = None,
) -> User:
    """Make somebody a member of the staff, or a customer known by name. Their first sign-in follows a
    mailed link.

    An existing customer is raised to the role. Raises NotAllowed unless `by` is an administrator or the
    system, and
    ValueError for a bad address.
    """
    if by is not None and not access.can_administer(by):
        raise NotAllowed(_("Only administrators invite people."))
    with transaction.atomic():
        person = meet(address, name=name, at=at)
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.is_member:
            raise NotAllowed(_("%(name)s is already on the team.") % {"name": person})
        person.role = Role(role)
        person.save(update_fields=["role"])
        person.teams.set(teams)
        data = {"person": person.pk, "role": person.role}
        record("person.invited", subject=person, by=by, at=at, data=data)
        return person


def set_role(person: User, role: str, *, by: User | None, at: datetime | None = None) -> User:
    """Give another role; it counts from the person's next request on."""
    if by is not None and not access.can_change_role(by, person, role):
        raise NotAllowed(_("You may not give this role."))
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.role != role:
            person.role = Role(role)
            person.save(update_fields=["role"])
            data = {"person": person.pk, "role": person.role}
            record("person.role_changed", subject=person, by=by, at=at, data=data)
        return person


def set_teams(person: User, teams: Iterable[Team], *, by: User | None, at: datetime | None = None) -> User:
    demand_administrator(by)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        wanted = {team.pk for team in teams}
        if set(person.teams.values_list("pk", flat=True)) != wanted:
            person.teams.set(wanted)
            data = {"person": person.pk, "teams": sorted(wanted)}
            record("person.teams_changed", subject=person, by=by, at=at, data=data)
        return person


def edit_person(person: User, *, by: User | None, at: datetime | None = None, **fields: Any) -> User:
    """Change name, phone, language, time_zone, preferences, organization or account. People change themselves
    (the last two excepted); administrators everybody."""
    allowed = {"name", "phone", "language", "time_zone", "preferences", "organization", "account"}
    if unknown := fields.keys() - allowed:
        raise ValueError(f"not editable: {sorted(unknown)}")
    own = by is not None and by.pk == person.pk and not fields.keys() & {"organization", "account"}
    if by is not None and not own and not access.can_administer(by):
        raise NotAllowed(_("You may not change this person."))
    return _edit(person, "person.edited", {"person": person.pk}, fields, by=by, at=at, names=False)


def deactivate(person: User, *, by: User | None, at: datetime | None = None) -> User:
    """No sign-in and no token of theirs works from the next request on; what they did stays."""
    demand_administrator(by)
    if by is not None and by.pk == person.pk:
        raise NotAllowed(_("You cannot deactivate yourself."))
    return _switch(person, False, "person.deactivated", by=by, at=at)


def reactivate(person: User, *, by: User | None, at: datetime | None = None) -> User:
    demand_administrator(by)
    return _switch(person, True, "person.reactivated", by=by, at=at)


def _switch(person: User, active: bool, kind: str, *, by: User | None, at: datetime | None) -> User:
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.is_active != active:
            person.is_active = active
            person.save(update_fields=["is_active"])
            record(kind, subject=person, by=by, at=at, data={"person": person.pk})
        return person


def prove_address(person: User, *, at: datetime | None = None) -> User:
    """Somebody followed a link or entered a code that was mailed to the person's address."""
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.proven_at is None:
            person.proven_at = instant(at)
            person.save(update_fields=["proven_at"])
            data = {"person": person.pk}
            record("person.proved_address", subject=person, by=person, at=at, data=data)
        return person


def report_address_failed(person: User, *, at: datetime | None = None) -> User:
    """Mail to the person's address keeps being refused: nothing automatic goes there until it is mended."""
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if person.undeliverable_at is None:
            person.undeliverable_at = instant(at)
            person.save(update_fields=["undeliverable_at"])
            record("person.address_failed", subject=person, at=at, data={"person": person.pk})
        return person


def join(person: User, *, name: str, at: datetime | None = None) -> User:
    """An invited person followed the link that was mailed to them, and says how they are called."""
    with transaction.atomic():
        person = prove_address(User.objects.select_for_update().get(pk=person.pk), at=at)
        person.name = clean_line(name, 200) or person.name
        person.save(update_fields=["name"])
        record("person.joined", subject=person, by=person, at=at, data={"person": person.pk})
        return person


def create_team(name: str, *, by: User | None, at: datetime | None = None, **fields: Any) -> Team:
    demand_administrator(by)
    with transaction.atomic():
        team = Team.objects.create(name=clean_line(name, 100), **fields)
        record("team.created", subject=team, by=by, at=at, data={"team": team.pk})
        return team


def edit_team(team: Team, *, by: User | None, at: datetime | None = None, **fields: Any) -> Team:
    demand_administrator(by)
    return _edit(team, "team.edited", {"team": team.pk}, fields, by=by, at=at)


def create_organization(
    name: str, *, by: User | None, at: datetime | None = None, **fields: Any
) -> Organization:
    demand_administrator(by)
    with transaction.atomic():
        row = Organization.objects.create(name=clean_line(name, 200), **fields)
        record("organization.created", subject=row, by=by, at=at, data={"organization": row.pk})
        return row


def edit_organization(
    organization: Organization, *, by: User | None, at: datetime | None = None, **fields: Any
) -> Organization:
    demand_administrator(by)
    data = {"organization": organization.pk}
    return _edit(organization, "organization.edited", data, fields, by=by, at=at)


def remember_sort(person: User, view: str, sort: str) -> None:
    """Remember the order in which somebody last looked at a view of theirs. Personal: no event."""
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=person.pk)
        sorts = row.preferences.get("sorts") or {}
        if sorts.get(view) != sort:
            row.preferences["sorts"] = sorts | {view: sort}
            row.save(update_fields=["preferences"])


def tag_customer(
    customer: User | Organization, names: Iterable[str], *, by: User | None, at: datetime | None = None
) -> None:
    """Give a person or an organisation exactly these tags. Policies may ask for them ("customer tag")."""
    demand_administrator(by)
    wanted = {clean_line(name, 50).lower() for name in names} - {""}
    with transaction.atomic():
        customer.__class__.objects.select_for_update(of=("self",)).get(pk=customer.pk)
        if set(customer.tags.values_list("name", flat=True)) == wanted:
            return
        customer.tags.set([Tag.objects.get_or_create(name=name)[0] for name in sorted(wanted)])
        if isinstance(customer, Organization):
            data = {"organization": customer.pk, "fields": ["tags"]}
            record("organization.edited", subject=customer, by=by, at=at, data=data)
        else:
            record("person.edited", subject=customer, by=by, at=at, data={"person": customer.pk})


def _edit(
    row: Any,
    kind: str,
    data: dict[str, Any],
    fields: dict[str, Any],
    *,
    by: User | None,
    at: datetime | None,
    names: bool = True,
) -> Any:
    """Write the fields that differ and one event that names them (never their words)."""
    with transaction.atomic():
        rows = row.__class__.objects  # not type(): a request's user is a lazy proxy
        row = rows.select_for_update(of=("self",)).get(pk=row.pk)
        changed = [name for name, value in fields.items() if getattr(row, name) != value]
        if changed:
            for name in changed:
                setattr(row, name, fields[name])
            row.save(update_fields=changed)
            if names:
                data = {**data, "fields": changed}
            record(kind, subject=row, by=by, at=at, data=data)
        return row
