"""What becomes of a mail: a ticket, a reply, a quiet event, a duplicate; never nothing."""

from __future__ import annotations

import threading
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from helpdesk.actions.mail import read_again
from helpdesk.mail import inbound, tokens
from helpdesk.mail.inbound import account, process, store, sweep
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from tests.cast import Cast, make_cast
from tests.helpdesk.mail import agreement, hostile
from tests.helpdesk.mail.post import SUPPORT, bounce_of, letter, outcome_of, receive
from tickets import actions
from tickets.models import Follower, Message, Team, Ticket, User

State = InboundEmail.State


@pytest.fixture
def support(cast: Cast) -> SupportAddress:
    return SupportAddress.objects.create(address=SUPPORT, team=cast.tech)


@pytest.fixture
def answered(cast: Cast, support: SupportAddress) -> Ticket:
    """A ticket that Priya's mail opened."""
    ticket = receive(letter("It does not start.", message_id="<first@customers.example>")).ticket
    assert ticket is not None
    return ticket


def delivery_of(ticket: Ticket, person: User, **more: object) -> Delivery:
    """A mail of ours that left, about our reply on the ticket."""
    message = actions.reply(
        ticket, "Please restart it.", by=User.objects.get(email="gus@desk.example"), channel="desk"
    )
    event = ticket.events.get(kind="ticket.replied", data__message=message.pk)
    Delivery.objects.filter(event=event).delete()
    row = Delivery.objects.create(
        event=event, message=message, recipient=person, address=person.email, template="ticket.replied",
        send_at=timezone.now(), state=Delivery.State.SENT, sent_at=timezone.now(),
        **more,
    )  # fmt: skip
    Delivery.objects.filter(pk=row.pk).update(internet_message_id=tokens.message_id(row.pk))
    row.refresh_from_db()
    return row


def test_a_mail_to_a_support_address_opens_a_ticket_of_its_team(cast, support):
    row = receive(letter("Hello,\n\nit is broken.\n\n-- \nPriya", subject="Printer"))
    assert (row.state, row.reason) == (State.FILED, "new ticket")
    assert row.ticket.team == cast.tech
    assert (row.ticket.subject, row.ticket.requester, row.ticket.channel) == ("Printer", cast.priya, "mail")
    assert row.message.fresh == "Hello,\n\nit is broken."
    assert "Priya" in row.message.text


def test_a_mail_to_an_unknown_address_goes_to_the_default_team(cast, support):
    row = receive(letter(to="sales@desk.example"))
    assert row.ticket.team in (cast.billing, cast.tech)


def test_however_long_there_is_no_room_a_mail_waits_and_is_then_filed(cast, support):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "priya@customers.example", SUPPORT, "With a file"
    mail.set_content("See the file.")
    mail.add_attachment(b"facts", "application", "pdf", filename="facts.pdf")
    row = store(mail.as_bytes(), "smtp")
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER no_room BEFORE INSERT ON tickets_blob FOR EACH ROW EXECUTE FUNCTION no_room()
        """)
        for _try in range(5):
            with pytest.raises(OperationalError, match="no room"):
                process(row.pk)
            InboundEmail.objects.update(claimed_until=None)  # its claim has run out
        row.refresh_from_db()
        assert (row.state, row.error) == (State.WAITING, "The database could not take it: DiskFull")
        cursor.execute("DROP FUNCTION no_room CASCADE")
    process(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (State.FILED, "")
    assert row.message.attachments.get().name == "facts.pdf"


@pytest.mark.django_db(transaction=True)
def test_however_often_the_database_goes_away_it_is_not_the_fault_of_a_mail():
    cast = make_cast()
    SupportAddress.objects.create(address=SUPPORT, team=cast.tech)
    row = store(letter(), "smtp", announce=False)
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION go_away() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
            CREATE TRIGGER go_away BEFORE INSERT ON tickets_ticket FOR EACH ROW EXECUTE FUNCTION go_away()
        """)
    try:
        for _try in range(inbound.settings.MAIL_ATTEMPTS + 1):
            with pytest.raises(OperationalError):
                process(row.pk)
            InboundEmail.objects.update(claimed_until=None)  # its claim has run out
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION go_away CASCADE")
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.WAITING, 0)
    assert row.error == "The database could not take it: AdminShutdown"
    assert process(row.pk).row.state == State.FILED


def test_what_goes_beyond_the_databases_limits_counts_as_a_try(cast, support):
    row = store(letter(), "smtp")
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION too_much() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE 'too much' USING ERRCODE = 'program_limit_exceeded'; END $$;
            CREATE TRIGGER too_much BEFORE INSERT ON tickets_ticket FOR EACH ROW EXECUTE FUNCTION too_much()
        """)
    for _try in range(3):
        process(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.QUARANTINED, 3)


def test_the_envelope_says_for_whom_a_mail_is(cast, support):
    row = receive(letter(to="undisclosed-recipients:;"), to=["Support+x@Desk.example"])
    assert row.ticket.team == cast.tech


def test_a_stranger_becomes_a_person(cast, support):
    row = receive(letter(sender="=?utf-8?q?J=C3=BCrgen?= <J@New.example>"))
    assert (row.ticket.requester.name, row.ticket.requester.email) == ("Jürgen", "j@new.example")
    assert row.ticket.requester.proven_at is None


def test_a_mail_without_a_sender_still_becomes_a_ticket(cast, support):
    row = receive(b"To: support@desk.example\r\nSubject: Who am I\r\n\r\nHelp.\r\n")
    assert row.state == State.FILED
    assert row.ticket.requester.email is None


def test_an_empty_mail_still_becomes_a_ticket(cast, support):
    row = receive(b"From: bob@customers.example\r\n\r\n")
    assert (row.state, row.ticket.subject) == (State.FILED, "(no subject)")


def test_attachments_are_kept_with_the_message(cast, support):
    raw = (
        b"From: bob@customers.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSee file.\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n"
        b"Content-Disposition: attachment; filename=a.csv\r\n\r\n1,2\r\n--b--\r\n"
    )
    (attachment,) = receive(raw).message.attachments.all()
    assert (attachment.name, bytes(attachment.blob.data)) == ("a.csv", b"1,2")


def test_html_is_stored_sanitised(cast, support):
    raw = b"From: bob@x.example\r\nContent-Type: text/html\r\n\r\n<p onclick=x()>Hi<script>alert(1)</script>"
    message = receive(raw).message
    assert message.html == "<p>Hi</p>"
    assert message.text == "Hi"


# --- which ticket -------------------------------------------------------------------------------------


def test_the_requester_answers_by_the_token(answered, cast):
    to = tokens.reply_address(SUPPORT, answered.pk, cast.priya.pk)
    row = receive(letter("Still broken.\n\nOn Monday Gus wrote:\n> Please restart it.", to=to))
    assert (row.state, row.reason, row.ticket) == (State.FILED, "reply", answered)
    assert row.message.fresh == "Still broken."
    assert "> Please restart it." in row.message.quoted
    assert row.message.by == "customer"


def test_the_requester_answers_a_mail_of_ours(answered, cast):
    delivery = delivery_of(answered, cast.priya)
    row = receive(letter(in_reply_to=f"<{delivery.internet_message_id}>"))
    assert (row.reason, row.ticket) == ("reply", answered)


def test_the_newest_known_reference_decides(answered, cast, support):
    other = receive(letter(message_id="<second@customers.example>")).ticket
    row = receive(
        letter(references="<first@customers.example> <second@customers.example> <unknown@x.example>")
    )
    assert row.ticket == other


def test_the_subject_number_counts_for_who_takes_part(answered, cast):
    assert receive(letter(subject=f"Re: Broken [#{answered.pk}]")).ticket == answered


@pytest.mark.parametrize("evidence", ["subject", "reference"])
def test_a_stranger_with_a_number_or_a_reference_opens_a_ticket_of_their_own(answered, evidence):
    fields = (
        {"subject": f"Re: [#{answered.pk}]"}
        if evidence == "subject"
        else {"in_reply_to": "<first@customers.example>"}
    )
    row = receive(letter(sender="mallory@evil.example", **fields))
    assert row.ticket != answered
    assert row.reason == "possibly related"
    assert row.ticket.events.get(kind="ticket.related").data == {"ticket": answered.pk}
    assert answered.messages.count() == 1


def test_a_stranger_with_a_token_is_held_for_an_agent(answered, cast):
    events = answered.events.count()
    to = tokens.reply_address(SUPPORT, answered.pk, cast.priya.pk)
    row = receive(letter(sender="mallory@evil.example", to=to))
    assert (row.state, row.ticket, row.message.held) == (State.SUSPENDED, answered, True)
    assert [one.kind for one in answered.events.order_by("seq")][events:] == ["message.held"]
    assert not Follower.objects.filter(ticket=answered, person__email="mallory@evil.example").exists()


def test_a_forged_token_is_no_token(answered, cast):
    to = tokens.reply_address(SUPPORT, answered.pk, cast.priya.pk)[:-20] + "aaaa@desk.example"
    assert receive(letter(sender="mallory@evil.example", to=to)).ticket != answered


def test_two_mails_of_one_sender_that_answer_a_mail_we_never_had_share_a_ticket(cast, support):
    first = receive(letter(in_reply_to="<elsewhere@x.example>"))
    second = receive(letter(references="<older@x.example> <elsewhere@x.example>"))
    stranger = receive(letter(sender="new@x.example", in_reply_to="<elsewhere@x.example>"))
    assert second.ticket == first.ticket
    assert stranger.ticket != first.ticket


def test_people_in_copy_are_proposed_and_ours_are_not(cast, support):
    row = receive(letter(cc="Cara <cara@customers.example>, support@desk.example, new@x.example"))
    proposed = Follower.objects.filter(ticket=row.ticket).values_list("person__email", "state")
    assert sorted(proposed) == [("cara@customers.example", "proposed"), ("new@x.example", "proposed")]


def test_a_team_may_want_no_proposals(cast, support):
    Team.objects.filter(pk=cast.tech.pk).update(cc_rule="ignore")
    row = receive(letter(cc="cara@customers.example"))
    assert not row.ticket.followers.exists()


def test_a_word_long_after_the_end_opens_a_linked_ticket(answered, cast):
    long_ago = timezone.now() - timedelta(days=60)
    Ticket.objects.filter(pk=answered.pk).update(status="closed", resolved_at=long_ago, closed_at=long_ago)
    outcome = outcome_of(letter(in_reply_to="<first@customers.example>"))
    assert (outcome.row.reason, outcome.new_ticket) == ("follow-up", True)
    assert outcome.row.ticket.follows == answered


# --- robots -------------------------------------------------------------------------------------------


def test_an_absence_notice_is_kept_quietly_on_its_ticket(answered, cast):
    before = Ticket.objects.values().get(pk=answered.pk)
    row = receive(
        letter(
            "I am away.",
            subject="Out of office",
            in_reply_to="<first@customers.example>",
            auto_submitted="auto-replied",
        )
    )
    assert (row.state, row.ticket, row.message.automatic) == (State.QUIET, answered, True)
    after = Ticket.objects.values().get(pk=answered.pk)
    same = ("status", "assignee_id", "unanswered_since", "last_customer_at", "priority")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_a_robot_without_a_ticket_opens_none(cast, support):
    row = receive(letter(auto_submitted="auto-generated"))
    assert (row.state, row.ticket, Ticket.objects.count()) == (State.QUIET, None, 0)


def test_our_own_mail_come_back_opens_nothing(cast, support):
    row = receive(letter(sender=SUPPORT))
    assert (row.state, row.reason, Ticket.objects.count()) == (State.QUIET, "own address", 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"precedence": "list", "list_id": "<dev.x.example>"},
        {"x_auto_response_suppress": "All"},
        {"sender": "no-reply@x.example"},
    ],
)
def test_who_wants_no_automatic_answer_gets_none_but_a_ticket(cast, support, fields):
    ticket = receive(letter(**fields)).ticket
    assert ticket is not None
    leaving = Delivery.objects.filter(event__ticket=ticket, recipient=ticket.requester)
    assert not leaving.filter(state__in=["queued", "retrying", "in_flight"]).exists()


def test_a_bounce_fails_the_very_delivery_and_lets_the_customer_wait_again(answered, cast):
    delivery = delivery_of(answered, cast.priya)
    answered.refresh_from_db()
    assert answered.unanswered_since is None
    row = receive(bounce_of(delivery.internet_message_id, "priya@customers.example"), envelope_from="")
    assert (row.state, row.reason, row.ticket) == (State.QUIET, "bounce", answered)
    delivery.refresh_from_db()
    answered.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("failed", "refused")
    assert "user unknown" in delivery.last_error
    assert answered.unanswered_since is not None
    assert answered.events.filter(kind="delivery.failed").count() == 1


def test_a_bounce_heard_twice_counts_once(answered, cast):
    delivery = delivery_of(answered, cast.priya)
    for source in ("smtp", "pipe"):
        receive(bounce_of(delivery.internet_message_id, "priya@customers.example"), source=source)
    assert answered.events.filter(kind="delivery.failed").count() == 1


def test_a_delay_report_changes_nothing(answered, cast):
    delivery = delivery_of(answered, cast.priya)
    raw = bounce_of(delivery.internet_message_id, "priya@customers.example", status="4.4.1", action="delayed")
    assert receive(raw).reason == "delay report"
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_bounce_of_nothing_of_ours_opens_no_ticket(cast, support):
    row = receive(bounce_of("forged@elsewhere.example", "priya@customers.example"))
    assert (row.state, row.ticket, Ticket.objects.count()) == (State.QUIET, None, 0)


# --- the same mail again ------------------------------------------------------------------------------


def test_a_redelivery_is_a_duplicate_and_says_of_what(cast, support):
    raw = letter(message_id=None)
    first, second = receive(raw), receive(raw)
    assert (second.state, second.duplicate_of, second.ticket) == (State.DUPLICATE, first, first.ticket)
    assert Ticket.objects.count() == 1


def test_the_same_mail_by_another_way_is_a_duplicate(cast, support):
    raw = letter(message_id="<once@x.example>")
    receive(raw)
    other = receive(b"Received: from relay\r\n" + raw, source="pipe")
    assert other.state == State.DUPLICATE


def test_the_same_id_with_other_words_is_another_mail_and_flagged(cast, support):
    receive(letter("one", message_id="<same@x.example>"))
    other = receive(letter("two", message_id="<same@x.example>"))
    assert (other.state, other.flagged) == (State.FILED, True)
    assert Message.objects.count() == 2


def test_two_mails_without_id_in_one_second_are_two(cast, support):
    receive(letter("one", message_id=None))
    receive(letter("two", message_id=None))
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_mail_twenty_times_at_once_is_one_message():
    cast = make_cast()
    SupportAddress.objects.create(address=SUPPORT, team=cast.tech)
    raw = letter(message_id="<storm@x.example>")
    start = threading.Barrier(20)

    def deliver(number: int) -> None:
        try:
            row = store(raw, "smtp" if number % 2 else "pipe")
            start.wait(30)
            process(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Message.objects.count() == 1
    assert account() == {
        "attached": 1,
        "duplicate": 19,
        "ruled": 0,
        "quarantined": 0,
        "waiting": 0,
        "received": 20,
    }


@pytest.mark.django_db(transaction=True)
def test_a_mail_and_the_answers_to_it_that_come_at_once_are_one_ticket():
    cast = make_cast()
    SupportAddress.objects.create(address=SUPPORT, team=cast.tech)
    ids = [f"<at-once-{number}@customers.example>" for number in range(8)]
    start = threading.Barrier(len(ids))

    def deliver(number: int) -> None:
        thread = {"references": " ".join(ids[:number]), "in_reply_to": ids[number - 1]} if number else {}
        try:
            row = store(letter(f"Word {number}", message_id=ids[number], **thread), "smtp")
            start.wait(30)
            process(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(len(ids))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Message.objects.count() == len(ids)
    assert Ticket.objects.count() == 1


# --- what dies on the way -----------------------------------------------------------------------------


def test_mail_whose_hand_over_was_lost_is_found_by_the_sweep(cast, support, settings):
    settings.MAIL_SWEEP_AFTER_SECONDS = 0
    row = store(letter(), "smtp")
    assert sweep() == 1
    process(row.pk)
    assert sweep() == 0


def test_a_claim_of_a_dead_process_runs_out(cast, support, settings):
    row = store(letter(), "smtp")
    assert inbound._claim(row.pk) is not None
    assert process(row.pk) is None
    InboundEmail.objects.filter(pk=row.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert process(row.pk).row.state == State.FILED


def test_a_mail_that_kills_its_reader_is_quarantined_at_the_third_start(cast, support):
    row = store(letter(), "smtp")
    InboundEmail.objects.filter(pk=row.pk).update(attempts=3)
    assert process(row.pk).row.state == State.QUARANTINED
    read_again(row, by=None)
    assert process(row.pk).row.state == State.FILED


def test_a_mail_that_exhausts_the_child_is_quarantined_and_the_next_is_filed(cast, support, settings):
    settings.MAIL_CHILD_WALL_SECONDS = 0.2
    row = store(hostile.MAILS["endless quoted lines"], "smtp")
    for _ in range(3):
        process(row.pk)
    row.refresh_from_db()
    settings.MAIL_CHILD_WALL_SECONDS = 40.0
    assert (row.state, row.attempts) == (State.QUARANTINED, 3)
    assert "parser was ended" in row.error
    assert len(bytes(row.raw)) == row.size
    assert receive(letter()).state == State.FILED


@pytest.mark.parametrize("name", hostile.MAILS)
def test_after_a_hostile_mail_a_normal_one_becomes_a_ticket(cast, support, name):
    bad = receive(hostile.MAILS[name])
    assert bad.state in (State.FILED, State.QUARANTINED)
    assert bytes(bad.raw) == hostile.MAILS[name]
    assert receive(letter()).state == State.FILED


@pytest.mark.skipif(not agreement.EMAILS.is_dir(), reason="the mail corpora are not beside this checkout")
def test_no_mail_of_the_corpora_vanishes(cast, support):
    """Every third of them; `bin/drill corpora` sends all, through SMTP."""
    some = list(agreement.mails())[::3]
    paths = {store(path.read_bytes(), "smtp", envelope_to=[SUPPORT]).pk: path for path in some}
    inbound.process_waiting(seconds=600)
    rows = InboundEmail.objects.select_related("message").defer("raw").in_bulk()
    ends = {State.FILED, State.QUIET, State.DUPLICATE, State.SUSPENDED}
    assert [
        (path, rows[pk].state, rows[pk].error) for pk, path in paths.items() if rows[pk].state not in ends
    ] == []
    filed = [row for row in rows.values() if row.state == State.FILED]
    assert [paths[row.pk] for row in filed if row.message.ticket_id != row.ticket_id] == []
    assert account()["received"] == len(paths)
    assert account()["waiting"] == account()["quarantined"] == 0
