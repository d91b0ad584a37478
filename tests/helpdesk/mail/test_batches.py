"""Mails that wait together are filed together, and each as if it had come alone."""

from __future__ import annotations

import logging

import pytest
from django.db import connection
from django.utils import timezone

from helpdesk.mail import inbound, tokens
from helpdesk.mail.inbound import process, process_waiting, store
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from sla import clockwork
from tests.cast import Cast
from tests.helpdesk.mail.post import SUPPORT, bounce_of, letter, receive
from tickets.models import Event, Message, Ticket, User

State = InboundEmail.State


@pytest.fixture
def support(cast: Cast) -> SupportAddress:
    return SupportAddress.objects.create(address=SUPPORT, team=cast.tech)


def mails(ticket: Ticket, person: User) -> list[bytes]:
    """Mails that have to do with each other, as many kinds of it as there are."""
    token = tokens.reply_address(SUPPORT, ticket.pk, person.pk)
    twice = letter("Twice", message_id="<twice@x.example>", sender="new@x.example")
    return [
        letter("First", message_id="<one@x.example>", sender="Ada <ada@x.example>"),
        letter("It answers one before it", in_reply_to="<one@x.example>", sender="ada@x.example"),
        letter("A stranger does, too", in_reply_to="<one@x.example>", sender="eve@x.example"),
        letter("By token", to=token, sender=person.email or ""),
        letter("With a stolen token", to=token, sender="mallory@x.example"),
        twice,
        twice,
        letter("Other words", message_id="<twice@x.example>", sender="new@x.example"),
        letter("In copy", cc="Cara <cara@x.example>, support@desk.example", sender="new@x.example"),
        letter("From whom was in copy", sender="cara@x.example"),
        letter("Its parent never came", in_reply_to="<lost@x.example>", sender="bob@x.example"),
        letter("Nor here", references="<older@x.example> <lost@x.example>", sender="bob@x.example"),
        letter("Away", auto_submitted="auto-replied", in_reply_to="<one@x.example>", sender="ada@x.example"),
        letter("No answer, please", x_auto_response_suppress="All", sender="list@x.example"),
        letter("From ourselves", sender=SUPPORT),
        letter("Tagged", subject=f"Re: [#{ticket.pk}]", sender=person.email or ""),
        bounce_of("unknown@elsewhere.example", "ada@x.example"),
        letter("Without an address", sender="Somebody"),
        letter("Last", sender="Ada <ada@x.example>"),
    ]


def world(before: int) -> list[tuple[object, ...]]:
    """What became of every mail, in words that do not depend on primary keys."""
    rows = InboundEmail.objects.filter(pk__gt=before).order_by("pk").select_related("message", "ticket")
    numbers: dict[int | None, int] = {None: -1}
    found = []
    for row in rows:
        number = numbers.setdefault(row.ticket_id, len(numbers))
        kinds = list(row.ticket.events.order_by("seq").values_list("kind", flat=True)) if row.ticket else []
        told = Delivery.objects.filter(event__ticket=row.ticket_id).order_by("pk") if row.ticket else []
        found.append(
            (
                row.state, "".join(filter(str.isalpha, row.reason)), number, row.flagged, row.from_address,
                row.message and (row.message.text, row.message.held, row.message.author.email), kinds,
                [(one.template, one.address, one.state, one.reason) for one in told],
                row.ticket and sorted(row.ticket.followers.values_list("person__email", "state")),
                (row.attempts, row.claimed_until, row.processed_at is not None),
            )
        )  # fmt: skip
    return found


def test_together_they_end_as_they_end_one_by_one(cast, support):
    """Twice the same mails: one by one, all rolled back, together."""
    ticket = receive(letter(message_id="<first@customers.example>")).ticket
    raws = mails(ticket, cast.priya)
    before = InboundEmail.objects.latest("pk").pk
    ends = []
    for together in (False, True):
        point = connection.savepoint()
        rows = [store(raw, "smtp", announce=False) for raw in raws]
        if together:
            assert process_waiting() == len(raws)
        else:
            for row in rows:
                process(row.pk)
        ends.append(world(before))
        tickets = list(Ticket.objects.values_list("pk", flat=True))
        assert [str(each) for each in clockwork.differences(tickets)] == []
        connection.savepoint_rollback(point)
    assert ends[0] == ends[1]


def test_twenty_cost_hardly_more_queries_than_one(cast, support, django_assert_max_num_queries):
    receive(letter())
    for nth in range(20):
        store(letter(sender=f"Person {nth} <p{nth}@x.example>"), "smtp", announce=False)
    with django_assert_max_num_queries(45):
        process_waiting()
    assert Ticket.objects.count() == 21
    assert Event.objects.filter(kind="sla.applied").count() == 21


@pytest.mark.tampers
def test_one_that_cannot_be_filed_spoils_nothing_for_the_others(cast, support, caplog):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN IF NEW.subject = 'poison' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END$$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON tickets_ticket FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    rows = [
        store(letter(subject=subject, sender=f"{subject}@x.example"), "smtp", announce=False)
        for subject in ("one", "poison", "two")
    ]
    with caplog.at_level(logging.CRITICAL):
        while process_waiting():  # as often as its tries let it wait
            pass
    states = [InboundEmail.objects.get(pk=row.pk) for row in rows]
    assert [(row.state, row.attempts) for row in states] == [
        (State.FILED, 1), (State.QUARANTINED, 3), (State.FILED, 1),
    ]  # fmt: skip
    assert Message.objects.count() == 2


def test_one_that_holds_up_its_reader_is_read_after_the_others(cast, support, monkeypatch):
    monkeypatch.setattr(inbound, "MOMENT", 0.5)
    part = b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<" * 450_000 + b"\r\n"
    heavy = b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 3
    bad = store(heavy, "smtp", announce=False)
    good = [store(letter(sender=f"p{nth}@x.example"), "smtp", announce=False) for nth in range(2)]
    process_waiting(seconds=0)
    rows = InboundEmail.objects.order_by("processed_at", "pk")
    assert [row.pk for row in rows] == [good[0].pk, good[1].pk, bad.pk]
    assert {(row.state, row.attempts) for row in rows} == {(State.FILED, 1)}


def test_a_batch_holds_the_oldest_and_some_of_the_newest(cast, monkeypatch):
    monkeypatch.setattr(inbound, "TOGETHER", 3)
    monkeypatch.setattr(inbound, "NEWEST", 1)
    rows = [store(letter(), "smtp", announce=False) for _ in range(6)]
    taken = inbound._claim_some()
    assert [row.pk for row in taken] == [rows[nth].pk for nth in (0, 1, 2, 5)]
    assert {row.attempts for row in taken} == {1}
    assert [row.pk for row in inbound._claim_some()] == [rows[3].pk, rows[4].pk]


def test_what_was_tried_before_is_taken_alone_and_so_is_what_is_large(cast, monkeypatch):
    rows = [store(letter(), "smtp", announce=False) for _ in range(4)]
    InboundEmail.objects.filter(pk=rows[0].pk).update(attempts=1)
    assert [row.pk for row in inbound._claim_some()] == [rows[0].pk]
    monkeypatch.setattr(inbound, "MOST_BYTES", rows[1].size)
    assert [row.pk for row in inbound._claim_some()] == [rows[1].pk]
    InboundEmail.objects.filter(pk=rows[1].pk).update(claimed_until=timezone.now(), error="No room")
    assert [row.pk for row in inbound._claim_some()] == [rows[1].pk]
    InboundEmail.objects.filter(pk=rows[1].pk).update(claimed_until=timezone.now())
