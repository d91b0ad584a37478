"""What the mails of reports say: the figures are the reports' own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string

from helpdesk.mail.letter import Letter, NotToBeSent, addressed_to, link, sender_for
from helpdesk.models import Delivery, ReportMail
from helpdesk.report_links import stop_path
from helpdesk.wording.look import look_of
from tickets import access


def digest(row: Delivery) -> Letter:
    """A report with its figures and charts, as it stood when it came due. Raises NotToBeSent for who ended or
    paused it meanwhile, and for who may not see reports any more."""
    event, person = row.event, row.recipient
    assert event is not None
    asked = ReportMail.objects.filter(pk=event.data["report_mail"], paused_at=None, person=person).first()
    if asked is None or person is None or not access.can_see_reports(person):
        raise NotToBeSent(Delivery.Reason.OUTDATED)
    due_at = parse_datetime(str(event.data["due_at"])) or event.at
    told: dict[str, Any] = import_string(settings.REPORT_DIGEST)(asked.report, asked.question, due_at)
    sender, stop = sender_for(None), link(stop_path(asked))
    return Letter(
        template=row.template,
        to=person,
        address=row.address,
        sender_name=sender.name,
        box=sender.box.address,
        look=look_of(None),
        unsubscribe=stop,
        values=addressed_to(person)
        | {
            "report": told["name"],
            "period": told["period"],
            "figures": [(name, link(path), facts, charts) for name, path, facts, charts in told["parts"]],
            "changes": [(sentence, link(path)) for sentence, path in told["changes"]],
            "link": link(told["path"]),
            "rhythm": asked.get_rhythm_display(),
            "stop_link": stop,
            "company": sender.company.name,
        },
    )
