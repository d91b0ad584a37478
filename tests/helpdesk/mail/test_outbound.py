"""What becomes of a delivery: every answer of a mail server, every way in which a worker dies."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from helpdesk import health, outbox
from helpdesk.mail import outbound
from helpdesk.mail.inbound import process, store
from helpdesk.mail.smtp import Line, Outcome, Server
from helpdesk.models import Delivery, SentMail
from tests.cast import PersonFactory
from tests.helpdesk.mail.post import letter
from tests.helpdesk.mail.servers import free_port, server_at
from tickets import actions
from tickets.models import Blob, Event

State, Reason = Delivery.State, Delivery.Reason
PRIYA = "priya@customers.example"


@pytest.fixture
def answer(ticket, cast, support):
    """Mira's answer to Priya, ready to leave; the acknowledgement is out of the way."""
    Delivery.objects.all().delete()
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    return Delivery.objects.get()


def again(row):
    """Make the row due now, as if its gap were over."""
    Delivery.objects.filter(pk=row.pk).update(send_at=timezone.now())


def outcome(row):
    row.refresh_from_db()
    return row.state, row.reason


def test_an_accepted_mail_is_sent_once(answer, send_all):
    assert send_all().recipients == [PRIYA]
    assert outcome(answer) == (State.SENT, "")
    assert answer.sent_at
    assert answer.ended_at
    assert send_all().recipients == [PRIYA]


def test_a_temporary_refusal_is_tried_again_with_growing_gaps(answer, mail_server, send_all):
    mail_server.faults[PRIYA] = "451 4.7.1 try later"
    gaps = []
    for _ in range(7):
        again(answer)
        send_all()
        assert outcome(answer) == (State.RETRYING, "")
        gaps.append(round((answer.send_at - timezone.now()).total_seconds() / 60))
    assert gaps == [1, 5, 15, 30, 60, 60, 60]
    assert "451" in answer.last_error
    mail_server.faults.clear()
    again(answer)
    assert send_all().recipients == [PRIYA]
    assert outcome(answer) == (State.SENT, "")


def test_after_five_days_the_answer_counts_as_lost(answer, mail_server, send_all):
    mail_server.faults[PRIYA] = "451 try later"
    almost, over = timedelta(days=4, hours=22, minutes=59), timedelta(days=4, hours=23, minutes=1)
    for age, state in ((almost, State.RETRYING), (over, State.FAILED)):
        Delivery.objects.update(first_tried_at=timezone.now() - age, attempts=100, send_at=timezone.now())
        send_all()
        assert outcome(answer)[0] == state
    assert answer.reason == Reason.GAVE_UP
    assert Event.objects.filter(kind="delivery.failed").count() == 1


def test_while_mail_waits_to_be_filed_answers_go_and_news_waits_a_moment(answer, open_ticket, cast, send_all):
    open_ticket(requester=cast.bob)
    news = Delivery.objects.get(template="ticket.received")
    mail = store(letter(), "smtp", announce=False)
    assert send_all().recipients == [PRIYA]
    assert outcome(answer) == (State.SENT, "")
    assert outcome(news) == (State.QUEUED, "")
    Delivery.objects.filter(pk=news.pk).update(created_at=timezone.now() - outbound.YIELDS)
    assert send_all().recipients == [PRIYA, cast.bob.email]
    assert outcome(news) == (State.SENT, "")
    process(mail.pk)


def test_a_dead_server_is_tried_again(answer, settings):
    settings.MAIL_SERVER = server_at(free_port())
    outbound.deliver_due()
    assert outcome(answer) == (State.RETRYING, "")


@pytest.mark.parametrize("fault", ["550 5.1.1 no such mailbox", "DATA 554 5.7.1 refused"])
def test_a_permanent_refusal_fails_at_once_and_the_customer_waits_again(
    answer, ticket, mail_server, send_all, fault
):
    mail_server.faults[PRIYA] = fault
    send_all()
    assert outcome(answer) == (State.FAILED, Reason.REFUSED)
    ticket.refresh_from_db()
    assert ticket.unanswered_since == ticket.opened_at
    assert ticket.events.filter(kind="delivery.failed", data__delivery=answer.pk).count() == 1
    assert Delivery.objects.get(template="delivery.failed").address == "mira@desk.example"


def test_sent_by_hand_to_another_address_it_counts_as_delivered_after_all(
    answer, ticket, cast, mail_server, send_all
):
    mail_server.faults[PRIYA] = "550 no"
    send_all()
    outbox.change_address(answer, "Priya@Home.example", by=cast.mira)
    server = send_all()
    assert "priya@home.example" in server.recipients
    assert outcome(answer) == (State.SENT, "")
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None


def test_only_who_works_on_the_ticket_sends_again(answer, cast, mail_server, send_all):
    mail_server.faults[PRIYA] = "550 no"
    send_all()
    for stranger in (cast.gus, cast.priya):
        with pytest.raises(actions.NotAllowed):
            outbox.retry(answer, by=stranger)
    with pytest.raises(ValueError, match="not an email"):
        outbox.change_address(answer, "x\r\nRCPT TO:<y@z.example>", by=cast.mira)
    with pytest.raises(ValueError, match="own support"):
        outbox.change_address(answer, "billing@acme.example", by=cast.mira)


def test_what_was_sent_is_not_sent_again(answer, cast, send_all):
    send_all()
    with pytest.raises(actions.NotAllowed):
        outbox.retry(answer, by=cast.mira)


def test_one_refused_recipient_costs_the_others_nothing(ticket, cast, support, mail_server, send_all):
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    actions.accept_follower(ticket, cast.bob, by=cast.mira)
    Delivery.objects.all().delete()
    mail_server.faults["cara@customers.example"] = "550 no"
    actions.reply(ticket, "Done.", by=cast.mira, channel="desk")
    send_all()
    send_all()
    assert sorted(mail_server.recipients) == ["bob@customers.example", PRIYA]
    assert not ticket.events.filter(kind="delivery.failed").exists()
    states = dict(Delivery.objects.values_list("address", "state"))
    assert states == {PRIYA: "sent", "bob@customers.example": "sent", "cara@customers.example": "failed"}


def test_a_lost_answer_to_the_dot_gives_at_most_one_more_copy_with_the_same_id(answer, mail_server, send_all):
    mail_server.faults[PRIYA] = "drop"
    for expected in (1, 2, 2):
        send_all()
        again(answer)
        assert outcome(answer) == (State.UNCERTAIN, "")
        assert len(mail_server.bodies) == expected
    assert answer.ended_at
    assert len({mail["Message-ID"] for mail in mail_server.mails()}) == 1
    assert not Event.objects.filter(kind="delivery.failed").exists()


def test_a_line_cut_before_the_dot_costs_no_copy_and_is_tried_again(
    ticket, cast, support, mail_server, send_all
):
    Delivery.objects.all().delete()
    actions.reply(ticket, "A long line of the manual.\n" * 20_000, by=cast.mira, channel="desk")
    row = Delivery.objects.get()
    mail_server.faults[PRIYA] = "cut"
    send_all()
    assert outcome(row) == (State.RETRYING, "")
    assert (row.lost_answers, mail_server.bodies) == (0, [])
    mail_server.faults.clear()
    again(row)
    assert send_all().recipients == [PRIYA]
    assert outcome(row) == (State.SENT, "")


@pytest.mark.parametrize(
    ("fault", "state", "copies"), [("drip", State.RETRYING, 0), ("drip after", State.UNCERTAIN, 1)]
)
def test_a_server_that_answers_sign_by_sign_holds_a_mail_only_so_long_and_no_other(
    answer, ticket, cast, mail_server, send_all, settings, fault, state, copies
):
    settings.MAIL_TALK_SECONDS, settings.MAIL_DOT_SECONDS = 0.4, 0.4
    mail_server.faults[PRIYA] = fault
    actions.assign(ticket, cast.mira, by=cast.sue)
    send_all()
    assert outcome(answer) == (state, "")
    assert mail_server.recipients == [PRIYA] * copies + ["mira@desk.example"]


def test_silence_after_the_dot_is_uncertain_too(answer, mail_server, send_all, settings):
    settings.MAIL_DOT_SECONDS = 0.2
    mail_server.faults[PRIYA] = "hang"
    send_all()
    assert outcome(answer) == (State.UNCERTAIN, "")
    assert answer.ended_at is None
    mail_server.faults.clear()
    again(answer)
    send_all()
    assert outcome(answer) == (State.SENT, "")
    assert len(mail_server.bodies) == 2


def test_what_may_have_arrived_never_turns_into_failed(answer, mail_server, send_all):
    mail_server.faults[PRIYA] = "drop"
    send_all()
    mail_server.faults[PRIYA] = "550 no"
    again(answer)
    send_all()
    assert outcome(answer) == (State.UNCERTAIN, "")
    assert answer.ended_at


def test_a_worker_killed_before_sending_costs_no_copy(answer, mail_server, send_all):
    assert outbound.claim() == answer
    send_all()
    assert not mail_server.bodies
    Delivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert outbound.rescue() == 1
    send_all()
    assert outcome(answer) == (State.SENT, "")
    assert mail_server.recipients == [PRIYA]
    assert answer.attempts == 2


def test_a_worker_killed_while_sending_leaves_it_uncertain(answer, send_all):
    outbound.claim()
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.update(claimed_until=past, offered_at=past)
    outbound.rescue()
    assert outcome(answer) == (State.UNCERTAIN, "")
    assert (answer.lost_answers, answer.ended_at) == (1, None)


def test_a_worker_that_comes_back_late_neither_sends_nor_notes(answer, mail_server):
    stale = outbound.claim()
    Delivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    outbound.rescue()
    fresh = outbound.claim()
    with outbound.Carrier() as carrier:
        outbound.attempt(stale, carrier)
        assert not mail_server.bodies
        assert outcome(answer)[0] == State.IN_FLIGHT
        outbound.attempt(fresh, carrier)
    assert mail_server.recipients == [PRIYA]
    assert outcome(answer) == (State.SENT, "")


def test_a_mail_that_cannot_be_written_holds_up_no_other(answer, ticket, cast, send_all):
    actions.reply(ticket, "Second.", by=cast.mira, channel="desk")
    Delivery.objects.filter(pk=answer.pk).update(template="no.such")
    server = send_all()
    assert outcome(answer) == (State.FAILED, Reason.RENDERING)
    assert PRIYA in server.recipients


@pytest.mark.parametrize(
    "address", ["a b@x.example", "a\r\nRSET@x.example", "a@x.example>", "nobody", "ü@x.example"]
)
def test_an_unusable_address_fails_before_anything_is_said_to_a_server(
    answer, mail_server, send_all, address
):
    Delivery.objects.update(address=address)
    send_all()
    assert outcome(answer) == (State.FAILED, Reason.BAD_ADDRESS)
    assert mail_server.recipients == ["mira@desk.example"]


def test_account_mail_goes_first_then_replies_then_news_then_surveys(ticket, cast, support, send_all):
    Delivery.objects.all().delete()
    actions.assign(ticket, cast.mira, by=cast.sue)
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    words = {"code": "ABC123", "link": "http://x.test/", "minutes": "15"}
    outbox.queue_account_mail("Bob@customers.example", "account.code", person=cast.bob, words=words)
    assert send_all().recipients == ["bob@customers.example", PRIYA, "mira@desk.example"]


def test_the_secret_of_an_account_mail_is_sealed_and_gone_when_it_is_sent(cast, support, send_all):
    words = {"code": "ABC123", "link": "http://x.test/", "minutes": "15"}
    row = outbox.queue_account_mail(cast.bob.email, "account.code", person=cast.bob, words=words)
    row.refresh_from_db()
    assert b"ABC123" not in bytes(row.secret)
    (mail,) = send_all().mails(cast.bob.email)
    assert "ABC123" in mail.get_body(("plain",)).get_content()
    row.refresh_from_db()
    assert row.secret is None


def test_a_code_is_no_longer_tried_when_it_has_ended(cast, support, mail_server, send_all):
    mail_server.faults[cast.bob.email] = "451 later"
    words = {"code": "ABC123", "link": "http://x.test/", "minutes": "15"}
    row = outbox.queue_account_mail(cast.bob.email, "account.code", person=cast.bob, words=words)
    Delivery.objects.update(give_up_at=F("created_at") + timedelta(seconds=59))
    send_all()
    assert outcome(row) == (State.FAILED, Reason.GAVE_UP)
    assert row.secret is None


def test_a_held_reply_waits_for_its_instant(ticket, cast, support, send_all):
    Delivery.objects.all().delete()
    actions.reply(ticket, "Soon.", by=cast.mira, channel="desk", hold=timedelta(hours=1))
    assert send_all().recipients == []
    Delivery.objects.update(send_at=timezone.now())
    # Released by the clock, not by the row: words that are still hidden from the customer never leave.
    assert send_all().recipients == []
    assert Delivery.objects.get().state == State.RETRYING


def test_a_repeatedly_dead_address_is_marked(open_ticket, cast, support, mail_server, send_all):
    mail_server.faults[PRIYA] = "550 no such user"
    ticket = open_ticket()
    send_all()
    cast.priya.refresh_from_db()
    assert cast.priya.undeliverable_at is None
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    send_all()
    cast.priya.refresh_from_db()
    assert cast.priya.undeliverable_at
    open_ticket(at=timezone.now() + timedelta(minutes=11))
    assert Delivery.objects.filter(reason=Reason.UNDELIVERABLE).count() == 1


def test_without_a_server_mail_is_kept_for_the_mailbox_page(answer, settings):
    settings.MAIL_SERVER, settings.MAILBOX = None, True
    outbound.deliver_due()
    assert outcome(answer) == (State.SENT, "")
    kept = SentMail.objects.get()
    assert (kept.envelope_to, kept.subject) == (PRIYA, f"Re: Refund missing [#{answer.event.ticket_id}]")


def test_without_a_server_and_mailbox_mail_waits(answer, settings):
    settings.MAIL_SERVER, settings.MAILBOX = None, False
    outbound.deliver_due()
    assert outbound.sweep() == 0
    assert outcome(answer) == (State.QUEUED, "")


def test_what_a_lost_hand_over_left_is_found_by_the_sweep(answer):
    assert outbound.sweep() == 1
    outbound.claim()
    assert outbound.sweep() == 0


def test_a_sender_that_the_server_does_not_take_is_replaced_by_our_plain_address(
    answer, mail_server, send_all
):
    mail_server.sender_fault = lambda sender: "550 not yours" if "+" in sender else ""
    send_all()
    assert [sender for sender, _to, _body in mail_server.bodies] == ["billing@acme.example"]


def test_the_acknowledgement_has_no_sender_that_could_be_answered(ticket, support, send_all):
    assert [sender for sender, _to, _body in send_all().bodies] == ["<>"]


def test_after_an_hour_the_author_is_warned_once_and_health_raises_an_alarm(
    answer, ticket, cast, mail_server, send_all
):
    mail_server.faults[PRIYA] = "451 later"
    send_all()
    assert not outbox.stuck().exists()
    assert health._mail_that_does_not_leave().ok
    Delivery.objects.update(first_tried_at=timezone.now() - timedelta(hours=1, minutes=1))
    assert outbox.stuck().get() == answer
    assert outbox.stuck_for(cast.mira).get() == answer
    assert not outbox.stuck_for(cast.gus).exists()
    assert not health._mail_that_does_not_leave().ok
    assert (outbox.warn_of_delays(), outbox.warn_of_delays()) == (1, 0)
    assert ticket.events.filter(kind="delivery.delayed", data__delivery=answer.pk).count() == 1
    send_all()
    (warning,) = mail_server.mails("mira@desk.example")
    assert "the mail server asks us to try again later" in warning.get_body(("plain",)).get_content()
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None


def test_a_warning_that_the_mail_itself_overtook_is_not_sent(answer, mail_server, send_all):
    mail_server.faults[PRIYA] = "451 later"
    send_all()
    Delivery.objects.update(first_tried_at=timezone.now() - timedelta(hours=1, minutes=1))
    outbox.warn_of_delays()
    mail_server.faults.clear()
    again(answer)
    assert send_all().recipients == [PRIYA]
    assert Delivery.objects.get(template="delivery.delayed").reason == Reason.OUTDATED


def test_what_somebody_stops_is_given_up_and_the_customer_waits_again(
    answer, ticket, cast, mail_server, send_all
):
    mail_server.faults[PRIYA] = "451 later"
    send_all()
    with pytest.raises(actions.NotAllowed):
        outbox.dismiss(answer, by=cast.gus)
    outbox.dismiss(answer, by=cast.mira)
    assert outcome(answer) == (State.FAILED, Reason.STOPPED)
    ticket.refresh_from_db()
    assert ticket.unanswered_since == ticket.opened_at
    assert not outbox.stuck().exists()
    assert not outbox.overdue().exists()


def test_a_mail_whose_file_is_damaged_is_held_and_shown_until_it_is_whole_again(
    ticket, cast, support, mail_server, send_all
):
    Delivery.objects.all().delete()
    file = actions.NewFile("facts.txt", b"facts", "text/plain")
    actions.reply(ticket, actions.Words("See the file.", files=(file,)), by=cast.mira, channel="desk")
    row, blob = Delivery.objects.get(), Blob.objects.get()
    Blob.objects.update(data=b"")
    assert send_all().recipients == []
    assert outcome(row) == (State.HELD, Reason.FILE_MISSING)
    assert send_all().recipients == []
    assert outbox.stuck().get() == row
    assert not health._mail_that_does_not_leave().ok
    assert outbox.warn_of_delays() == 1
    Blob.objects.update(data=bytes(blob.data))
    outbox.retry(row, by=cast.mira)
    assert PRIYA in send_all().recipients
    (mail,) = mail_server.mails(PRIYA)
    assert [part.get_content() for part in mail.iter_attachments()] == ["facts"]


def test_credentials_are_never_sent_in_clear_over_a_network(mail_server):
    line = Line(Server("127.0.0.1", mail_server.port, "me", "secret", tls="required"))
    result = line.send(outbound.Envelope(("a@b.example",), "c@d.example", b"x"), lambda: None)
    assert result.outcome is Outcome.LATER
    assert not mail_server.bodies


def test_a_person_without_an_address_is_reached_by_the_ticket_itself(open_ticket, cast):
    caller = PersonFactory(email=None)
    ticket = open_ticket(requester=caller, by=cast.mira, channel="phone")
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    assert list(Delivery.objects.values_list("state", "reason")) == [(State.SUPPRESSED, Reason.NO_ADDRESS)]
