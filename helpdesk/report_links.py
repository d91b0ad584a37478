"""Links in the mails of reports that need no sign-in: each ends one of them, and nothing else."""

from __future__ import annotations

from django.core import signing
from django.urls import reverse

from helpdesk.models import ReportMail

SALT = "report mail"


def stop_path(row: ReportMail) -> str:
    """Where this mail is ended, for whoever holds the mail."""
    return reverse("reports:mail-stop", args=[signing.dumps([row.pk, row.person_id], salt=SALT)])


def of_token(token: str) -> ReportMail | None:
    """The mail that a link ends; None where it was ended before. Raises BadSignature for no link of ours."""
    pk, person = signing.loads(token, salt=SALT)
    return ReportMail.objects.filter(pk=pk, person=person).select_related("person").first()
