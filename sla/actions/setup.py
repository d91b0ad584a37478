"""Calendars and policies: making and editing them.

An edit makes a new version and holds for tickets to which the policy is applied from then on; what was
promised before stays as it was. Raises `NotAllowed` for people who may not set up, `CalendarError` and
`PolicyError` (both ValueError) with a sentence for what cannot be used.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sla.calendar import CalendarError, compile_calendar
from sla.calendar_edits import KEPT_AHEAD, with_days_off
from sla.days_off import public_holidays
from sla.matching import check_conditions
from sla.models import Calendar, CalendarVersion, Policy, PolicyVersion
from sla.rules import PolicyError, parse_rules
from tickets import access
from tickets.actions import NotAllowed
from tickets.events import record
from tickets.models import Role, Team, User

OFFICE_HOURS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
_HOUR = 3600
# Working hours per priority (low, normal, high, urgent) of the policy that a new installation starts with.
_DEFAULT_HOURS = {
    "first_response": (8, 4, 1, 0.5),
    "next_response": (8, 4, 2, 1),
    "resolution": (40, 24, 8, 4),
}


def create_calendar(
    name: str, spec: dict[str, Any], *, by: User | None, is_default: bool = False, at: datetime | None = None
) -> Calendar:
    """A working calendar; `spec` as in `sla.calendar_spec`."""
    _demand_setup(by)
    compile_calendar(spec)
    with transaction.atomic():
        calendar = Calendar(name=_name(name, CalendarError))
        _save_named(calendar, CalendarError)
        version = CalendarVersion.objects.create(
            calendar=calendar, number=1, spec=spec, created_by=by, created_at=at or timezone.now()
        )
        if is_default or not Calendar.objects.filter(is_default=True).exists():
            _make_default(calendar)
        _record_calendar(version, by, at)
        return calendar


def edit_calendar(
    calendar: Calendar,
    *,
    by: User | None,
    name: str | None = None,
    spec: dict[str, Any] | None = None,
    is_default: bool = False,
    at: datetime | None = None,
) -> Calendar:
    """Rename a calendar, give it new hours, make it the default."""
    _demand_setup(by)
    if spec is not None:
        compile_calendar(spec)
    with transaction.atomic():
        calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
        version = calendar.latest
        renamed = name is not None and name.strip() != calendar.name
        if renamed:
            calendar.name = _name(name or "", CalendarError)
            _save_named(calendar, CalendarError)
        if spec is not None and spec != version.spec:
            version = CalendarVersion.objects.create(
                calendar=calendar,
                number=version.number + 1,
                spec=spec,
                created_by=by,
                created_at=at or timezone.now(),
            )
        elif not renamed and (calendar.is_default or not is_default):
            return calendar
        if is_default:
            _make_default(calendar)
        _record_calendar(version, by, at)
        return calendar


def renew_holidays(calendar: Calendar, *, year: int, at: datetime | None = None) -> bool:
    """Copy the public holidays up to the year after `year` into a calendar that has them from a source.
    What was taken out of years that were copied before stays out. False where nothing is missing."""
    with transaction.atomic():
        spec = Calendar.objects.select_for_update().get(pk=calendar.pk).latest.spec
        renewed = spec
        for source in spec.get("sources", []):
            years = range(source["until"] + 1, year + KEPT_AHEAD + 1)
            if not years:
                continue
            days = public_holidays(source["country"], source["region"], years)
            renewed = with_days_off(renewed, days, {**source, "until": years[-1]})
        if renewed == spec:
            return False
        edit_calendar(calendar, by=None, spec=renewed, at=at)
        return True


def create_policy(
    name: str,
    spec: dict[str, Any],
    *,
    calendar: Calendar,
    by: User | None,
    position: int | None = None,
    before: Policy | None = None,
    at: datetime | None = None,
) -> Policy:
    """A policy, asked last unless `position` or `before` (another policy) say otherwise; `spec` as in
    `sla.rules`, with `conditions`."""
    _demand_setup(by)
    _check_policy(spec)
    with transaction.atomic():
        if position is None:
            position = (
                Policy.objects.order_by("-position").values_list("position", flat=True).first() or 0
            ) + 1
        policy = Policy(name=_name(name, PolicyError), calendar=calendar, position=position)
        _save_named(policy, PolicyError)
        if before is not None:
            order = [each for each in Policy.objects.select_for_update() if each.pk != policy.pk]
            place = next((n for n, each in enumerate(order) if each.pk == before.pk), len(order))
            _number([*order[:place], policy, *order[place:]])
        version = PolicyVersion.objects.create(
            policy=policy, number=1, spec=spec, created_by=by, created_at=at or timezone.now()
        )
        _record_policy(version, by, at)
        return policy


def edit_policy(
    policy: Policy,
    *,
    by: User | None,
    name: str | None = None,
    spec: dict[str, Any] | None = None,
    calendar: Calendar | None = None,
    position: int | None = None,
    is_active: bool | None = None,
    at: datetime | None = None,
) -> Policy:
    """Change a policy; other targets, rules or conditions make a new version."""
    _demand_setup(by)
    if spec is not None:
        _check_policy(spec)
    with transaction.atomic():
        policy = Policy.objects.select_for_update().get(pk=policy.pk)
        version = policy.latest
        given: dict[str, Any] = {"calendar": calendar, "position": position, "is_active": is_active}
        if name is not None:
            given["name"] = _name(name, PolicyError)
        changes = {
            key: value for key, value in given.items() if value is not None and value != getattr(policy, key)
        }
        for key, value in changes.items():
            setattr(policy, key, value)
        if changes:
            _save_named(policy, PolicyError)
        if spec is not None and spec != version.spec:
            version = PolicyVersion.objects.create(
                policy=policy,
                number=version.number + 1,
                spec=spec,
                created_by=by,
                created_at=at or timezone.now(),
            )
        elif not changes:
            return policy
        _record_policy(version, by, at)
        return policy


def move_policy(policy: Policy, *, by: User | None, up: bool, at: datetime | None = None) -> Policy:
    """Have a policy asked one place earlier (`up`) or later. At the end of the list nothing happens."""
    _demand_setup(by)
    with transaction.atomic():
        order = list(Policy.objects.select_for_update().order_by("position", "pk"))
        here = order.index(policy)
        there = here - 1 if up else here + 1
        if not 0 <= there < len(order):
            return policy
        order[here], order[there] = order[there], order[here]
        _number(order)
        _record_policy(policy.latest, by, at)
        return order[there]


def _number(order: list[Policy]) -> None:
    """Write the places of policies that stand in the order in which they are to be asked."""
    moved = [policy for place, policy in enumerate(order, 1) if policy.position != place]
    for place, policy in enumerate(order, 1):
        policy.position = place
    Policy.objects.bulk_update(moved, ["position"])


def install_defaults(
    *, by: User | None = None, zone: str = "UTC", at: datetime | None = None
) -> tuple[Calendar, Policy]:
    """The office calendar and the policy that a new installation starts with; what exists is left alone."""
    with transaction.atomic():
        calendar = Calendar.objects.filter(is_default=True).first()
        if calendar is None:
            spec = {"timezone": zone, "hours": OFFICE_HOURS}
            calendar = create_calendar(_("Office hours"), spec, by=by, is_default=True, at=at)
        policy = Policy.objects.filter(is_active=True).first()
        if policy is None:
            policy = create_policy(_("Standard support"), default_policy(), calendar=calendar, by=by, at=at)
        return calendar, policy


def default_policy() -> dict[str, Any]:
    """The JSON form of the policy that a new installation starts with."""
    targets = {
        metric: {
            str(priority): {"seconds": int(hours * _HOUR), "basis": "working"}
            for priority, hours in enumerate(by_priority, 1)
        }
        for metric, by_priority in _DEFAULT_HOURS.items()
    }
    return {"targets": targets, "conditions": []}


def _demand_setup(by: User | None) -> None:
    if by is not None and not access.can_set_promises(by):
        raise NotAllowed(_("Only supervisors and administrators change calendars and policies."))


def _check_policy(spec: dict[str, Any]) -> None:
    rules = parse_rules({key: value for key, value in spec.items() if key != "conditions"})
    check_conditions(spec.get("conditions") or [])
    _check_steps([step for levels in rules.escalations.values() for level in levels for step in level.steps])


def _check_steps(steps: list[tuple[str, Any]]) -> None:
    """Levels give tickets only to people and teams that are here."""
    people = {value for name, value in steps if name == "assign"}
    staff = User.objects.filter(pk__in=people, is_active=True).exclude(role=Role.CUSTOMER)
    if staff.count() < len(people):
        raise PolicyError(_("An escalation level gives tickets to somebody who does not work here."))
    teams = {value for name, value in steps if name == "move"}
    if Team.objects.filter(pk__in=teams, is_active=True).count() < len(teams):
        raise PolicyError(_("An escalation level moves tickets to a team that does not exist any more."))


def _name(name: str, error: type[ValueError]) -> str:
    name = " ".join(name.split())[:100]
    if not name:
        raise error(_("Enter a name."))
    return name


def _save_named(row: Calendar | Policy, error: type[ValueError]) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as fault:
        raise error(_("“%(name)s” exists already. Choose another name.") % {"name": row.name}) from fault


def _make_default(calendar: Calendar) -> None:
    Calendar.objects.filter(is_default=True).exclude(pk=calendar.pk).update(is_default=False)
    calendar.is_default = True
    calendar.save(update_fields=["is_default"])


def _record_calendar(version: CalendarVersion, by: User | None, at: datetime | None) -> None:
    data = {"calendar": version.calendar_id, "version": version.pk}
    record("calendar.changed", subject=version.calendar, by=by, at=at, data=data)


def _record_policy(version: PolicyVersion, by: User | None, at: datetime | None) -> None:
    data = {"policy": version.policy_id, "version": version.pk}
    record("policy.changed", subject=version.policy, by=by, at=at, data=data)
