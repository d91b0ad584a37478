"""Promises and what became of them. Clocks are made by the fold of `sla.measure` and can be rebuilt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sla.calendar import WorkingCalendar, compile_calendar
from sla.rules import Rules, Target, parse_rules
from tickets.models import Channel, Event, Message, Priority, Status, Team, Ticket, User

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The place in the queue of a ticket that owes nothing; a paused one stands just before."""
PAUSED_PLACE = datetime(9000, 1, 1, tzinfo=UTC)


class MetricName(models.TextChoices):
    """What is promised."""

    FIRST_RESPONSE = "first_response", _("First reply")
    NEXT_RESPONSE = "next_response", _("Next reply")
    PERIODIC_UPDATE = "periodic_update", _("Update")
    REQUESTER_WAIT = "requester_wait", _("Total wait")
    AGENT_WORK = "agent_work", _("Total work")
    RESOLUTION = "resolution", pgettext_lazy("clock", "Resolve")
    TOTAL_RESOLUTION = "total_resolution", _("Final resolve")
    RECOVERY_CONTACT = "recovery_contact", _("Contact after a low score")


class ClockState(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    FULFILLED = "fulfilled", _("Done")
    CANCELLED = "cancelled", _("Not counted")


OPEN_STATES = (ClockState.RUNNING, ClockState.PAUSED)


class Verdict(models.TextChoices):
    MET = "met", _("Met")
    MISSED = "missed", _("Missed")
    UNPROMISED = "unpromised", _("No target")


class Version(models.Model):
    """What holds from some instant on under a name. Never changed: a change is a new version."""

    number = models.PositiveIntegerField()
    spec = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True


class Calendar(models.Model):
    """Working hours under a name. The `spec` of the latest version holds (`sla.calendar_spec`)."""

    name = models.CharField(max_length=100, unique=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_calendar"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def latest(self) -> CalendarVersion:
        return self.versions.latest("number")


class CalendarVersion(Version):
    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="versions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="one_calendar_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.calendar}, {self.number}"

    @property
    def compiled(self) -> WorkingCalendar:
        return compile_calendar(self.spec)


class Policy(models.Model):
    """Targets under a name for the tickets that match. Asked by position, the first match wins."""

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveIntegerField(default=0)
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="policies")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name

    @property
    def latest(self) -> PolicyVersion:
        return self.versions.latest("number")


class PolicyVersion(Version):
    """`spec` as in `sla.rules`, with `conditions` as in `sla.matching`."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="versions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="one_policy_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.policy}, {self.number}"

    @property
    def conditions(self) -> list[dict[str, Any]]:
        return self.spec.get("conditions") or []

    @property
    def asks(self) -> set[str]:
        """What of a ticket its conditions ask for."""
        return {condition["field"] for condition in self.conditions}

    @property
    def rules(self) -> Rules:
        return parse_rules({key: value for key, value in self.spec.items() if key != "conditions"})


INCOMPLETE = Q(state="running", running_since=None, paused_at=None)
"""Clocks that a release wrote which did not yet note since when they run."""


class Clock(models.Model):
    """One promise on one ticket: metric and instance. Its columns mean what `sla.measure.Reading` says.

    `breached_at` is the due instant that passed, set when the breach was recorded. `elapsed_*` is the time
    run up to the last change of state, `running_since` when the stretch began that has run since then (None
    while it counts nothing). `next_check_at` is when the sweep looks at it again (a warning, the
    due time, an escalation level); `needs_measuring` holds until the worker has written its Measurement;
    `fault` says why the sweep could not do its part (set-up shows it; it was tried `faults` times and is
    tried again). `due_set_at` and `due_set_by` tell a deadline set by hand: such a clock runs, though a
    status may keep it from counting (`paused_at`).
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="clocks", db_index=False)
    metric = models.CharField(max_length=20, choices=MetricName)
    instance = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=ClockState)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=10, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    stopped_by_message = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    breached_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    target = models.DurationField(null=True, blank=True)
    target_working = models.BooleanField(default=True)
    elapsed_working = models.DurationField(default=timedelta)
    elapsed_calendar = models.DurationField(default=timedelta)
    running_since = models.DateTimeField(null=True, blank=True)
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    calendar_version = models.ForeignKey(
        CalendarVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    next_check_at = models.DateTimeField(null=True, blank=True)
    needs_measuring = models.BooleanField(default=False)
    fault = models.CharField(max_length=500, blank=True)
    faults = models.PositiveIntegerField(default=0, db_default=0)
    due_set_at = models.DateTimeField(null=True, blank=True)
    due_set_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "metric", "instance"], name="one_clock_per_promise"),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"], name="clock_to_check", condition=Q(next_check_at__isnull=False)
            ),
            models.Index(fields=["stopped_at"], name="clock_to_measure", condition=Q(needs_measuring=True)),
            models.Index(fields=["ticket"], name="clock_faulty", condition=~Q(fault="")),
            models.Index(fields=["ticket"], name="clock_incomplete", condition=INCOMPLETE),
            models.Index(
                fields=["metric", "started_at"], name="clock_open", condition=Q(state__in=OPEN_STATES)
            ),
            models.Index(
                fields=["metric", "stopped_at"], name="clock_cancelled", condition=Q(state="cancelled")
            ),
            models.Index(
                fields=["ticket"],
                name="clock_unmatched",
                condition=Q(metric=MetricName.RESOLUTION, policy_version=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.instance} of #{self.ticket_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def promise(self) -> Target | None:
        """The target with its basis, None where nothing is promised."""
        return None if self.target is None else Target(self.target, self.target_working)

    @property
    def remaining(self) -> timedelta | None:
        """What was left of the target at the last change of state; for a paused clock what is left now."""
        if self.target is None:
            return None
        return self.target - (self.elapsed_working if self.target_working else self.elapsed_calendar)

    def is_late(self, now: datetime) -> bool:
        """Whether the due time passed before it stopped (or before `now` while it is open)."""
        if self.breached_at is not None:
            return True
        return self.state == ClockState.RUNNING and self.due_at is not None and self.due_at < now


class Escalation(models.Model):
    """What one escalation level that fell has to do on its ticket: run once, by a worker, all or nothing.

    `steps` are pairs of `sla.escalations.STEPS` and their values. It waits until `next_try_at`, is DONE, or
    VOID where its clock had ended before it ran. `fault` says why it could not be run so far (`faults`
    times).
    """

    class State(models.TextChoices):
        PENDING = "pending", _("To be done")
        DONE = "done", _("Done")
        VOID = "void", _("No longer needed")

    event = models.OneToOneField(Event, models.PROTECT, related_name="escalation")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="escalations")
    metric = models.CharField(max_length=20, choices=MetricName)
    instance = models.PositiveIntegerField()
    steps = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    next_try_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=500, blank=True)
    faults = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], name="escalation_to_run", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.instance} of #{self.ticket_id}: {self.state}"


REPORTED = (
    "ticket",
    "working",
    "calendar",
    "verdict",
    "team",
    "agent",
    "priority",
    "channel",
    "target",
    "target_working",
)
"""What reports ask of measurements, whatever they are narrowed to."""


class Measurement(models.Model):
    """What one stopped clock came to. Written once by the worker; the reports read these rows.

    `working` and `calendar` are the time run in working and in calendar time. `agent` is who is credited
    (for a reply its author, for a resolution the assignee or who resolved), frozen with team and channel.
    """

    clock = models.OneToOneField(Clock, models.CASCADE, related_name="measurement")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="measurements")
    metric = models.CharField(max_length=20, choices=MetricName)
    instance = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField()
    working = models.DurationField()
    calendar = models.DurationField()
    target = models.DurationField(null=True, blank=True)
    target_working = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    overrun = models.DurationField(default=timedelta)
    agent = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    priority = models.PositiveSmallIntegerField(choices=Priority)
    channel = models.CharField(max_length=10, choices=Channel)
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    measured_at = models.DateTimeField(default=timezone.now)

    class Meta:
        # A report of a year reads the index alone, in the order of the dates, not half of the table.
        indexes = [
            models.Index(fields=["metric", "stopped_at"], include=REPORTED, name="measurement_stopped"),
            models.Index(fields=["metric", "opened_at"], include=REPORTED, name="measurement_opened"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.instance} of #{self.ticket_id}: {self.verdict}"


WAITING = Q(status__in=(Status.WAITING, Status.ON_HOLD))


class TicketDue(models.Model):
    """What an unsettled ticket owes next: one row a ticket, so that a queue by due time is one index.

    `place_at` orders the queue: the due time, for a paused ticket `PAUSED_PLACE`, without a promise `NEVER`.

    `COPIED` are the ticket's own columns, by which views and filters choose: with them here, a page of a view
    is so many rows of an index. Triggers keep them, in the transaction that changes the ticket; whatever else
    writes them, they are the ticket's.
    """

    COPIED = ("status", "team", "assignee", "priority", "snoozed_until", "unanswered_since", "deleted_at")

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="due")
    place_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    metric = models.CharField(max_length=20, choices=MetricName, blank=True)
    state = models.CharField(max_length=10, choices=ClockState, blank=True)
    pause_reason = models.CharField(max_length=10, blank=True)
    remaining = models.DurationField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)

    status = models.CharField(max_length=10, choices=Status)
    team = models.ForeignKey(Team, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    assignee = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    priority = models.PositiveSmallIntegerField(choices=Priority)
    snoozed_until = models.DateTimeField(null=True)
    unanswered_since = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        # Each is walked from its beginning, or from behind a row, for as long as a page wants more.
        indexes = [
            models.Index(fields=["place_at", "ticket"], name="due_by_place"),
            models.Index(fields=["team", "place_at", "ticket"], name="due_of_team"),
            models.Index(
                fields=["assignee", "place_at", "ticket"],
                name="due_of_assignee",
                condition=Q(assignee__isnull=False),
            ),
            models.Index(fields=["place_at", "ticket"], name="due_without_owner", condition=Q(assignee=None)),
            models.Index(
                fields=["team", "place_at", "ticket"],
                name="due_without_owner_of_team",
                condition=Q(assignee=None),
            ),
            models.Index(fields=["place_at", "ticket"], name="due_waiting", condition=WAITING),
            models.Index(
                fields=["team", "place_at", "ticket"], name="due_waiting_of_team", condition=WAITING
            ),
            models.Index(
                fields=["place_at", "ticket"], name="due_snoozed", condition=Q(snoozed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id}: {self.metric or 'nothing'} at {self.due_at}"
