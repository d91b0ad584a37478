"""The rows of the ticket domain. Only `tickets.actions` writes them."""

from tickets.models.draft import Draft, DraftFile, DraftKind
from tickets.models.event import Event
from tickets.models.job import UNFINISHED, Job, JobState
from tickets.models.people import Account, Organization, Role, Team, User
from tickets.models.ticket import (
    OPEN_STATUSES,
    UNRESOLVED_STATUSES,
    Attachment,
    Blob,
    Channel,
    Follower,
    Message,
    Priority,
    ReadMark,
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
    "Channel",
    "Draft",
    "DraftFile",
    "DraftKind",
    "Event",
    "Follower",
    "Job",
    "JobState",
    "Message",
    "Organization",
    "Priority",
    "ReadMark",
    "Role",
    "Speaker",
    "Status",
    "Tag",
    "Team",
    "Ticket",
    "TicketType",
    "User",
]
