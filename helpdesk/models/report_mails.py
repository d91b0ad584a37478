"""Reports that come by mail, again and again."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import User


class ReportMail(models.Model):
    """A report that somebody gets by mail: `question` holds the filters as they stand in its address.

    `next_at` is the instant of the next mail: 8:00 on the wall in the reader's time zone.
    """

    class Report(models.TextChoices):
        """The pages that are mailed, by the last part of their address."""

        OVERVIEW = "index", _("Overview")
        FIRST_RESPONSE = "first-response", _("First response")
        SLA = "sla", _("SLA")
        FEEDBACK = "feedback", _("Satisfaction")
        RECOMMENDATION = "recommendation", _("Recommendation")
        EFFORT = "effort", _("Effort")
        WORKLOAD = "workload", _("Workload")

    class Rhythm(models.TextChoices):
        WEEKLY = "weekly", _("Every Monday at 8:00")
        DAILY = "daily", _("Every day at 8:00")

    person = models.ForeignKey(User, models.CASCADE, related_name="report_mails", db_index=False)
    report = models.CharField(max_length=20, choices=Report)
    question = models.JSONField(default=dict)
    rhythm = models.CharField(max_length=10, choices=Rhythm)
    next_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "report", "question", "rhythm"], name="one_mail_of_a_report"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"], name="report_mail_due", condition=models.Q(paused_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_report_display()}, {self.get_rhythm_display()}"
