"""The rows of the ticket domain. Only `tickets.actions` writes them."""

from tickets.models.bulk import BulkOutcome, BulkTicket, BulkWhy
from tickets.models.course import Course
from tickets.models.draft import Draft, DraftFile, DraftKind
from tickets.models.event import Event
from tickets.models.job import UNFINISHED, Job, JobState
from tickets.models.origin import Origin
from tickets.models.people import Account, Organization, Role, Team, User
from tickets.models.saved_view import SavedView
from tickets.models.side_talk import SideTalk
from tickets.models.tally import OpenTally
from tickets.models.ticket import (
    OPEN_STATUSES,
    UNRESOLVED_STATUSES,
    Attachment,
    Blob,
    Channel,
    Follower,
    Link,
    LinkWord,
    Mention,
    Message,
    Priority,
    ReadMark,
    SnoozeEnd,
    Speaker,
    Status,
    Tag,
    Ticket,
    TicketType,
)

__all__ = [
    "OPEN_STATUSES",
    "UNFINISHED",
    "UNRESOLVED_STATUSES",
    "Account",
    "Attachment",
    "Blob",
    "BulkOutcome",
    "BulkTicket",
    "BulkWhy",
    "Channel",
    "Course",
    "Draft",
    "DraftFile",
    "DraftKind",
    "Event",
    "Follower",
    "Job",
    "JobState",
    "Link",
    "LinkWord",
    "Mention",
    "Message",
    "OpenTally",
    "Organization",
    "Origin",
    "Priority",
    "ReadMark",
    "Role",
    "SavedView",
    "SideTalk",
    "SnoozeEnd",
    "Speaker",
    "Status",
    "Tag",
    "Team",
    "Ticket",
    "TicketType",
    "User",
]
