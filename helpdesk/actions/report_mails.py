"""Reports by mail: asking for one, pausing it, ending it, and letting those go out whose time has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.company import company
from helpdesk.models import ReportMail
from helpdesk.times import zone_named
from tickets import access
from tickets.actions import NotAllowed
from tickets.events import record
from tickets.models import User
from tickets.sweeping import each

HOUR = time(8)
MONDAY = 0
MOST = 20
"""So many one person gets at most."""


def subscribe(
    person: User, report: str, question: Mapping[str, str], rhythm: str, *, at: datetime | None = None
) -> ReportMail:
    """Mail the report to `person`, who asks for it, from the next time on. Asked again, the same one, which
    goes on if it was paused.

    Raises NotAllowed for who may not see reports or has no address, and ValueError for what is no report.
    """
    at = at or timezone.now()
    if not access.can_see_reports(person) or not person.email:
        raise NotAllowed(_("Reports are mailed to supervisors and administrators with an address."))
    report, rhythm = ReportMail.Report(report).value, ReportMail.Rhythm(rhythm).value
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        row = person.report_mails.filter(report=report, question=question, rhythm=rhythm).first()
        if row is not None:
            return resume(row, by=person, at=at)
        if person.report_mails.count() >= MOST:
            raise NotAllowed(
                _("You get %(number)d reports by mail. Stop one of them first.") % {"number": MOST}
            )
        row = ReportMail.objects.create(
            person=person,
            report=report,
            question=dict(question),
            rhythm=rhythm,
            next_at=after(at, rhythm, person),
            created_at=at,
        )
        record("report.subscribed", subject=row, by=person, at=at, data={"report_mail": row.pk})
        return row


def pause(row: ReportMail, *, by: User, at: datetime | None = None) -> ReportMail:
    """Mail it no more until somebody resumes it."""
    return _switch(row, "report.paused", by, at or timezone.now())


def resume(row: ReportMail, *, by: User, at: datetime | None = None) -> ReportMail:
    """Mail it again, from the next time on: nothing is made up for."""
    return _switch(row, "report.resumed", by, at or timezone.now())


def _switch(row: ReportMail, kind: str, by: User, at: datetime) -> ReportMail:
    _demand_own(row, by)
    with transaction.atomic():
        row = ReportMail.objects.select_for_update(of=("self",)).select_related("person").get(pk=row.pk)
        if (row.paused_at is None) == (kind == "report.resumed"):
            return row
        row.paused_at = at if kind == "report.paused" else None
        row.next_at = after(at, row.rhythm, row.person)
        row.save(update_fields=["paused_at", "next_at"])
        record(kind, subject=row, by=by, at=at, data={"report_mail": row.pk})
        return row


def unsubscribe(row: ReportMail, *, by: User, at: datetime | None = None) -> None:
    """End it. Mails of it that have not left yet are not sent."""
    _demand_own(row, by)
    with transaction.atomic():
        held = ReportMail.objects.select_for_update().filter(pk=row.pk).first()
        if held is not None:
            record("report.unsubscribed", subject=held, by=by, at=at, data={"report_mail": held.pk})
            held.delete()


def _demand_own(row: ReportMail, by: User) -> None:
    if row.person_id != by.pk:
        raise NotAllowed(_("Only the person who gets a report by mail can change that."))


def let_due_go(now: datetime | None = None) -> int:
    """Put the reports whose time has come into the outbox. Run twice, at once or late: each goes once, and of
    several times that were missed only the last. What fails stays due and holds up nothing. Returns how
    many it looked at."""
    now = now or timezone.now()
    due = ReportMail.objects.filter(paused_at=None, next_at__lte=now).order_by("next_at", "pk")

    def let_go(row: ReportMail) -> None:
        _let_go(row.pk, now)

    return each(due, let_go)


def _let_go(pk: int, now: datetime) -> None:
    """The next time is written together with the event that has the mail sent: there is no in between."""
    with transaction.atomic():
        rows = ReportMail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("person")
        row = rows.filter(pk=pk, paused_at=None, next_at__lte=now).first()
        if row is None:
            return
        here = after(row.next_at - timedelta(hours=12), row.rhythm, row.person)
        if here > now:  # the reader moved to another time zone meanwhile
            ReportMail.objects.filter(pk=pk).update(next_at=here)
            return
        due_at = latest(row, now)
        row.next_at = after(now, row.rhythm, row.person)
        row.save(update_fields=["next_at"])
        if access.can_see_reports(row.person):
            data = {"report_mail": row.pk, "due_at": due_at}
            record("report.came_due", subject=row, at=now, data=data)


def zone_of(person: User) -> ZoneInfo:
    """Where the reader's mornings are: their own zone, else the company's."""
    return zone_named(person.time_zone or company().time_zone)


def after(at: datetime, rhythm: str, person: User) -> datetime:
    """The first time for a mail after an instant: 8:00 on the wall in the reader's zone, whatever the clocks
    did that night."""
    zone = zone_of(person)
    day = at.astimezone(zone).date()
    while True:
        found = datetime.combine(day, HOUR, zone)
        if found > at and (rhythm == ReportMail.Rhythm.DAILY or day.weekday() == MONDAY):
            return found.astimezone(UTC)
        day += timedelta(days=1)


def latest(row: ReportMail, now: datetime) -> datetime:
    """The last time for a mail up to now, of those from `next_at` on."""
    found = row.next_at
    while (following := after(found, row.rhythm, row.person)) <= now:
        found = following
    return found
