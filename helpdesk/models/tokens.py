"""Secrets that were handed out. Only their SHA-256 is kept."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from tickets.models import Attachment, Ticket, User


class GuestLink(models.Model):
    """A link by which somebody without an account follows one ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="guest_links")
    person = models.ForeignKey(User, models.CASCADE, related_name="guest_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class FileLink(models.Model):
    """A link by which somebody fetches one file that was too large for their mail."""

    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="links")
    person = models.ForeignKey(User, models.CASCADE, related_name="file_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class HeldSubmission(models.Model):
    """A guest's form that waits until its sender confirms the address. No ticket, no clock and no word
    sent on."""

    email = models.EmailField(max_length=254)
    content = models.JSONField()
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, blank=True, related_name="submissions")

    class Meta:
        indexes = [models.Index(fields=["email", "created_at"], name="submission_by_email")]


class HeldFile(models.Model):
    """A file of a form that waits for its sender's confirmation."""

    submission = models.ForeignKey(HeldSubmission, models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255, blank=True)
    data = models.BinaryField()


class ApiToken(models.Model):
    """A token for the API, shown once. It may do what its person may do."""

    person = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
