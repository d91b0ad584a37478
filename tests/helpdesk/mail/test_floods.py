"""Too much mail at once, mail marked as spam, blocked senders: stored, bundled, and settled by hand."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk import actions as outward
from helpdesk import flooded
from helpdesk.mail import floods, spam, tokens
from helpdesk.mail.inbound import process
from helpdesk.mail.mail import Mail
from helpdesk.models import BlockedSender, InboundEmail, SupportAddress
from tests.helpdesk.mail.post import SUPPORT, letter, receive
from tests.helpdesk.setup.conftest import Browser
from tickets.models import Event, Ticket


@pytest.fixture
def support(cast):
    return SupportAddress.objects.create(address=SUPPORT, team=cast.tech)


@pytest.fixture
def flood(cast, support, settings):
    """Five mails of Priya where three are allowed, and one of Bob."""
    settings.MAIL_SENDER_BUDGET = 3
    rows = [receive(letter(subject=f"Alarm {number}")) for number in range(5)]
    assert receive(letter(sender="bob@customers.example")).state == "filed"
    return rows


def test_a_flood_is_stored_and_bundled_and_others_are_not_held_up(cast, flood):
    assert [row.state for row in flood] == ["filed"] * 3 + ["suspended"] * 2
    (bundle,) = flooded.floods()
    assert (bundle.sender, bundle.count) == ("priya@customers.example", 2)
    for person, leads_there in ((cast.gus, False), (cast.root, True)):
        browser = Client()
        browser.force_login(person)
        page = browser.get("/desk/").content.decode()
        assert page.count("2 mails are kept aside") == 1
        assert ("/setup/mail/floods/" in page) is leads_there


def test_after_the_window_a_sender_may_write_again(cast, flood, settings):
    InboundEmail.objects.update(
        received_at=timezone.now() - settings.MAIL_BUDGET_WINDOW - timedelta(seconds=1)
    )
    assert receive(letter()).state == "filed"


def test_mail_that_names_no_sender_has_one_budget_together(cast, support, settings):
    settings.MAIL_SENDER_BUDGET = 1
    states = [receive(b"Subject: %d\r\n\r\nHello" % number).state for number in range(2)]
    assert states == ["filed", "suspended"]
    assert [bundle.key for bundle in flooded.floods()] == ["<>"]


def test_replies_do_not_count_as_tickets_but_a_ticket_has_a_budget_of_its_own(cast, support, settings):
    settings.MAIL_SENDER_BUDGET, settings.MAIL_TICKET_BUDGET = 1, 3
    ticket = receive(letter()).ticket
    to = tokens.reply_address(SUPPORT, ticket.pk, cast.priya.pk)
    states = [receive(letter(f"Number {number}", to=to)) for number in range(3)]
    assert [(row.state, row.ticket) for row in states] == [
        ("filed", ticket), ("filed", ticket), ("suspended", ticket),
    ]  # fmt: skip
    robot = receive(letter("Away", to=to, auto_submitted="auto-replied"))
    assert (robot.state, robot.message) == ("quiet", None)
    (bundle,) = flooded.floods()
    assert (bundle.ticket, bundle.count) == (ticket.pk, 1)


@pytest.mark.parametrize("how", ["release", "file", "delete"])
def test_a_flood_is_settled_as_a_whole_in_setup(cast, flood, how):
    root, page = Browser(cast.root), "/setup/mail/floods/"
    assert "priya@customers.example" in root.get(page).content.decode()
    target = flood[0].ticket
    fields = {"go": how, "flood": "priya@customers.example", "ticket": target.pk}
    assert root.send(page, fields).status_code == 303
    for row in flood[3:]:
        process(row.pk)
        row.refresh_from_db()
    tickets = {"release": Ticket.objects.latest("pk"), "file": target, "delete": None}
    assert flood[4].state == ("deleted" if how == "delete" else "filed")
    assert flood[4].ticket == tickets[how]
    assert Event.objects.get(kind="mail.flood_settled").data["mails"] == 2
    assert flooded.floods() == []


@pytest.mark.parametrize(
    ("field", "value", "marked"),
    [
        ("x-spam-flag", "YES", True),
        ("x-spam-flag", "no", False),
        ("x-spam-status", "Yes, score=15.1 required=5.0", True),
        ("x-spam-status", "No, score=-1 required=5.0 tests=YES_SPAM", False),
        ("x-spamd-result", "default: True [15.20 / 15.00]; R_SPF_FAIL", True),
        ("x-spamd-result", "default: False [1.0 / 15.0]; True", False),
        ("x-spam", "Yes", True),
    ],
)
def test_the_verdict_of_a_filter_before_us_is_read_not_its_score(field, value, marked):
    assert bool(spam.mark(Mail(fields=[(field, value)]))) is marked


def test_marked_mail_is_put_aside_as_the_setting_says(cast, support, settings):
    ends = {}
    for rule in ("suspend", "quiet", "off"):
        settings.MAIL_SPAM = rule
        ends[rule] = receive(letter(x_spam_flag="YES"))
    assert {rule: row.state for rule, row in ends.items()} == {
        "suspend": "suspended", "quiet": "quiet", "off": "filed",
    }  # fmt: skip
    settings.MAIL_SPAM = "suspend"
    to = tokens.reply_address(SUPPORT, ends["off"].ticket_id, cast.priya.pk)
    assert receive(letter(to=to, x_spam_flag="YES")).state == "filed"
    outward.release(ends["suspend"], by=cast.root)
    assert process(ends["suspend"].pk).row.state == "filed"


def test_mail_of_a_blocked_sender_or_domain_is_kept_and_refused(cast, support):
    root, page = Browser(cast.root), "/setup/mail/blocked/"
    for value in ("ads@shop.example", "@Spam.example"):
        assert root.send(page, {"value": value}).status_code == 303
    assert "own support addresses" in root.send(page, {"value": "desk.example"}).content.decode()
    assert "Enter an address" in root.send(page, {"value": "no domain"}).content.decode()
    for sender, state in (
        ("ads@shop.example", "refused"),
        ("info@shop.example", "filed"),
        ("a@spam.example", "refused"),
        ("a@deep.spam.example", "refused"),
        ("a@notspam.example", "filed"),
    ):
        row = receive(letter(sender=sender))
        assert row.state == state, sender
    blocked = InboundEmail.objects.filter(state="refused").first()
    assert outward.release(blocked, by=cast.root)
    assert process(blocked.pk).row.state == "filed"
    for row in BlockedSender.objects.all():
        assert root.send(f"{page}{row.pk}/remove/", page=page).status_code == 303
    assert receive(letter(sender="ads@shop.example")).state == "filed"


def test_all_rules_together_cost_one_query_a_batch(cast, support, django_assert_max_num_queries):
    rows = [receive(letter()) for _number in range(3)]
    with django_assert_max_num_queries(1):
        known = floods.senders([(row, "priya@customers.example") for row in rows])
    assert [known[row.pk].opened for row in rows] == [0, 1, 2]
