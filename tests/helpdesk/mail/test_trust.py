"""Whom a mail is really from: what the receiving server stated, and who may speak for us by mail."""

import re

import pytest
from django.test import Client

from helpdesk.mail import tokens, trust
from helpdesk.models import Delivery, SupportAddress
from tests.helpdesk.mail.post import SUPPORT, letter, receive
from tickets import actions
from tickets.models import Follower, Message

OURS = "mx.desk.example"


@pytest.fixture(autouse=True)
def trusted(settings):
    settings.MAIL_AUTHSERV_IDS = frozenset({OURS})


@pytest.fixture
def support(cast):
    return SupportAddress.objects.create(address=SUPPORT, team=cast.tech)


@pytest.fixture
def asked(cast, support):
    return receive(letter("It does not start.", message_id="<first@customers.example>")).ticket


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], "nothing"),
        (["mx.desk.example; none"], "nothing"),
        (["evil.example; dmarc=pass header.from=a.example"], "nothing"),
        (["mx.desk.example; dmarc=pass (p=reject dis=none) header.from=a.example"], "pass"),
        (["MX.desk.example 1; dkim = pass (2048-bit; unprotected) header.d=mail.a.example"], "pass"),
        (['mx.desk.example; spf=pass smtp.mailfrom="bounces@a.example"'], "pass"),
        ([f"{OURS}; dkim=fail header.d=a.example", f"{OURS}; spf=pass smtp.mailfrom=a.example"], "pass"),
        (["mx.desk.example; spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example"], "fail"),
        (["mx.desk.example; spf=pass smtp.mailfrom=host.example; dkim=none; dmarc=none"], "unknown"),
        (["mx.desk.example; spf=softfail smtp.mailfrom=a.example; dkim=none"], "fail"),
        (["mx.desk.example; dmarc=fail header.from=a.example; spf=pass smtp.mailfrom=a.example"], "fail"),
        (["mx.desk.example; spf=none smtp.mailfrom=a.example"], "unknown"),
        (["mx.desk.example; dkim=pass header.d=example"], "fail"),
        (["mx.desk.example (; dmarc=pass header.from=a.example"], "nothing"),
        (["mx.desk.example; " + "dkim=" * 5000], "unknown"),
    ],
)  # fmt: skip
def test_only_trusted_servers_count_and_only_for_the_authors_own_domain(fields, expected):
    seen = trust.judge(trust.results(fields), "ann@a.example", {OURS})
    words = {(False, False, False): "nothing", (True, True, False): "pass",
             (True, False, True): "fail", (True, False, False): "unknown"}  # fmt: skip
    assert words[seen.stated, seen.passed, seen.failed] == expected


FORGED = {"authentication_results": f"{OURS}; dmarc=fail header.from=customers.example"}


def test_a_forged_sender_is_marked_brings_nobody_in_and_is_told_nothing(cast, asked):
    row = receive(
        letter("Send me all.", in_reply_to="<first@customers.example>", cc="evil@x.example", **FORGED)
    )
    assert row.ticket == asked
    assert asked.events.get(kind="message.doubted").data == {"message": row.message_id}
    assert not Follower.objects.filter(ticket=asked).exists()
    browser = Client()
    browser.force_login(cast.gus)
    page = browser.get(f"/desk/tickets/{asked.pk}/").content.decode()
    assert "could not confirm that this mail is from priya@customers.example" in page
    opened = receive(letter("New one.", sender="bob@customers.example", **FORGED)).ticket
    told = Delivery.objects.get(event__ticket=opened, template="ticket.received")
    assert (told.state, told.reason) == ("suppressed", "unwanted")


def test_a_forged_sender_proves_no_address_by_a_token(cast, asked):
    to = tokens.reply_address(SUPPORT, asked.pk, cast.priya.pk)
    receive(letter("Hello again.", to=to, **FORGED))
    cast.priya.refresh_from_db()
    assert cast.priya.proven_at is None


# --- agents answer by mail ----------------------------------------------------------------------------


def colleague(ticket, person, text="I will look.\n\nOn Monday Acme wrote:\n> A secret of ours", **fields):
    to = tokens.reply_address(SUPPORT, ticket.pk, person.pk)
    return receive(letter(text, sender=person.email, to=to, **fields))


def test_an_agents_answer_goes_to_the_customer_without_what_it_quotes(cast, asked):
    row = colleague(asked, cast.gus)
    assert (row.state, row.reason) == ("filed", "reply of a colleague")
    assert (row.message.public, row.message.by, row.message.author) == (True, "agent", cast.gus)
    assert (row.message.text, row.message.quoted, row.message.html) == ("I will look.", "", "")
    asked.refresh_from_db()
    assert asked.unanswered_since is None
    assert Delivery.objects.get(message=row.message).recipient == cast.priya


@pytest.mark.parametrize(
    ("fields", "goes_out"),
    [
        ({"authentication_results": f"{OURS}; dmarc=pass header.from=desk.example"}, True),
        ({"authentication_results": "other.example; dmarc=fail header.from=desk.example"}, True),
        ({"authentication_results": f"{OURS}; dmarc=fail header.from=desk.example"}, False),
        ({"authentication_results": f"{OURS}; spf=none smtp.mailfrom=desk.example"}, False),
    ],
)
def test_what_the_receiving_server_states_must_speak_for_an_agent(cast, asked, fields, goes_out):
    row = colleague(asked, cast.gus, **fields)
    assert row.message.held is not goes_out
    assert Delivery.objects.filter(message=row.message).exists() is goes_out


@pytest.mark.parametrize(
    "how", ["no token", "token of another", "other team", "only quoted", "our own words"]
)
def test_an_agents_mail_without_proof_or_words_of_its_own_is_held_and_nothing_leaves(
    cast, asked, how, settings
):
    if how == "no token":
        row = receive(letter("Do it.", sender=cast.gus.email, in_reply_to="<first@customers.example>"))
    elif how == "token of another":
        to = tokens.reply_address(SUPPORT, asked.pk, cast.priya.pk)
        row = receive(letter("Do it.", sender=cast.gus.email, to=to))
    elif how == "other team":
        row = colleague(asked, cast.mira)
    elif how == "only quoted":
        row = colleague(asked, cast.gus, "> A secret of ours")
    else:
        row = colleague(
            asked, cast.gus, f"Yes.\n{settings.PUBLIC_URL}/desk/tickets/{asked.pk}/ A secret of ours"
        )
    assert (row.state, row.message.held) == ("suspended", True)
    assert not Delivery.objects.filter(message=row.message).exists()
    asked.refresh_from_db()
    assert asked.unanswered_since is not None


def test_a_held_mail_of_a_colleague_is_kept_as_a_note_and_never_as_the_customers_word(cast, asked):
    row = receive(letter("Inside.", sender=cast.gus.email, in_reply_to="<first@customers.example>"))
    message = actions.accept_message(Message.objects.get(pk=row.message_id), by=cast.sue)
    assert (message.public, message.by, message.held) == (False, "agent", False)
    assert not Delivery.objects.filter(message=message).exists()


# --- what else is noted -------------------------------------------------------------------------------


def report(kind, part, message_id):
    return (
        f"From: someone@x.example\r\nTo: {SUPPORT}\r\nSubject: Report\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n\r\n--b\r\n\r\nSee below.\r\n'
        f"--b\r\nContent-Type: message/{kind}\r\n\r\n{part}\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{message_id}>\r\n"
        "Subject: Re\r\n\r\nx\r\n--b--\r\n"
    ).encode()


def test_complaints_and_read_receipts_are_shown_at_the_message_and_change_nothing(cast, asked):
    row = colleague(asked, cast.gus)
    ours = Delivery.objects.get(message=row.message)
    ours.internet_message_id = tokens.message_id(ours.pk)
    ours.save()
    asked.refresh_from_db()
    before = (asked.status, asked.unanswered_since)
    arf = report("feedback-report", "Feedback-Type: abuse\r\nVersion: 1\r\n", ours.internet_message_id)
    mdn = report(
        "disposition-notification",
        f"Original-Message-ID: <{ours.internet_message_id}>\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n",
        ours.internet_message_id,
    )
    for raw, reason in ((arf, "feedback"), (mdn, "receipt")):
        assert [receive(raw + extra).reason for extra in (b"", b"\r\n ")] == [reason, reason]
    kinds = asked.events.filter(kind__in=("message.complained", "message.read"))
    assert sorted(kinds.values_list("kind", flat=True)) == ["message.complained", "message.read"]
    asked.refresh_from_db()
    assert (asked.status, asked.unanswered_since) == before
    browser = Client()
    browser.force_login(cast.gus)
    page = browser.get(f"/desk/tickets/{asked.pk}/").content.decode()
    assert "Reported as spam" in page
    assert "Read, says the reader" in page


def test_a_strangers_reference_shows_agents_the_other_ticket_where_they_may_see_it(cast, asked):
    row = receive(letter(sender="eve@x.example", in_reply_to="<first@customers.example>"))
    assert row.ticket != asked
    for person, sees in ((cast.gus, True), (cast.priya, False)):
        browser = Client()
        browser.force_login(person)
        page = browser.get(f"/desk/tickets/{row.ticket_id}/").content.decode()
        assert bool(re.search(rf'href="/desk/tickets/{asked.pk}/"', page)) is sees


def test_two_of_our_addresses_on_one_mail_make_one_ticket_that_knows_both(cast, support):
    sales = SupportAddress.objects.create(address="sales@desk.example", team=cast.billing)
    both = receive(letter(to=f"{SUPPORT}, sales@desk.example"), to=[SUPPORT])
    assert both.ticket.team == cast.tech
    assert both.ticket.events.get(kind="ticket.also_addressed").data == {"address": sales.pk}
    raw = letter(to=SUPPORT)
    first = receive(raw, to=[SUPPORT])
    again = receive(raw, to=["sales@desk.example"], source="lmtp")
    assert (again.state, again.ticket) == ("duplicate", first.ticket)
    assert first.ticket.events.get(kind="ticket.also_addressed").data == {"address": sales.pk}
