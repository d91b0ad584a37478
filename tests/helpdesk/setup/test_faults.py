"""What was put aside, shown to administrators with its reason, and tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from sla import actions as sla_actions
from sla import tasks
from sla.models import Clock, Escalation
from tickets import actions
from tickets.models import Event, Job

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
pytestmark = pytest.mark.tampers


def html(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def broken(cast, open_ticket):
    """A ticket whose clocks cannot be checked: the numbers of its next events are taken."""
    sla_actions.install_defaults()
    ticket = open_ticket(at=MONDAY)
    Event.objects.bulk_create(
        Event(ticket=ticket, seq=ticket.event_seq + step, kind="ticket.noted", at=MONDAY)
        for step in range(1, 20)
    )
    tasks.sweep_clocks()
    return ticket


def test_nothing_put_aside_is_said_by_zeros(root):
    page = html(root.get("/setup/faults/"))
    assert page.count('<span class="count">0</span>') == 4
    assert "could not be done" not in html(root.get("/setup/"))


def test_a_clock_that_could_not_be_checked_is_shown_with_its_reason_and_its_ticket(root, broken):
    page = html(root.get("/setup/faults/"))
    assert "IntegrityError" in page
    assert f'href="/desk/tickets/{broken.pk}/"' in page
    assert "2 things could not be done." in html(root.get("/setup/"))
    health = Client().get("/healthz").json()["parts"]["clocks put aside"]
    assert health == {"ok": True, "detail": "2 could not be checked"}


def test_a_mended_clock_is_tried_again_at_once(root, broken):
    clock = Clock.objects.get(ticket=broken, metric="first_response")
    path = f"/setup/faults/clocks/{clock.pk}/again/"
    assert root.send(path, page="/setup/faults/").status_code == 303
    clock.refresh_from_db()
    assert clock.next_check_at < timezone.now()


def test_all_clocks_are_tried_again_at_once(root, broken):
    assert root.send("/setup/faults/clocks/again/", page="/setup/faults/").status_code == 303
    assert Clock.objects.filter(next_check_at__lt=timezone.now()).count() == 2


def test_an_escalation_that_could_not_be_carried_out_is_shown_and_tried_again(root, broken):
    event = broken.events.get(kind="ticket.opened")
    row = Escalation.objects.create(
        event=event,
        ticket=broken,
        metric="resolution",
        instance=1,
        steps=[],
        fault="NotAllowed: this team is closed",
        next_try_at=timezone.now() + timedelta(days=1),
    )
    assert "this team is closed" in html(root.get("/setup/faults/"))
    path = f"/setup/faults/escalations/{row.pk}/again/"
    assert root.send(path, page="/setup/faults/").status_code == 303
    row.refresh_from_db()
    assert row.next_try_at < timezone.now() + timedelta(hours=1)


def test_a_stopped_clock_that_nobody_could_measure_is_shown(root, cast, open_ticket):
    sla_actions.install_defaults()
    ticket = open_ticket(at=MONDAY)
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", at=MONDAY + timedelta(hours=1))
    page = html(root.get("/setup/faults/"))
    assert f'href="/desk/tickets/{ticket.pk}/"' in page
    assert "1 thing could not be done." in html(root.get("/setup/"))
    tasks.measure(Clock.objects.get(metric="first_response").pk)
    assert f'href="/desk/tickets/{ticket.pk}/"' not in html(root.get("/setup/faults/"))


def test_failed_work_is_shown_and_leads_to_its_page(root, cast, settings):
    settings.JOB_KINDS = {"sla.recompute": "tests.tickets.test_jobs.count_slice"}
    job = actions.ask_job("sla.recompute", by=cast.sue)
    Job.objects.filter(pk=job.pk).update(state="failed", fault="KeyError: 7", finished_at=timezone.now())
    page = html(root.get("/setup/faults/"))
    assert "KeyError: 7" in page
    assert f'href="/setup/jobs/{job.pk}/"' in page


def test_the_page_asks_as_often_for_many_as_for_few(root, broken, open_ticket, django_assert_num_queries):
    Clock.objects.filter(ticket=broken).update(fault="KeyError: 7")
    root.get("/setup/faults/")
    with django_assert_num_queries(9):
        root.get("/setup/faults/")
    for _number in range(5):
        Clock.objects.filter(ticket=open_ticket()).update(fault="KeyError: 7")
    with django_assert_num_queries(9):
        root.get("/setup/faults/")


def test_only_administrators_try_again(broken, cast):
    with pytest.raises(actions.NotAllowed):
        sla_actions.retry_clocks(by=cast.sue)
