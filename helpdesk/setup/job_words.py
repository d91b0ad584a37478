"""What each kind of long work is called, and the template of its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sla.models import Calendar, Policy
from tickets.models import Job


@dataclass(frozen=True)
class Kind:
    """`title` may stand alone; `named` is said where the work is about something with a name."""

    title: Any
    named: Any
    unit: Any
    template: str = ""


KINDS = {
    "sla.recompute": Kind(
        _("New rules for open tickets"),
        _("New rules for open tickets: %(name)s"),
        _("%(done)s of %(total)s tickets looked at"),
        "setup/jobs/recompute.html",
    ),
    "sla.simulate": Kind(
        _("Tried on past tickets: all policies as they stand"),
        _("Tried on past tickets: %(name)s"),
        _("%(done)s of %(total)s tickets counted"),
        "setup/jobs/simulate.html",
    ),
}
_OTHER = Kind(_("Other work"), _("Other work: %(name)s"), _("%(done)s of %(total)s"))


def kind_of(job: Job) -> Kind:
    return KINDS.get(job.kind, _OTHER)


def titles(jobs: list[Job]) -> dict[int, str]:
    """What each job is about, in words; two queries for any number of them."""
    policies, calendars = _names(Policy, map(_policy, jobs)), _names(Calendar, map(_calendar, jobs))
    found = {}
    for job in jobs:
        kind = kind_of(job)
        name = policies.get(_policy(job)) or calendars.get(_calendar(job))
        if not name and job.arguments.get("policies"):
            name = gettext("a new policy")
        found[job.pk] = str(kind.named) % {"name": name} if name else str(kind.title)
    return found


def _policy(job: Job) -> int | None:
    """The policy that a job is about: named, or the first of its drafts."""
    drafts = job.arguments.get("policies") or [{}]
    return job.arguments.get("policy") or drafts[0].get("policy")


def _calendar(job: Job) -> int | None:
    return job.arguments.get("calendar")


def _names(model: Any, keys: Iterable[int | None]) -> dict[int | None, str]:
    wanted = set(keys) - {None}
    return dict(model.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
