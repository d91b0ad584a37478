"""Where mail is taken from beside the SMTP listener: mailboxes that we read, providers that call us."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.sealed import seal, unseal

STALE_AFTER = timedelta(minutes=4)
"""A mailbox that could not be read for so long is told about; with the checks of a minute that makes five."""


SIGNED = frozenset({"mailgun", "mailersend", "mandrill", "postal"})
"""Providers that sign what they send, with a key that they show; the others name a password of ours."""


class MailSource(models.Model):
    """A mailbox read by IMAP, or the webhook of a mail provider. What came from it names it (`name_in_mail`).

    Set by administrators: everything down to `is_active`. The rest is the state that the fetcher keeps: with
    `uidvalidity` (RFC 9051 2.3.1.1) every mail up to `last_uid` is accounted for, except those from
    `backlog_next` to `backlog_until`, which come in behind the newer ones. Mail below `first_new_uid` was in
    the folder before we knew it: of that only what is unread or has arrived since `counts_from_at` is ours.
    `marks_due` are stored mails that must still be marked, moved or deleted in the mailbox.
    """

    class Kind(models.TextChoices):
        IMAP = "imap", _("Mailbox (IMAP)")
        WEBHOOK = "webhook", _("Mail provider (webhook)")

    class Security(models.TextChoices):
        TLS = "tls", _("TLS from the start (port 993)")
        STARTTLS = "starttls", _("STARTTLS (port 143)")
        NONE = "none", _("None: only inside your own network")

    class Provider(models.TextChoices):
        MAILGUN = "mailgun", "Mailgun"
        POSTMARK = "postmark", "Postmark"
        SENDGRID = "sendgrid", "SendGrid"
        MAILERSEND = "mailersend", "MailerSend"
        MAILJET = "mailjet", "Mailjet"
        MANDRILL = "mandrill", "Mailchimp Transactional (Mandrill)"
        POSTAL = "postal", "Postal"
        SPARKPOST = "sparkpost", "SparkPost"

    class SignIn(models.TextChoices):
        PASSWORD = "password", _("Password")
        XOAUTH2 = "xoauth2", _("OAuth 2 (Microsoft 365, Google Workspace)")

    class After(models.TextChoices):
        SEEN = "seen", _("Mark it as read")
        MOVE = "move", _("Move it to another folder")
        DELETE = "delete", _("Delete it from the mailbox")

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=100)
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=10, choices=Security, default=Security.TLS)
    sign_in = models.CharField(max_length=10, choices=SignIn, default=SignIn.PASSWORD)
    username = models.CharField(max_length=320, blank=True)
    folder = models.CharField(max_length=255, default="INBOX")
    after = models.CharField(max_length=10, choices=After, default=After.SEEN)
    move_to = models.CharField(max_length=255, blank=True)
    provider = models.CharField(max_length=30, choices=Provider, blank=True)
    sealed = models.BinaryField(default=b"")
    is_active = models.BooleanField(default=True)

    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=timezone.now)
    counts_from_at = models.DateTimeField(default=timezone.now)
    uidvalidity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    first_new_uid = models.BigIntegerField(default=0)
    backlog_next = models.BigIntegerField(default=0)
    backlog_until = models.BigIntegerField(default=-1)
    marks_due = models.JSONField(default=list)
    last_ok_at = models.DateTimeField(null=True)
    last_mail_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=30, blank=True)
    trouble_detail = models.CharField(max_length=200, blank=True)
    trouble_since_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["host", "port", "username", "folder"],
                condition=Q(kind="imap"),
                name="one_source_per_mailbox",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name_in_mail(self) -> str:
        """What `InboundEmail.source` says of mail from here."""
        return f"{self.kind}:{self.pk}"

    @property
    def is_stale(self) -> bool:
        """Whether a mailbox has not been read for longer than it may be; never true of one that just
        changed."""
        read_at = max(self.last_ok_at or self.changed_at, self.changed_at)
        is_followed = self.is_active and self.kind == self.Kind.IMAP
        return is_followed and timezone.now() - read_at > STALE_AFTER

    def secret(self) -> dict[str, Any]:
        """Password, tokens or signing key. Raises `sealed.Unreadable` when SECRET_KEY has changed."""
        return unseal(self.sealed) if self.sealed else {}

    def keep_secret(self, secret: dict[str, Any]) -> None:
        """Seal it into the row (unsaved)."""
        self.sealed = seal(secret)
