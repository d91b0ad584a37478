"""Rows of the outward side: mail in and out, the company's settings, one-time tokens, heartbeats."""

from helpdesk.models.company import Company, SavedReply, SupportAddress, TeamLook
from helpdesk.models.inbound import BlockedSender, InboundEmail
from helpdesk.models.notifications import Notification
from helpdesk.models.ops import Heartbeat, OnceKey, Tally
from helpdesk.models.outbound import Delivery, SentMail
from helpdesk.models.report_mails import ReportMail
from helpdesk.models.sources import MailSource
from helpdesk.models.tokens import ApiToken, FileLink, GuestLink, HeldFile, HeldSubmission
from helpdesk.models.topics import Topic
from helpdesk.models.wording import Wording

__all__ = [
    "ApiToken",
    "BlockedSender",
    "Company",
    "Delivery",
    "FileLink",
    "GuestLink",
    "Heartbeat",
    "HeldFile",
    "HeldSubmission",
    "InboundEmail",
    "MailSource",
    "Notification",
    "OnceKey",
    "ReportMail",
    "SavedReply",
    "SentMail",
    "SupportAddress",
    "Tally",
    "TeamLook",
    "Topic",
    "Wording",
]
