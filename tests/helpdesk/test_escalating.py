"""Whom an escalation level tells, and when; and that nobody gets a storm of mails."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from helpdesk import notify
from helpdesk.mail import outbound
from helpdesk.models import Delivery
from sla import actions as sla_actions
from sla import tasks
from tests.cast import PersonFactory
from tests.helpdesk.mail.conftest import mail_server, send_all, support  # noqa: F401
from tickets import actions
from tickets.models import Event, Ticket

State = Delivery.State
HOUR = timedelta(hours=1)


@pytest.fixture
def promising(cast):
    """A policy whose first reply is due after so many hours of calendar time, with these levels."""
    _calendar, policy = sla_actions.install_defaults()

    def _promise(*levels, hours=4):
        targets = {
            "first_response": {str(p): {"seconds": hours * 3600, "basis": "calendar"} for p in (1, 2, 3, 4)}
        }
        spec = {"targets": targets, "escalations": {"first_response": list(levels)}}
        sla_actions.edit_policy(policy, by=None, spec=spec)

    return _promise


def told(**filters):
    rows = Delivery.objects.filter(template__startswith="sla.", **filters).order_by("pk")
    return [row.address.partition("@")[0] for row in rows]


def sweep_in(**span):
    return tasks.sweep(now=timezone.now() + timedelta(**span))


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        (["assignee"], ["mira"]),
        (["team"], ["mira", "sue"]),
        (["team_lead"], ["gus"]),
        (["supervisor"], ["sue"]),
        (["team", "assignee", "supervisor"], ["mira", "sue"]),
        (["address:duty@acme.example"], ["duty"]),
        (["supervisor", "address:sue@desk.example"], ["sue"]),
    ],
)
def test_roles_are_the_people_who_hold_them_each_told_once(promising, open_ticket, cast, tell, expected):
    promising({"seconds": 0, "tell": tell})
    actions.edit_team(cast.billing, by=cast.root, lead=cast.gus)
    actions.assign(open_ticket(), cast.mira, by=None)
    sweep_in(hours=5)
    assert told() == expected


@pytest.mark.parametrize("role", ["assignee", "team_lead", "team", "supervisor"])
def test_a_role_that_nobody_holds_falls_to_every_supervisor(promising, open_ticket, cast, role):
    promising({"seconds": 0, "tell": [role]})
    empty = actions.create_team("Nobody yet", by=None)
    open_ticket(team=empty)
    sweep_in(hours=5)
    assert told() == ["sue"]


def test_a_member_who_declined_is_not_told(promising, open_ticket, cast):
    promising({"seconds": 0, "tell": ["supervisor"]})
    actions.edit_person(cast.sue, by=cast.sue, preferences={"mail": {"sla.breached": False}})
    open_ticket()
    sweep_in(hours=5)
    assert told() == []


def test_an_address_without_a_person_gets_the_mail_once(promising, open_ticket, send_all):  # noqa: F811
    promising({"seconds": 0, "tell": ["address:duty@acme.example"], "urgent": True})
    ticket = open_ticket()
    sweep_in(hours=5)
    notify.on_ticket_event(ticket.events.get(kind="sla.escalated"))
    Delivery.objects.filter(template="sla.breached").update(send_at=timezone.now())
    (mail,) = send_all().mails("duty@acme.example")
    assert f"/desk/tickets/{ticket.pk}/" in mail.get_body(("plain",)).get_content()


def test_our_own_address_is_never_told(promising, open_ticket, support):  # noqa: F811
    promising({"seconds": 0, "tell": ["address:billing@acme.example"]})
    open_ticket()
    sweep_in(hours=5)
    row = Delivery.objects.get(address="billing@acme.example")
    assert (row.state, row.reason) == (State.SUPPRESSED, Delivery.Reason.OWN_ADDRESS)


def test_outside_working_hours_only_the_urgent_level_is_told_at_once(promising, open_ticket, cast):
    normal, urgent = {"seconds": 0, "tell": ["supervisor"]}, {"seconds": 60, "tell": ["supervisor"]}
    promising(normal, urgent | {"urgent": True})
    open_ticket()
    night = (timezone.now() + timedelta(days=1)).replace(hour=22, minute=0, second=0, microsecond=0)
    tasks.sweep(now=night)
    later, at_once = Delivery.objects.filter(template="sla.breached").order_by("event__at")
    assert at_once.send_at == night
    assert (later.send_at > night, later.send_at.hour, later.send_at.weekday() < 5) == (True, 9, True)


def test_inside_working_hours_it_is_told_at_once(promising, open_ticket):
    promising({"seconds": 0, "tell": ["supervisor"]})
    open_ticket()
    day = timezone.now().date() + timedelta(days=8 - timezone.now().isoweekday())
    monday = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    tasks.sweep(now=monday)
    assert Delivery.objects.get(template="sla.breached").send_at == monday


def test_what_fell_due_before_an_imported_ticket_came_here_is_told_to_nobody(promising, open_ticket):
    promising({"seconds": 0, "tell": ["supervisor"]})
    open_ticket(at=timezone.now() - timedelta(days=3))
    assert tasks.sweep()["escalated"] == 1
    assert told() == []


def test_what_fell_due_while_the_mail_waited_to_be_filed_is_told(promising, open_ticket):
    promising({"seconds": 0, "tell": ["supervisor"]})
    open_ticket(at=timezone.now() - 10 * HOUR)
    assert tasks.sweep()["escalated"] == 1
    assert told() == ["sue"]


# --- no storm -----------------------------------------------------------------------------------------


@pytest.fixture
def late(promising, open_ticket, send_all):  # noqa: F811
    """So many tickets on which a level fell, found so much later; what is told of them waits to be sent."""
    promising({"seconds": 0, "tell": ["supervisor"], "urgent": True}, hours=1)

    def _late(count, found_after=timedelta(minutes=1)):
        at = timezone.now() - HOUR - found_after
        tickets = [open_ticket(requester=PersonFactory(), at=at) for _number in range(count)]
        tasks.sweep()
        Delivery.objects.filter(template="ticket.received").delete()
        return tickets

    return _late


def mails(server):
    return [
        (mail["Subject"], mail.get_body(("plain",)).get_content().replace("\r\n", "\n"))
        for mail in server.mails("sue@desk.example")
    ]


def test_what_waits_for_one_person_goes_in_one_mail(late, send_all, cast):  # noqa: F811
    tickets = late(12)
    ((subject, text),) = mails(send_all())
    assert subject == "12 promises are late"
    assert all(f"/desk/tickets/{ticket.pk}/" in text for ticket in tickets)
    states = list(Delivery.objects.values_list("state", flat=True).order_by("pk"))
    assert states == [State.SENT] + [State.COLLECTED] * 11


def test_one_mail_names_first_what_is_late_and_then_what_comes_due(promising, open_ticket, send_all):  # noqa: F811
    promising(*({"seconds": each, "tell": ["supervisor"], "urgent": True} for each in (-600, 0)), hours=1)
    now = timezone.now()
    tickets = [open_ticket(at=now - timedelta(minutes=minutes)) for minutes in (63, 61, 55)]
    tasks.sweep()
    ((subject, text),) = mails(send_all())
    assert subject == "2 late, 1 due soon"
    places = [text.index(f"/desk/tickets/{ticket.pk}/") for ticket in tickets]
    assert text.index("Late:") < places[0] < places[1] < text.index("Due soon:") < places[2]


def test_what_was_answered_before_the_mail_left_is_not_in_it(late, send_all, cast):  # noqa: F811
    tickets = late(3)
    for ticket in tickets[1:]:
        actions.reply(ticket, "Here", by=cast.mira, channel="desk")
    ((subject, text),) = mails(send_all())
    assert subject.startswith("Refund missing")
    assert f"/desk/tickets/{tickets[0].pk}/" in text


def test_a_mail_about_nothing_any_more_is_not_sent(late, send_all, cast):  # noqa: F811
    (ticket,) = late(1)
    actions.reply(ticket, "Here", by=cast.mira, channel="desk")
    assert mails(send_all()) == []
    row = Delivery.objects.get(template="sla.breached")
    assert (row.state, row.reason) == (State.SUPPRESSED, Delivery.Reason.OUTDATED)


def test_beyond_three_mails_in_five_minutes_the_rest_waits_and_goes_together(late, send_all):  # noqa: F811
    for _mail in range(3):
        late(1)
        send_all()
    late(4)
    assert len(mails(send_all())) == 3
    waiting = Delivery.objects.filter(template="sla.breached", state=State.QUEUED)
    assert waiting.count() == 4
    assert set(waiting.values_list("send_at", flat=True)) == {
        Delivery.objects.filter(state=State.SENT, template="sla.breached")
        .latest("first_tried_at")
        .first_tried_at
        + timedelta(minutes=5)
    }
    Delivery.objects.filter(template="sla.breached").update(
        first_tried_at=timezone.now() - timedelta(minutes=6)
    )
    waiting.update(first_tried_at=None, send_at=timezone.now())
    assert [subject for subject, _text in mails(send_all())][-1] == "4 promises are late"


def test_a_backlog_waits_for_the_sweep_and_is_told_in_one_mail(late, open_ticket, send_all):  # noqa: F811
    late(5, found_after=timedelta(hours=6))
    open_ticket(at=timezone.now() - timedelta(hours=3))  # still to be swept
    assert mails(send_all()) == []
    waiting = Delivery.objects.filter(template="sla.breached", send_at__gt=timezone.now())
    assert waiting.count() == 5
    tasks.sweep()
    waiting.update(send_at=timezone.now())
    ((subject, _text),) = mails(send_all())
    assert subject == "6 promises are late"
    assert set(Event.objects.filter(kind="sla.breached").values_list("ticket", "at")) == {
        (ticket.pk, ticket.opened_at + HOUR) for ticket in Ticket.objects.all()
    }


def test_while_one_worker_collects_for_an_address_another_passes_it_over(late, send_all):  # noqa: F811
    late(2)
    row = outbound.claim()
    assert row is not None
    assert row.carried.count() == 1
    assert outbound.claim() is None
