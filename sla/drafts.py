"""The policy list and the calendars as they stand, or as they would with a draft in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sla.actions.clocks import latest_versions, matching_version
from sla.book import BOOK
from sla.calendar import WorkingCalendar, compile_calendar
from sla.matching import check_conditions
from sla.measure import RuleBook
from sla.models import Calendar, CalendarVersion, Policy, PolicyVersion
from sla.rules import Rules
from tickets.models import Ticket

LAST = 1_000_000
"""The position of a policy that does not exist yet."""


class Held(NamedTuple):
    """Which versions hold for a ticket; None without a policy or a calendar."""

    policy_version: int | None = None
    calendar_version: int | None = None


@dataclass(frozen=True)
class RuleSet:
    """Policies in the order in which they are asked, and the version that holds of each calendar.

    Versions that are only drafts are not saved: they have negative ids, which `book` knows.
    """

    versions: list[PolicyVersion]
    calendars: dict[int, int]
    default_calendar: int | None
    drafts: Mapping[int, PolicyVersion] = field(default_factory=dict)
    draft_calendars: Mapping[int, WorkingCalendar] = field(default_factory=dict)

    @property
    def book(self) -> RuleBook:
        """Where the fold finds saved versions and drafts alike."""
        parsed = {pk: version.rules for pk, version in self.drafts.items()}

        def rules(version: int) -> Rules:
            return parsed[version] if version in parsed else BOOK.rules(version)

        def calendar(version: int) -> WorkingCalendar:
            drafted = self.draft_calendars.get(version)
            return BOOK.calendar(version) if drafted is None else drafted

        return RuleBook(rules=rules, calendar=calendar)

    def held_by(self, version: PolicyVersion | None) -> Held:
        """What holds for a ticket that comes under a policy version (or under none) now."""
        calendar = self.default_calendar
        if version is not None:
            calendar = self.calendars.get(version.policy.calendar_id)
        return Held(version.pk if version else None, calendar)

    def choose(self, ticket: Ticket) -> tuple[PolicyVersion | None, Held]:
        """The policy that matches the ticket as it stands, and what would hold by it."""
        version = matching_version(ticket, self.versions)
        return version, self.held_by(version)


def current_rules() -> RuleSet:
    """The policies and calendars as they stand."""
    newest = CalendarVersion.objects.order_by("calendar_id", "-number").distinct("calendar_id")
    calendars = dict(newest.values_list("calendar_id", "pk"))
    default = Calendar.objects.filter(is_default=True).values_list("pk", flat=True).first()
    return RuleSet(latest_versions(), calendars, calendars.get(default) if default else None)


def with_drafts(
    policies: list[tuple[Policy | None, dict[str, Any]]] | None = None,
    *,
    calendar: Calendar | None = None,
    calendar_spec: dict[str, Any] | None = None,
) -> RuleSet:
    """The rules as they stand with drafts in place of some versions.

    A draft of a policy that does not exist yet (None) is asked last. `calendar` is the one that the drafted
    policies count in (None: their own, for a new policy the default one); with `calendar_spec` and no
    policies it is the calendar whose hours change. Raises `PolicyError` and `CalendarError` with a
    sentence.
    """
    rules = current_rules()
    calendars, draft_calendars = dict(rules.calendars), dict(rules.draft_calendars)
    if calendar_spec is not None:
        calendar = calendar or Calendar(pk=-1, name="")
        draft_calendars[-1] = compile_calendar(calendar_spec)
        calendars[calendar.pk] = -1
    default = Calendar.objects.filter(is_default=True).values_list("pk", flat=True).first()
    drafts = {}
    for number, (policy, spec) in enumerate(policies or [], 1):
        drafts[-number] = draft = _draft(-number, policy, spec, default or 0)
        if calendar is not None:
            draft.policy.calendar_id = calendar.pk
    drafted = {draft.policy_id for draft in drafts.values()}
    versions = [*drafts.values(), *(each for each in rules.versions if each.policy_id not in drafted)]
    versions.sort(key=lambda version: (version.policy.position, version.policy_id))
    default_version = calendars.get(default) if default else None
    return RuleSet(versions, calendars, default_version, drafts, draft_calendars)


def _draft(pk: int, policy: Policy | None, spec: dict[str, Any], calendar: int) -> PolicyVersion:
    """An unsaved version, checked, of a copy of its policy."""
    copy = Policy(pk=pk, name="", calendar_id=calendar, position=LAST)
    if policy is not None:
        copy.pk, copy.name, copy.position = policy.pk or pk, policy.name, policy.position
        copy.calendar_id = policy.calendar_id or calendar
    draft = PolicyVersion(pk=pk, policy=copy, number=0, spec=spec)
    check_conditions(draft.conditions)
    _ = draft.rules
    return draft
