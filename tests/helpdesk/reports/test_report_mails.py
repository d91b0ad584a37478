"""A report by mail: at its time, to who may see it, with the report's own figures, once."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from helpdesk.actions import report_mails
from helpdesk.mail import outbound
from helpdesk.models import Delivery, ReportMail, SentMail
from tickets import actions
from tickets.actions import NotAllowed

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@pytest.fixture
def asked(cast):
    """Sue, in Tokyo, asks for the week's first responses; it comes next Monday."""
    cast.sue.time_zone = "Asia/Tokyo"
    cast.sue.save()
    return report_mails.subscribe(cast.sue, "first-response", {"period": "7d"}, "weekly")


def test_eight_is_eight_in_the_readers_zone_whatever_the_clocks_do(asked):
    at = asked.next_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (at.weekday(), at.hour, at.minute) == (0, 8, 0)
    assert timezone.now() < at <= timezone.now() + 7 * DAY
    asked.person.time_zone = "Europe/Berlin"
    march = datetime(2027, 3, 27, 12, tzinfo=UTC)  # the clocks go forward in the night to the 28th
    assert report_mails.after(march, "daily", asked.person) == datetime(2027, 3, 28, 6, tzinfo=UTC)
    assert report_mails.after(march, "weekly", asked.person).astimezone(BERLIN).hour == 8


def test_a_report_goes_once_however_often_and_late_it_is_looked_for(asked):
    monday = asked.next_at
    assert report_mails.let_due_go(monday - timedelta(seconds=1)) == 0
    for _again in range(2):
        report_mails.let_due_go(monday + timedelta(minutes=3))
    assert Delivery.objects.filter(template="report.digest").count() == 1
    report_mails.let_due_go(monday + 23 * DAY)  # nothing ran for three weeks
    late = Delivery.objects.filter(template="report.digest").order_by("pk")[1]
    assert parse_datetime(late.event.data["due_at"]) == monday + 21 * DAY
    asked.refresh_from_db()
    assert asked.next_at == late.give_up_at == monday + 28 * DAY


@pytest.mark.tampers
def test_one_that_cannot_go_keeps_no_other_waiting(asked, cast, caplog):
    broken = report_mails.subscribe(cast.sue, "sla", {}, "weekly")
    ReportMail.objects.filter(pk=broken.pk).update(next_at=datetime(1, 1, 1, tzinfo=UTC))
    assert report_mails.let_due_go(asked.next_at) == 2
    [sent] = Delivery.objects.filter(template="report.digest")
    assert sent.event.data["report_mail"] == asked.pk
    assert f"failed for reportmail {broken.pk}" in caplog.text


def test_who_moves_to_another_zone_gets_it_at_eight_there(asked, cast):
    monday = asked.next_at
    actions.edit_person(cast.sue, by=cast.sue, time_zone="Pacific/Honolulu")
    report_mails.let_due_go(monday)
    assert not Delivery.objects.filter(template="report.digest").exists()
    asked.refresh_from_db()
    assert asked.next_at == monday + timedelta(hours=19)


def test_it_stops_with_the_right_to_see_reports_and_when_it_is_paused_or_ended(asked, cast, settings):
    settings.MAIL_SERVER, settings.MAILBOX = None, True
    with pytest.raises(NotAllowed):
        report_mails.subscribe(cast.mira, "sla", {}, "daily")
    monday = asked.next_at
    report_mails.let_due_go(monday)
    Delivery.objects.update(send_at=timezone.now())
    actions.set_role(cast.sue, "agent", by=cast.root)
    outbound.deliver_due()
    [row] = Delivery.objects.filter(template="report.digest")
    assert (row.state, row.reason) == ("suppressed", "outdated")
    report_mails.let_due_go(monday + 7 * DAY)
    assert Delivery.objects.filter(template="report.digest").count() == 1
    report_mails.pause(asked, by=cast.sue)
    assert report_mails.let_due_go(monday + 14 * DAY) == 0
    with pytest.raises(NotAllowed):
        report_mails.resume(asked, by=cast.root)


def test_from_the_page_to_the_mail_and_to_one_click_that_ends_it(client, supervisor, cast, story, settings):
    settings.MAIL_SERVER, settings.MAILBOX = None, True
    for _turn in range(10):
        story(answered=10, at=timezone.now() - 3 * DAY)
    story(answered=10, at=timezone.now() - 3 * DAY, team=cast.tech)
    page = supervisor.get(
        "/reports/first-response/?split=agent&from=2026-11-01&to=2026-11-09"
    ).content.decode()
    question = re.search(r'name="question" value="([^"]*)"', page)[1].replace("&amp;", "&")
    given = {"report": "first-response", "question": question, "rhythm": "daily"}
    for _twice in range(2):
        assert supervisor.post("/reports/mails/subscribe/", given).status_code == 302
    row = ReportMail.objects.get()
    assert row.question == {"split": "agent"}
    listed = supervisor.get("/reports/mails/").content.decode()
    assert "Every day at 8:00" in listed
    assert "Last 30 days" in listed
    for deed, paused in (("pause", True), ("resume", False)):
        supervisor.post(f"/reports/mails/{row.pk}/{deed}/")
        row.refresh_from_db()
        assert (row.paused_at is not None) == paused
    assert supervisor.post("/reports/mails/subscribe/", given | {"report": "cases"}).status_code == 404

    ReportMail.objects.update(next_at=report_mails.after(timezone.now() - DAY, "daily", cast.sue))
    report_mails.let_due_go()
    outbound.deliver_due()
    mail = message_from_bytes(bytes(SentMail.objects.get().raw), policy=policy.default)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert mail["Subject"].startswith("First response, ")
    for words in ("Mira Koch", "Within target", "Stop this mail"):
        assert words in text
        assert words in html
    assert not re.findall(r'src="(?!cid:)|<svg|<img', html)
    assert 'bgcolor="#5b8fd6"' in html
    path = re.search(r"Open the report:\s+https?://[^/]+(/\S+)", text)[1]
    assert supervisor.get(path).status_code == 200
    stop = re.search(r"<https?://[^/]+(/\S+)>", mail["List-Unsubscribe"])[1]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    client.logout()
    assert "Stop this report by mail?" in client.get(stop).content.decode()
    assert ReportMail.objects.exists()
    assert client.post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not ReportMail.objects.exists()
    assert "no more" in client.post(stop).content.decode()
    assert client.get(stop.replace("/stop/", "/stop/x")).status_code == 404
