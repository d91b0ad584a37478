"""Who is told of what."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from helpdesk import notify, outbox
from helpdesk.mail.letters import LETTERS
from helpdesk.models import Delivery
from helpdesk.wishes import WISHES
from sla.actions import edit_calendar, install_defaults
from sla.tasks import sweep
from tests.cast import PersonFactory
from tickets import actions
from tickets.events import KINDS

State, Reason = Delivery.State, Delivery.Reason


def told(**filters):
    rows = Delivery.objects.filter(state=State.QUEUED, **filters).order_by("pk")
    return [(row.template, row.address) for row in rows]


def test_a_new_ticket_is_acknowledged_to_its_sender(ticket):
    assert told() == [("ticket.received", "priya@customers.example")]


def test_an_address_gets_one_acknowledgement_in_ten_minutes(open_ticket):
    at = timezone.now() - timedelta(hours=1)
    for minutes in (0, 5, 9.9, 10, 15, 25):
        open_ticket(at=at + timedelta(minutes=minutes))
    states = list(Delivery.objects.order_by("pk").values_list("state", "reason"))
    told, not_told = (State.QUEUED, ""), (State.SUPPRESSED, Reason.BUDGET)
    assert states == [told, not_told, not_told, told, not_told, told]


def test_an_address_gets_five_acknowledgements_a_day(open_ticket):
    at = timezone.now() - timedelta(hours=30)
    for hour in (0, 1, 2, 3, 4, 5, 24.5):
        open_ticket(at=at + timedelta(hours=hour))
    states = list(Delivery.objects.order_by("pk").values_list("state", flat=True))
    assert states == [State.QUEUED] * 5 + [State.SUPPRESSED, State.QUEUED]


def test_to_an_unproven_address_everything_that_strangers_cause_counts(open_ticket, cast):
    words = {"link": "http://x.test/", "hours": "24"}
    outbox.queue_account_mail(cast.priya.email, "account.confirm_ticket", words=words)
    open_ticket()
    assert not told(template="ticket.received")
    actions.prove_address(cast.bob)
    outbox.queue_account_mail(cast.bob.email, "account.confirm_ticket", words=words)
    open_ticket(requester=cast.bob)
    assert told(template="ticket.received") == [("ticket.received", cast.bob.email)]


def test_a_robot_is_never_answered(open_ticket):
    open_ticket(automatic=True)
    assert not Delivery.objects.exists()


def test_an_address_of_ours_is_never_mailed(open_ticket, cast, support):
    for address in ("billing@acme.example", "billing+x1@acme.example"):
        open_ticket(requester=PersonFactory(email=address), by=None)
    assert set(Delivery.objects.values_list("state", "reason")) == {(State.SUPPRESSED, Reason.OWN_ADDRESS)}


def test_when_the_agent_speaks_first_the_words_themselves_go_out(open_ticket, cast):
    ticket = open_ticket(by=cast.mira, spoke_first="agent", words="Your parcel is late.")
    assert told() == [("ticket.replied", "priya@customers.example")]
    assert Delivery.objects.get().message == ticket.messages.get()


def test_a_reply_goes_to_the_requester_and_to_who_was_accepted_before(ticket, cast):
    actions.propose_follower(ticket, cast.bob, by=None)
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    message = actions.reply(
        ticket, "It is on its way.", by=cast.mira, channel="desk", hold=timedelta(seconds=10)
    )
    actions.accept_follower(ticket, cast.paul, by=cast.mira)
    rows = Delivery.objects.filter(message=message)
    assert {row.address for row in rows} == {"priya@customers.example", "cara@customers.example"}
    assert {(row.rank, row.send_at) for row in rows} == {(Delivery.Rank.REPLY, message.visible_at)}


def test_a_withdrawn_reply_stays_here(ticket, cast):
    message = actions.reply(ticket, "Oops", by=cast.mira, channel="desk", hold=timedelta(seconds=10))
    actions.withdraw(message, by=cast.mira)
    row = Delivery.objects.get(message=message)
    assert (row.state, row.reason) == (State.SUPPRESSED, Reason.WITHDRAWN)
    assert row.ended_at


def test_the_customers_word_is_told_to_the_assignee(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.sue)
    actions.reply(ticket, "Any news?", by=cast.priya, channel="portal")
    assert told(recipient=cast.mira) == [
        ("ticket.assigned", "mira@desk.example"),
        ("ticket.answered", "mira@desk.example"),
    ]


def test_nobody_is_told_of_their_own_acts_or_of_what_they_declined(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.mira)
    assert not told(recipient=cast.mira)
    actions.edit_person(cast.mira, by=cast.mira, preferences={"mail": {"ticket.answered": False}})
    actions.reply(ticket, "Any news?", by=cast.priya, channel="portal")
    assert not told(recipient=cast.mira)


def test_a_new_ticket_is_told_to_those_of_the_team_who_wish_it(open_ticket, cast):
    actions.edit_person(cast.sue, by=cast.sue, preferences={"mail": {"ticket.opened": True}})
    open_ticket()
    assert told(template="ticket.opened") == [("ticket.opened", "sue@desk.example")]


@pytest.mark.parametrize(
    ("assigned", "lead", "expected"), [("mira", None, "mira"), (None, "gus", "gus"), (None, None, "sue")]
)
def test_a_late_clock_is_told_to_assignee_else_lead_else_supervisors(
    open_ticket, cast, assigned, lead, expected
):
    install_defaults()
    ticket = open_ticket()
    if lead:
        actions.edit_team(cast.billing, by=cast.root, lead=getattr(cast, lead))
    if assigned:
        actions.assign(ticket, getattr(cast, assigned), by=None)
    sweep(now=timezone.now() + timedelta(days=30))
    assert told(template="sla.breached") == [("sla.breached", f"{expected}@desk.example")] * 2


def test_a_breach_that_the_late_answer_brings_to_light_is_told_to_nobody(open_ticket, cast):
    calendar, _policy = install_defaults()
    always = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    edit_calendar(calendar, by=None, spec={"timezone": "UTC", "hours": always})
    at = timezone.now() - timedelta(hours=10)
    ticket = open_ticket(at=at, channel="portal")
    actions.assign(ticket, cast.mira, by=None, at=at)
    actions.reply(ticket, "Sorry", by=cast.sue, channel="desk", then="resolved")
    assert ticket.events.filter(kind="sla.breached").count() == 1
    assert not told(template="sla.breached")


def test_imported_history_is_told_to_nobody(open_ticket):
    open_ticket(at=timezone.now() - timedelta(days=30))
    assert not Delivery.objects.exists()


def test_an_event_heard_twice_is_told_once(ticket, cast):
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk")
    event = ticket.events.get(kind="ticket.replied")
    notify.on_ticket_event(event)
    assert Delivery.objects.filter(event=event).count() == 1
    row = Delivery.objects.get(event=event)
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_an_invited_person_gets_a_link_first_in_line(cast):
    actions.invite("nina@desk.example", name="Nina", role="agent", by=cast.root)
    row = Delivery.objects.get(template="person.invited")
    assert (row.address, row.rank) == ("nina@desk.example", Delivery.Rank.ACCOUNT)
    assert row.give_up_at - row.created_at == timedelta(hours=72)


def test_a_deactivated_person_is_told_nothing(ticket, cast):
    actions.deactivate(cast.priya, by=cast.root)
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk")
    assert list(Delivery.objects.filter(message__isnull=False).values_list("reason", flat=True)) == [
        "inactive"
    ]


def test_notes_and_quiet_things_have_no_way_to_anybody():
    assert not {"ticket.noted", "ticket.heard_automatic", "message.held"} & notify.TELL.keys()


def test_every_kind_is_known_and_every_wish_has_its_letter():
    assert notify.TELL.keys() <= KINDS.keys()
    assert WISHES.keys() - LETTERS.keys() == {"ticket.unowned"}
