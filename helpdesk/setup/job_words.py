"""What each kind of long work is called, and the template of its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
}
_OTHER = Kind(_("Other work"), _("Other work: %(name)s"), _("%(done)s of %(total)s"))


def kind_of(job: Job) -> Kind:
    return KINDS.get(job.kind, _OTHER)


def titles(jobs: list[Job]) -> dict[int, str]:
    """What each job is about, in words; two queries for any number of them."""
    policies = _names(Policy, jobs, "policy")
    calendars = _names(Calendar, jobs, "calendar")
    found = {}
    for job in jobs:
        kind, asked = kind_of(job), job.arguments
        name = policies.get(asked.get("policy")) or calendars.get(asked.get("calendar"))
        found[job.pk] = str(kind.named) % {"name": name} if name else str(kind.title)
    return found


def _names(model: Any, jobs: list[Job], key: str) -> dict[int | None, str]:
    keys = {job.arguments.get(key) for job in jobs} - {None}
    return dict(model.objects.filter(pk__in=keys).values_list("pk", "name")) if keys else {}
