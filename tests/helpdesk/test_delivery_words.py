"""What agents read about a mail: words, never codes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk.delivery_words import fact_of, plain_reason
from helpdesk.models import Delivery

State, Reason = Delivery.State, Delivery.Reason


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("RCPT: 550 5.1.1 <x@y.example> no such user", "this mailbox does not exist"),
        ("5.2.2 552 Quota exceeded", "the mailbox is full"),
        ("RCPT: 550 5.7.509 Access denied", "refuses our mail by its rules"),
        ("the end: 451 4.7.0 greylisted", "refuses our mail by its rules"),
        ("RCPT: 451 try later", "asks us to try again later"),
        ("RCPT: 550 no", "refused it"),
        ("MAIL: 421 192.168.5.1.1 busy", "asks us to try again later"),
        ("ConnectionRefusedError: [Errno 111] Connection refused", "our mail server cannot be reached"),
        ("gaierror: [Errno -2] Name or service not known", "our mail server cannot be reached"),
    ],
)
def test_a_servers_answer_is_told_in_plain_words(said, words):
    row = Delivery(state=State.FAILED, reason=Reason.REFUSED, last_error=said)
    assert words in plain_reason(row)


def test_every_state_has_a_fact_and_only_what_needs_somebody_is_trouble():
    now = timezone.now()
    hour = timedelta(hours=1)

    def kind(state, **fields):
        return fact_of(Delivery(state=state, send_at=now - hour, **fields), now).kind

    assert kind(State.SENT, sent_at=now) == "sent"
    assert {kind(state, ended_at=now) for state in (State.FAILED, State.UNCERTAIN)} == {"trouble"}
    assert kind(State.HELD, reason=Reason.FILE_MISSING) == "trouble"
    assert {kind(state) for state in (State.QUEUED, State.RETRYING, State.IN_FLIGHT)} == {"waiting"}
    assert {kind(state, ended_at=now) for state in (State.SUPPRESSED, State.COLLECTED)} == {"quiet"}
    assert fact_of(Delivery(state=State.QUEUED, send_at=now), now).kind == "quiet"
    for state in State:
        assert fact_of(Delivery(state=state, send_at=now), now).title
    twice = fact_of(Delivery(state=State.SENT, lost_answers=1, send_at=now), now)
    assert twice.title == "Sent, may have arrived twice"
