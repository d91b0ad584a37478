"""Who is signed in, with all that every page asks of them, in one statement."""

from __future__ import annotations

import json

from duty.models import Duty
from helpdesk.company import remember_company
from helpdesk.models import Company
from tickets import access
from tickets.models import User
from tickets.statements import NUMBER, instance, kept_rows, text_of


def signed_in(pk: int) -> User | None:
    """The person of that number, with their duty, their teams and the company's row. One query."""
    found = kept_rows("signed in", _statement, number=pk)
    if not found:
        return None
    own = len(User._meta.concrete_fields)
    *row, teams, company = found[0]
    person = instance(User, row[:own])
    duty = instance(Duty, row[own:]) if row[own] is not None else None
    User._meta.get_field("duty").set_cached_value(person, duty)
    if duty is not None:
        Duty._meta.get_field("person").set_cached_value(duty, person)
    if person.is_member:
        access.remember_teams(person, teams)
    remember_company(person, Company(**json.loads(company)) if company else Company(pk=1))
    return person


def _statement() -> str:
    names = [field.attname for field in User._meta.concrete_fields]
    names += [f"duty__{field.attname}" for field in Duty._meta.concrete_fields]
    person = text_of(User.objects.filter(pk=NUMBER).values_list(*names))
    teams = text_of(access.teams_worked(NUMBER).values("pk"))
    company = "SELECT to_jsonb(c) FROM helpdesk_company c WHERE id = 1"
    return f"SELECT reader.*, ARRAY({teams}), ({company}) FROM ({person}) reader"  # noqa: S608
