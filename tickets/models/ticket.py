"""Tickets and what was said on them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.people import Organization, Team, User

TEXT_SEARCH = "helpdesk"
"""Our text search configuration: PostgreSQL's `simple` after `unaccent` (migration `search_words`)."""
SEARCHED = 20_000  # characters of a message: what people write, not what programs append
SUBJECT = SearchVector("subject", config=TEXT_SEARCH)
SAID = SearchVector(
    Left(
        Coalesce(
            NullIf("fresh", Value(""), output_field=models.TextField()),
            "text",
            output_field=models.TextField(),
        ),
        SEARCHED,
    ),
    config=TEXT_SEARCH,
)
"""What tickets and messages are searched by: expressions of indexes, so no row holds its words twice."""


class Status(models.TextChoices):
    """Where a ticket stands. `waiting` waits for the customer, `on_hold` for a third party."""

    NEW = "new", _("New")
    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waiting")
    ON_HOLD = "on_hold", _("On hold")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")


OPEN_STATUSES = (Status.NEW, Status.OPEN)
UNRESOLVED_STATUSES = (Status.NEW, Status.OPEN, Status.WAITING, Status.ON_HOLD)


class Priority(models.IntegerChoices):
    LOW = 1, _("Low")
    NORMAL = 2, _("Normal")
    HIGH = 3, _("High")
    URGENT = 4, _("Urgent")


class TicketType(models.TextChoices):
    QUESTION = "question", _("Question")
    INCIDENT = "incident", _("Incident")
    PROBLEM = "problem", _("Problem")
    TASK = "task", _("Task")


class Channel(models.TextChoices):
    """The way by which words came in or went out."""

    MAIL = "mail", _("email")
    PORTAL = "portal", _("portal")
    PHONE = "phone", _("phone")
    WALK_IN = "walk_in", _("in person")
    DESK = "desk", _("desk")
    API = "api", _("API")


class Speaker(models.TextChoices):
    """On whose side a message was said, frozen when it was said."""

    CUSTOMER = "customer", _("customer")
    AGENT = "agent", _("agent")
    BOT = "bot", _("automatic")
    OUTSIDE = "outside", _("outside")


class Tag(models.Model):
    """A word that groups tickets, kept in lower case."""

    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LiveTickets(models.Manager["Ticket"]):
    """The tickets that are there: all but the deleted ones, which nobody finds by chance."""

    def get_queryset(self) -> models.QuerySet[Ticket]:
        return super().get_queryset().filter(deleted_at=None)


class Ticket(models.Model):
    """One customer's request. Its number is its primary key and never changes.

    `event_seq` counts the events and is the version that an editor has seen; `last_event_at` keeps instants
    from running backwards. `unanswered_since` is the oldest public word of the customer that no person has
    answered; `last_customer_at` the newest one. A ticket `merged_into` another is closed; what its customer
    writes goes there. A ticket put off until `snoozed_until` stays out of the views of what is to be done
    now; its clocks run on. One that was closed as spam (`spam_at`) counts in no measure.

    A deleted ticket (`deleted_at`) is found only through `with_deleted`, until it is restored or its words
    are erased for good (`purged_at`).
    """

    subject = models.CharField(max_length=500)
    requester = models.ForeignKey(User, models.PROTECT, related_name="requested_tickets")
    organization = models.ForeignKey(
        Organization, models.SET_NULL, null=True, blank=True, related_name="tickets"
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="tickets")
    assignee = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="assigned_tickets")
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW)
    type = models.CharField(max_length=10, choices=TicketType, default=TicketType.QUESTION)
    channel = models.CharField(max_length=10, choices=Channel)
    tags = models.ManyToManyField(Tag, related_name="tickets", blank=True)
    follows = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="follow_ups")
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged", db_index=False
    )
    spam_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)
    spoke_first = models.CharField(max_length=10, choices=Speaker, default=Speaker.CUSTOMER)

    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    unanswered_since = models.DateTimeField(null=True, blank=True)
    last_customer_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    event_seq = models.PositiveIntegerField(default=0)
    last_event_at = models.DateTimeField(null=True, blank=True)

    objects = LiveTickets()
    with_deleted: ClassVar[models.Manager[Ticket]] = models.Manager()

    class Meta:
        indexes = [
            GinIndex(SUBJECT, name="ticket_by_subject"),
            models.Index(fields=["requester", "-id"], name="ticket_of_requester"),
            models.Index(
                fields=["requester"],
                name="ticket_of_requester_unresolved",
                condition=Q(status__in=UNRESOLVED_STATUSES, deleted_at=None),
            ),
            models.Index(fields=["organization", "-id"], name="ticket_of_organization"),
            models.Index(fields=["opened_at"], name="ticket_by_opening"),
            models.Index(fields=["team", "status", "id"], name="ticket_of_team"),
            models.Index(
                fields=["assignee", "status", "id"],
                name="ticket_of_assignee_open",
                condition=Q(status__in=UNRESOLVED_STATUSES),
            ),
            models.Index(
                fields=["status", "id"],
                # The counts of the desk's views read the index alone.
                include=["assignee", "team", "snoozed_until"],
                name="ticket_unresolved_live",
                condition=Q(status__in=UNRESOLVED_STATUSES, deleted_at=None),
            ),
            models.Index(
                fields=["team", "id"],
                name="ticket_without_owner",
                condition=Q(assignee=None, status__in=OPEN_STATUSES),
            ),
            models.Index(
                fields=["deleted_at", "id"],
                name="ticket_deleted",
                condition=Q(deleted_at__isnull=False, purged_at=None),
            ),
            models.Index(fields=["resolved_at"], name="ticket_to_close", condition=Q(status=Status.RESOLVED)),
            models.Index(
                fields=["snoozed_until"], name="ticket_snoozed", condition=Q(snoozed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.reference} {self.subject}"

    @property
    def reference(self) -> str:
        """The public reference: the ticket's number in digits."""
        return str(self.pk)

    @property
    def is_unresolved(self) -> bool:
        return self.status in UNRESOLVED_STATUSES


class SnoozeEnd(models.TextChoices):
    """Why a ticket that was put off is back."""

    TIME = "time", _("Its time came")
    CUSTOMER_WROTE = "customer_wrote", _("The customer wrote")
    TAKEN_BACK = "taken_back", _("Somebody took it back")
    SETTLED = "settled", _("The ticket was resolved or closed")


class LinkWord(models.TextChoices):
    """What two linked tickets have to do with each other; each reads true from both sides."""

    RELATED = "related", _("Related")
    SAME_CAUSE = "same_cause", _("Same cause")
    SAME_REQUEST = "same_request", _("Same request")


class Link(models.Model):
    """Two tickets that have to do with each other; `first` has the smaller number."""

    first = models.ForeignKey(Ticket, models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    word = models.CharField(max_length=12, choices=LinkWord, default=LinkWord.RELATED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_link_per_pair"),
        ]


class Follower(models.Model):
    """Somebody in copy. Proposed by a mail's Cc, told of public messages from acceptance on, by mail only."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ACCEPTED = "accepted", _("Follows")
        REMOVED = "removed", _("Removed")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="followers")
    person = models.ForeignKey(User, models.PROTECT, related_name="follows")
    state = models.CharField(max_length=10, choices=State)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "person"], name="one_follower_row_per_person"),
        ]


class Message(models.Model):
    """Something said on a ticket: a public reply or an internal note (`public` is False).

    `said_at` is the instant that counts for clocks. A public message is hidden from customers until
    `visible_at` (the hold during which it can be withdrawn). `text` is everything readable; `fresh` is
    the part
    of it that is new, `quoted` what was folded away. `html` is sanitised. `internet_message_id` is the
    RFC 5322 Message-ID of the mail it came in by, without angle brackets. A message `held_from` a sender
    who is
    no participant is shown to agents only until it is accepted. One of a `side_talk` was said with somebody
    outside and is never public. One `copied_from` another came with a ticket that was split off; the mail
    that brought it stays with that other one.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    public = models.BooleanField()
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="messages")
    by = models.CharField(max_length=10, choices=Speaker)
    automatic = models.BooleanField(default=False)
    channel = models.CharField(max_length=10, choices=Channel)
    text = models.TextField(blank=True)
    fresh = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    html = models.TextField(blank=True)
    said_at = models.DateTimeField()
    visible_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    held = models.BooleanField(default=False)
    internet_message_id = models.CharField(max_length=998, blank=True)
    references = models.TextField(blank=True)
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="copies", db_index=False
    )
    side_talk = models.ForeignKey(
        "tickets.SideTalk",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(side_talk=None) | Q(public=False), name="side_talk_is_never_public"
            ),
        ]
        indexes = [
            models.Index(
                fields=["copied_from"], name="message_copied", condition=Q(copied_from__isnull=False)
            ),
            models.Index(
                fields=["side_talk", "id"],
                name="message_of_side_talk",
                condition=Q(side_talk__isnull=False),
            ),
            GinIndex(SAID, name="message_by_words"),
            models.Index(fields=["ticket", "said_at", "id"], name="message_of_ticket"),
            models.Index(
                fields=["internet_message_id"],
                name="message_by_internet_id",
                condition=~Q(internet_message_id=""),
            ),
        ]

    @property
    def is_note(self) -> bool:
        return not self.public and self.side_talk_id is None


class Mention(models.Model):
    """A colleague whom a note names with an @."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="mentions")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="mentions")
    person = models.ForeignKey(User, models.CASCADE, related_name="mentions", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "person"], name="one_mention_per_person"),
        ]
        indexes = [models.Index(fields=["person", "ticket"], name="mention_of_person")]


class Blob(models.Model):
    """Bytes, stored once for each content. Kept in the database, so a message commits with its files."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)


class Attachment(models.Model):
    """A file of a message. Whoever may read the message may fetch it. `name` is only a label."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=255, blank=True)


class ReadMark(models.Model):
    """Up to which event a person has read a ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="read_marks")
    person = models.ForeignKey(User, models.CASCADE, related_name="read_marks")
    seq = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "ticket"], name="one_read_mark_per_person"),
        ]
