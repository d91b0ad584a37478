"""What is asked, whom it was put to, and what they answered. Only `feedback.actions` writes these rows."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import Event, Team, Ticket, User

CSAT_SCALE = (1, 5)
COMMENT_LIMIT = 5000
"""Characters of a comment."""


class SurveyDefinition(models.Model):
    """A set of questions under a name. What it asks stands in its versions; the latest one is sent."""

    name = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SurveyVersion(models.Model):
    """What a definition asks, when it is sent and how long it stays open. Never changed: a change is a new
    version.

    `questions` is a list of {"key", "kind", …}: kind "csat" has "low" and "high", kind "text" has "limit";
    "words" are the company's own, without them the product's (translated) are used. `delay` is working time
    from resolution to sending. `cool_down`: nobody who was asked anything within it is asked again.
    """

    definition = models.ForeignKey(SurveyDefinition, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    questions = models.JSONField()
    delay = models.DurationField(default=timedelta(hours=4))
    open_for = models.DurationField(default=timedelta(days=14))
    cool_down = models.DurationField(default=timedelta(days=30))
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "number"], name="one_survey_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.definition} {self.number}"

    @property
    def scale(self) -> tuple[int, int]:
        """The lowest and the highest rating of the rating question."""
        rating = next(question for question in self.questions if question["kind"] == "csat")
        return rating["low"], rating["high"]

    @property
    def comment_limit(self) -> int:
        """How many characters the comment may have; 0 where none is asked for."""
        return next((question["limit"] for question in self.questions if question["kind"] == "text"), 0)


class Survey(models.Model):
    """One question set put to one requester about one resolution (the `ticket.resolved` event).

    `suppressed` ones were never to be sent (`reason` says why), `cancelled` ones were overtaken before
    they were answered. When it is sent, the credit is frozen: who was assignee, in which team, who answered
    last, who resolved. `agent` is the one of them whom the score is counted for. The link's token is derived
    from the id, and only its SHA-256 is kept.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        INVITED = "invited", _("Sent")
        ANSWERED = "answered", _("Answered")
        EXPIRED = "expired", _("Expired")
        CANCELLED = "cancelled", _("Cancelled")
        SUPPRESSED = "suppressed", _("Not asked")

    class Reason(models.TextChoices):
        AUTOMATIC = "automatic", _("resolved automatically")
        INTERNAL = "internal", _("asked by one of us")
        NO_ADDRESS = "no_address", _("no usable address")
        ROBOT = "robot", _("opened by automatic mail")
        COOL_DOWN = "cool_down", _("asked recently")
        DECLINED = "declined", _("asked not to be asked")
        REOPENED = "reopened", _("reopened before sending")
        SPAM = "spam", _("closed as spam")
        REQUESTER = "requester", _("asked of somebody who is no longer the requester")

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="surveys")
    resolution = models.OneToOneField(Event, models.PROTECT, related_name="survey")
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="surveys")
    person = models.ForeignKey(User, models.PROTECT, related_name="surveys")
    state = models.CharField(max_length=10, choices=State, default=State.SCHEDULED)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)

    resolved_at = models.DateTimeField()
    send_at = models.DateTimeField()
    invited_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.OneToOneField(
        "feedback.Answer", models.PROTECT, null=True, blank=True, related_name="current_of"
    )

    resolver = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    replier = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    agent = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="credited_surveys")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="surveys")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["invited", "answered", "expired"], invited_at__isnull=False)
                | Q(state__in=["scheduled", "suppressed"], invited_at__isnull=True)
                | Q(state="cancelled"),
                name="survey_sent_or_not",
            ),
            models.CheckConstraint(
                condition=Q(state="answered", answer__isnull=False) | ~Q(state="answered"),
                name="survey_answered_has_answer",
            ),
        ]
        indexes = [
            models.Index(fields=["send_at"], name="survey_to_send", condition=Q(state="scheduled")),
            models.Index(fields=["expires_at"], name="survey_to_expire", condition=Q(state="invited")),
            models.Index(fields=["person", "invited_at"], name="survey_by_person"),
            models.Index(fields=["resolved_at"], name="survey_by_resolution"),
            models.Index(fields=["answered_at"], name="survey_by_answer", condition=Q(state="answered")),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.state}"


class Answer(models.Model):
    """What somebody answered, deliberately. Every change is a row of its own; the last one counts.

    `latency` is the time from sending to answering. `comment` is plain text.
    """

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="answers")
    score = models.SmallIntegerField()
    comment = models.TextField(blank=True)
    at = models.DateTimeField()
    latency = models.DurationField()
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["survey", "at"], name="answer_of_survey")]
