"""What is said on a ticket, and what it does to it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tickets import access, actions
from tickets.actions import Conflict, NewFile, NotAllowed, Words
from tickets.models import Blob, Status, Ticket


def kinds(ticket):
    return list(ticket.events.order_by("seq").values_list("kind", flat=True))


def test_a_customers_first_words_open_a_new_unanswered_ticket(ticket, cast):
    assert ticket.status == Status.NEW
    assert ticket.unanswered_since == ticket.opened_at
    assert ticket.organization == cast.nordlicht
    assert [m.text for m in ticket.messages.all()] == ["It is now two weeks."]
    assert kinds(ticket)[0] == "ticket.opened"


def test_an_agents_reply_opens_a_new_ticket_and_answers_the_customer(ticket, cast):
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert ticket.unanswered_since is None


def test_an_agent_may_go_on_to_waiting_and_the_customers_word_opens_again(ticket, cast):
    actions.reply(ticket, "Which account?", by=cast.mira, channel="desk", then="waiting")
    ticket.refresh_from_db()
    assert ticket.status == Status.WAITING
    actions.reply(ticket, "The second.", by=cast.priya, channel="portal")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert ticket.unanswered_since is not None


def test_a_note_moves_neither_status_nor_the_customers_waiting(ticket, cast):
    note = actions.add_note(ticket, "Bank file was rejected.", by=cast.mira)
    before = ticket.unanswered_since
    ticket.refresh_from_db()
    assert (ticket.status, ticket.unanswered_since) == (Status.NEW, before)
    assert note not in access.messages_visible_to(cast.priya, ticket)
    assert note in access.messages_visible_to(cast.mira, ticket)


def test_a_held_reply_is_hidden_from_the_customer_and_can_be_withdrawn(ticket, cast):
    held = actions.reply(ticket, "Oops", by=cast.mira, channel="desk", hold=timedelta(seconds=10))
    assert held not in access.messages_visible_to(cast.priya, ticket)
    actions.withdraw(held, by=cast.mira)
    ticket.refresh_from_db()
    assert ticket.unanswered_since == ticket.opened_at
    assert kinds(ticket)[-1] == "message.withdrawn"


def test_a_message_that_has_left_cannot_be_withdrawn(ticket, cast):
    sent = actions.reply(ticket, "Done.", by=cast.mira, channel="desk")
    with pytest.raises(NotAllowed, match="already been sent"):
        actions.withdraw(sent, by=cast.mira)


def test_a_reply_stops_when_the_customer_wrote_meanwhile(ticket, cast):
    seen = ticket.event_seq
    actions.reply(ticket, "One more thing.", by=cast.priya, channel="portal")
    with pytest.raises(Conflict, match="while you were writing"):
        actions.reply(ticket, "Dear Priya", by=cast.mira, channel="desk", seen_seq=seen)
    assert ticket.messages.count() == 2


def test_a_customers_word_reopens_a_resolved_ticket(ticket, cast):
    actions.resolve(ticket, by=cast.mira)
    actions.reply(ticket, "Still broken.", by=cast.priya, channel="mail")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert ticket.resolved_at is None
    assert "ticket.reopened" in kinds(ticket)


def test_after_the_reopening_days_a_linked_ticket_opens_instead(open_ticket, cast):
    old = open_ticket(at=timezone.now() - timedelta(days=40))
    actions.resolve(old, by=cast.mira, at=timezone.now() - timedelta(days=30))
    message = actions.reply(old, "It is back.", by=cast.priya, channel="mail")
    assert message.ticket != old
    assert message.ticket.follows == old
    old.refresh_from_db()
    assert old.status == Status.RESOLVED


def test_automatic_mail_changes_nothing(ticket, cast):
    actions.resolve(ticket, by=cast.mira)
    actions.hear_automatic(ticket, "I am on holiday.", author=cast.priya)
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    assert access.messages_visible_to(cast.priya, ticket).count() == 1


def test_an_undelivered_answer_leaves_the_customer_waiting_until_it_recovers(ticket, cast):
    answer = actions.reply(ticket, "Sent again.", by=cast.mira, channel="desk")
    actions.report_undelivered(answer, delivery=1)
    ticket.refresh_from_db()
    assert ticket.unanswered_since == ticket.opened_at
    actions.report_delivered_after_all(answer, delivery=1)
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None


def test_the_same_content_is_stored_once(ticket, cast):
    file = NewFile("a.txt", b"the same", "text/plain")
    actions.reply(ticket, Words("one", files=(file,)), by=cast.priya, channel="portal")
    actions.reply(ticket, Words("two", files=(file,)), by=cast.priya, channel="portal")
    assert Blob.objects.count() == 1


def test_strangers_neither_read_nor_write(ticket, cast):
    assert not access.visible_to(cast.bob).filter(pk=ticket.pk).exists()
    for stranger in (cast.bob, cast.gus, cast.cara):
        with pytest.raises(NotAllowed):
            actions.reply(ticket, "Hello", by=stranger, channel="portal")
    assert ticket.messages.count() == 1


def test_colleagues_read_and_write_where_the_organisation_shares(ticket, cast):
    assert access.visible_to(cast.paul).filter(pk=ticket.pk).exists()
    message = actions.reply(ticket, "Me too.", by=cast.paul, channel="portal")
    assert message.by == "customer"


def test_text_that_a_database_refuses_is_mended(open_ticket):
    ticket = open_ticket(subject="a\x00b\nc\ud800", words="x\x00y")
    assert Ticket.objects.get(pk=ticket.pk).subject == "a\ufffdb c\ufffd"
    assert ticket.messages.get().text == "x\ufffdy"
