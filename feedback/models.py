"""What is asked, whom it was put to, and what they answered. Only `feedback.actions` writes these rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback import questions
from tickets.models import Event, Message, Team, Ticket, User


class Kind(models.TextChoices):
    """Which rating a survey is for. It never changes: scores of two kinds cannot be compared."""

    CSAT = "csat", _("Satisfaction (CSAT), 1 to 5")
    CES = "ces", _("Effort (CES 2.0), 1 to 7")
    NPS = "nps", _("Recommendation (NPS), 0 to 10")


class SurveyDefinition(models.Model):
    """A set of questions under a name. What it asks stands in its versions; the latest one is sent.

    After a resolution the first active one in the order of `position` whose conditions hold is put. Those of
    kind NPS are put on a cadence instead (see `Cadence`), whatever else is put.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.CSAT)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class SurveyVersion(models.Model):
    """What a definition asks, when it is sent and how long it stays open. Never changed: a change is a new
    version.

    `questions` and `conditions` are those of `feedback.questions` and of `sla.matching`. `delay` is working
    time from resolution to sending; mail leaves between `window_from` and `window_to` on the customer's
    clock (at any hour without them). `cool_down`: nobody who was asked anything within it is asked again.
    `sampling` is the probability with which a resolution, or a round, is asked about. `remind_after` is
    calendar time from sending to the one reminder (none without it). `every` is the time between two rounds
    of a person, for recommendation alone.
    """

    definition = models.ForeignKey(SurveyDefinition, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    questions = models.JSONField()
    delay = models.DurationField(default=timedelta(hours=4))
    open_for = models.DurationField(default=timedelta(days=14))
    cool_down = models.DurationField(default=timedelta(days=30))
    conditions = models.JSONField(default=list, blank=True)
    sampling = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal(1))
    window_from = models.TimeField(null=True, blank=True)
    window_to = models.TimeField(null=True, blank=True)
    remind_after = models.DurationField(null=True, blank=True)
    every = models.DurationField(default=timedelta(days=90))
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "number"], name="one_survey_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.definition} {self.number}"

    @property
    def rating(self) -> dict[str, Any]:
        """The question that the survey is for."""
        found: dict[str, Any] = self.questions[0]
        return found

    @property
    def scale(self) -> tuple[int, int]:
        """The lowest and the highest rating of the rating question."""
        return questions.scale_of(self.rating)

    @property
    def comment_limit(self) -> int:
        """How many characters the comment may have; 0 where none is asked for."""
        text = questions.first_text(self.questions)
        return text.get("limit", questions.COMMENT_LIMIT) if text else 0


class Cadence(models.Model):
    """When a customer is next asked whether they would recommend us: on a cadence, not after a ticket.

    A person comes in with a first resolution; `due_at` then lies somewhere within the cadence, so that people
    are spread evenly over it. It is null (asleep) for somebody who has not been in touch for long, until the
    next resolution. `rounds` counts those that are over: each has one survey at most.
    """

    definition = models.ForeignKey(SurveyDefinition, models.PROTECT, related_name="cadences")
    person = models.ForeignKey(User, models.PROTECT, related_name="cadences")
    due_at = models.DateTimeField(null=True, blank=True)
    rounds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "definition"], name="one_cadence_per_person_and_survey"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="cadence_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.definition_id} {self.person_id}"


class Survey(models.Model):
    """One question set put to one requester about one resolution (the `ticket.resolved` event), or in one of
    a person's rounds: then it has `cadence` and `round`, no ticket, and `resolved_at` is when it was planned.
    One that asks again after a recovery case (`after_case`) counts for nobody and in no score but the case's.

    `kind` is that of the rating. `probability` is that with which it was drawn to be asked. `suppressed` ones
    were never to be sent (`reason` says why), `cancelled` ones were overtaken before they were answered. When
    it is sent, the credit is frozen: who was assignee, in which team, who answered last, who resolved.
    `agent` is the one of them whom the score is counted for. The link's token is derived from the id, and
    only its SHA-256 is kept.
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
        MERGED = "merged", _("merged into another ticket")
        NOT_DRAWN = "not_drawn", _("not in the sample")

    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="surveys")
    resolution = models.OneToOneField(Event, models.PROTECT, null=True, blank=True, related_name="survey")
    cadence = models.ForeignKey(
        Cadence, models.PROTECT, null=True, blank=True, related_name="surveys", db_index=False
    )
    round = models.PositiveIntegerField(null=True, blank=True)
    after_case = models.OneToOneField(
        "feedback.Recovery", models.PROTECT, null=True, blank=True, related_name="asked_again"
    )
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.CSAT)
    probability = models.DecimalField(max_digits=5, decimal_places=4, default=Decimal(1))
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="surveys")
    person = models.ForeignKey(User, models.PROTECT, related_name="surveys")
    state = models.CharField(max_length=10, choices=State, default=State.SCHEDULED)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)

    resolved_at = models.DateTimeField()
    send_at = models.DateTimeField()
    invited_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(
                    Q(resolution__isnull=False, after_case__isnull=True)
                    | Q(resolution__isnull=True, after_case__isnull=False),
                    ticket__isnull=False,
                    cadence__isnull=True,
                    round__isnull=True,
                )
                | Q(
                    resolution__isnull=True,
                    after_case__isnull=True,
                    ticket__isnull=True,
                    cadence__isnull=False,
                    round__isnull=False,
                ),
                name="survey_of_what",
            ),
            models.UniqueConstraint(fields=["cadence", "round"], name="one_survey_per_round"),
        ]
        indexes = [
            models.Index(fields=["send_at"], name="survey_to_send", condition=Q(state="scheduled")),
            models.Index(fields=["expires_at"], name="survey_to_expire", condition=Q(state="invited")),
            models.Index(
                fields=["remind_at"],
                name="survey_to_remind",
                condition=Q(state="invited", remind_at__isnull=False),
            ),
            models.Index(fields=["person", "invited_at"], name="survey_by_person"),
            models.Index(fields=["resolved_at"], name="survey_by_resolution"),
            models.Index(fields=["answered_at"], name="survey_by_answer", condition=Q(state="answered")),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.state}"

    @property
    def is_low(self) -> bool:
        """It was answered with a score that is a reason to ask what went wrong (`questions.LOW`)."""
        return self.answer is not None and questions.is_low(self.kind, self.answer.score)


class Answer(models.Model):
    """What somebody answered, deliberately. Every change is a row of its own; the last one counts.

    `latency` is the time from sending to answering. `score` and `comment` (plain text) repeat what its items
    say to the rating and to the first question for words.
    """

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="answers")
    score = models.SmallIntegerField()
    comment = models.TextField(blank=True)
    at = models.DateTimeField()
    latency = models.DurationField()
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["survey", "at"], name="answer_of_survey")]


class AnswerItem(models.Model):
    """What an answer says to one question, as `feedback.questions.Part`. Of several chosen reasons each is a
    row. Those that count are the items of a survey's `answer`."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="items", db_index=False)
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=4)
    number = models.SmallIntegerField(null=True, blank=True)
    choice = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "key", "choice"], name="answered_once_per_question"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.choice or self.number}"


class Cause(models.Model):
    """What may have gone wrong, as the company tells it apart: whoever looked into a case chooses one.

    `code` is what cases and events hold; it never changes, and no cause is ever deleted, so that a case keeps
    what was found. `words` holds the name by language. One that is not active is not offered any more.
    `position` is its place in the list, from 0.
    """

    code = models.CharField(max_length=8, unique=True)
    words = models.JSONField(default=dict)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.code


class Recovery(models.Model):
    """A recovery case: somebody was let down, and somebody of ours sees to it. One for each survey.

    `ticket` is the survey's, for a detractor without one the person's latest. `rated` is whom the score
    counts for; never the owner. Until when the customer is to be contacted says the clock
    ("recovery_contact", `instance`) of the ticket. `reason` says why a case was closed by itself. `message`
    is the reply that was the contact, if one was. `root_cause` is the code of a `Cause`.
    """

    class Why(models.TextChoices):
        LOW_SCORE = "low_score", _("Low score")
        COMMENT = "comment", _("Comment")

    class How(models.TextChoices):
        REPLY = "reply", _("Reply on the ticket")
        PHONE = "phone", _("Phone call")
        MEETING = "meeting", _("In person")
        OTHER = "other", _("Another way")

    class Outcome(models.TextChoices):
        RECOVERED = "recovered", _("Recovered")
        NOT_RECOVERED = "not_recovered", _("Not recovered")
        NOT_REACHED = "not_reached", _("Could not be reached")
        NO_ACTION = "no_action", _("No action needed")

    class Reason(models.TextChoices):
        CHANGED = "changed", _("The customer changed the answer")
        SPAM = "spam", _("The ticket is spam")
        PURGED = "purged", _("The ticket was deleted for good")

    survey = models.OneToOneField(Survey, models.PROTECT, related_name="recovery")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="recoveries")
    instance = models.PositiveIntegerField(default=1)
    why = models.CharField(max_length=10, choices=Why)
    rated = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="recoveries")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    contacted_at = models.DateTimeField(null=True, blank=True)
    contacted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    how = models.CharField(max_length=8, choices=How, blank=True)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=13, choices=Outcome, blank=True)
    root_cause = models.CharField(max_length=8, blank=True)
    action_taken = models.TextField(blank=True)
    reason = models.CharField(max_length=8, choices=Reason, blank=True)

    class Meta:
        verbose_name_plural = "recoveries"
        indexes = [
            models.Index(fields=["opened_at"], name="case_by_opening"),
            models.Index(fields=["opened_at"], name="case_open", condition=Q(closed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.outcome or self.reason or 'open'}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
