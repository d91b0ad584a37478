"""The page that shows stuck mail, and its buttons."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from helpdesk.models import Delivery, InboundEmail


def incoming(state, **fields):
    given = {
        "source": "smtp",
        "raw": b"x",
        "sha256": "0" * 64,
        "size": 1,
        "envelope_from": "ann@client.example",
    }
    return InboundEmail.objects.create(state=state, **(given | fields))


def outgoing(state, **fields):
    given = {"address": "ann@client.example", "template": "ticket.replied", "send_at": timezone.now()}
    number = Delivery.objects.count()
    return Delivery.objects.create(
        state=state, internet_message_id=f"d{number}@x.example", **(given | fields)
    )


def test_each_queue_shows_its_number_age_ids_and_last_error(root):
    long_ago = timezone.now() - timedelta(hours=3)
    incoming("waiting", received_at=long_ago)
    stuck = incoming("quarantined", error="parser died <b>", attempts=3)
    failed = outgoing("failed", last_error="550 no such user", attempts=2)
    outgoing("uncertain")
    outgoing("retrying", send_at=long_ago, last_error="451 try later")
    outgoing("queued", send_at=timezone.now() + timedelta(hours=1))
    incoming("suspended", reason="token of somebody else", source="imap:4")
    html = root.get(reverse("setup:mail")).content.decode()
    for words in (
        "Waiting for a decision",
        ">imap:4<",
        "parser died &lt;b&gt;",
        "550 no such user",
        "451 try later",
        "oldest <time",
        f">{stuck.pk}<",
        f">{failed.pk}<",
    ):
        assert words in html, words
    assert "worker" in html


def test_counts_are_whole_while_rows_are_few(root, django_assert_max_num_queries):
    for _ in range(25):
        outgoing("failed")
    with django_assert_max_num_queries(30):
        html = root.get(reverse("setup:mail")).content.decode()
    assert "The oldest 20 are shown." in html
    assert ">25<" in html


def test_a_mail_that_could_not_be_read_gets_in_line_again(root):
    row = incoming("quarantined", error="parser died", attempts=3, processed_at=timezone.now())
    again = reverse("setup:mail_read_again", args=[row.pk])
    assert root.send(again, page=reverse("setup:mail")).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.attempts, row.processed_at) == ("waiting", 0, None)


def test_a_mail_that_was_filed_meanwhile_is_left_alone(root):
    row = incoming("filed")
    incoming("quarantined")
    assert (
        root.send(reverse("setup:mail_read_again", args=[row.pk]), page=reverse("setup:mail")).status_code
        == 303
    )
    row.refresh_from_db()
    assert row.state == "filed"


def test_a_failed_delivery_is_sent_again(root, cast):
    row = outgoing("failed", recipient=cast.priya, ended_at=timezone.now())
    again = reverse("setup:mail_send_again", args=[row.pk])
    assert root.send(again, page=reverse("setup:mail")).status_code == 303
    row.refresh_from_db()
    assert row.state in ("queued", "retrying")


@pytest.mark.parametrize("name", ["mail_read_again", "mail_send_again"])
def test_only_administrators_press_these_buttons(mira, name):
    row = incoming("quarantined") if name == "mail_read_again" else outgoing("failed")
    answer = mira.client.post(reverse(f"setup:{name}", args=[row.pk]), {"once": "k" * 20})
    assert answer.status_code == 404
    row.refresh_from_db()
    assert row.state in ("quarantined", "failed")
