"""Mail that follows what happened, by rules, and what became of it. Only `followup.actions` writes rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models import Survey
from tickets.models import Event, Team, Ticket, User


class Kind(models.TextChoices):
    """What a follow-up does. The first two go by rules of the ticket's team, the others by the company's."""

    WAITING = "waiting", _("Reminder that we wait for the customer")
    SILENCE = "silence", _("Resolved, as the customer said nothing")
    THANKS = "thanks", _("Thank you for a good score")
    SORRY = "sorry", _("We are sorry about a low score")
    FIXED = "fixed", _("Did this stay solved?")


SILENT = (Kind.WAITING, Kind.SILENCE)
"""Kinds that follow the customer's silence; a rule of each team."""
RATED = (Kind.THANKS, Kind.SORRY)
"""Kinds that follow an answer to a survey."""


@dataclass(frozen=True)
class Terms:
    """What a rule says until somebody changes it: `after` how long, and at most so many in so many days."""

    after: int
    at_most: int
    within_days: int


STANDARD = {
    Kind.WAITING: Terms(3, 3, 7),
    Kind.SILENCE: Terms(5, 3, 7),
    Kind.THANKS: Terms(1, 1, 30),
    Kind.SORRY: Terms(2, 1, 7),
    Kind.FIXED: Terms(7, 1, 30),
}


class Rule(models.Model):
    """Whether and when a kind of follow-up goes out. Off without a row.

    `after` counts working days of silence (`SILENT`), working hours after an answer (`RATED`) or days after a
    resolution (`FIXED`). It holds for what begins from `on_since` on. One person gets at most `at_most` of
    this kind within `within_days`, at hours between `window_from` and `window_to` on their clock.
    """

    kind = models.CharField(max_length=10, choices=Kind)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="followup_rules")
    on_since = models.DateTimeField(null=True, blank=True)
    after = models.PositiveSmallIntegerField()
    at_most = models.PositiveSmallIntegerField()
    within_days = models.PositiveSmallIntegerField()
    window_from = models.TimeField(null=True, blank=True, default=time(8))
    window_to = models.TimeField(null=True, blank=True, default=time(20))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "kind"], name="one_rule_of_a_team"),
            models.UniqueConstraint(fields=["kind"], condition=Q(team=None), name="one_rule_of_the_company"),
            models.CheckConstraint(
                condition=Q(kind__in=SILENT, team__isnull=False) | (~Q(kind__in=SILENT) & Q(team=None)),
                name="whose_rule",
            ),
            models.CheckConstraint(
                condition=Q(after__gte=1, at_most__gte=1, within_days__gte=1), name="rule_in_numbers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.team_id or 'the company'}"

    @property
    def is_on(self) -> bool:
        return self.on_since is not None


class FollowUp(models.Model):
    """One mail that is to go out, or went out, because of the event `cause`, `since` whose instant it counts.

    One for each cause and kind; those about an answer once for each survey and kind, whatever is changed in
    the answer. `cancelled` ones were overtaken, `suppressed` ones were not to be sent (`reason` says why). A
    cause can come back (a reply is taken back): then a cancelled one is planned again. `author` is who
    signs it. One that asks (`FIXED`) has a link, whose token is derived from the id and kept as its SHA-256,
    until `expires_at`; `stayed` is the answer.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")
        SUPPRESSED = "suppressed", _("Not sent")

    class Reason(models.TextChoices):
        OVERTAKEN = "overtaken", _("something else happened first")
        OFF = "off", _("switched off")
        SPAM = "spam", _("spam")
        MERGED = "merged", _("merged into another ticket")
        INTERNAL = "internal", _("asked by one of us")
        NO_ADDRESS = "no_address", _("no usable address")
        DECLINED = "declined", _("wants no such mail")
        ROBOT = "robot", _("opened by automatic mail")
        BUDGET = "budget", _("had enough such mail")
        CONTACTED = "contacted", _("somebody was in contact")
        CASE = "case", _("a recovery case is open")
        NOBODY = "nobody", _("nobody to sign it")

    kind = models.CharField(max_length=10, choices=Kind)
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    cause = models.ForeignKey(Event, models.PROTECT, related_name="+")
    survey = models.ForeignKey(
        Survey, models.PROTECT, null=True, blank=True, related_name="follow_ups", db_index=False
    )
    since = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    stayed = models.BooleanField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "kind"], condition=Q(survey=None), name="one_follow_up_per_cause"
            ),
            models.UniqueConstraint(
                fields=["survey", "kind"],
                condition=Q(survey__isnull=False),
                name="one_follow_up_per_survey",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
                name="follow_up_sent_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="follow_up_due", condition=Q(state="planned")),
            models.Index(
                fields=["person", "kind", "sent_at"], name="follow_up_budget", condition=Q(state="sent")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}: {self.state}"
