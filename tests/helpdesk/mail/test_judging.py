"""Robots, bounces and people told apart, on the mails of other projects."""

import pytest

from helpdesk.mail import automatic, bounces
from helpdesk.mail.parsing import parse
from tests.drills.corpora import human_mails
from tests.helpdesk.mail import agreement
from tests.helpdesk.mail.differences import tally
from tests.helpdesk.mail.post import bounce_of, letter

needs_corpora = pytest.mark.skipif(
    not agreement.EMAILS.is_dir(), reason="the mail corpora are not beside this checkout"
)
# Both are servers' reports in sets that say nothing of it.
REPORTS_AMONG_SMOKE = {"cpython/msg_16.txt", "otobo/EmailParser__FilenameWithNewline.box"}


@needs_corpora
def test_bounces_are_recognised_and_so_is_whether_the_address_is_dead():
    found = tally("bounces")
    assert found.share("bounce") >= 0.98
    assert found.share("count") >= 0.98
    assert found.share("hard") >= 0.91
    assert [one[:2] for one, reason in found.differences if reason is None] == []


@needs_corpora
def test_no_mail_of_a_person_is_called_a_bounce_or_a_robots():
    wrong = []
    for name, mail in human_mails().items():
        if name in REPORTS_AMONG_SMOKE:
            continue
        if automatic.judge(mail).automatic or bounces.read(mail) is not None:
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize(
    ("fields", "is_automatic"),
    [
        ({"auto_submitted": "auto-replied"}, True),
        ({"auto_submitted": "auto-generated; owner-email=x"}, True),
        ({"auto_submitted": "no"}, False),
        ({"x_autoreply": "yes"}, True),
        ({"precedence": "auto_reply"}, True),
        ({"precedence": "bulk"}, False),
        ({"x_auto_response_suppress": "All"}, False),
        ({"subject": "Out of office: Re: Broken", "in_reply_to": "<x@y.example>"}, True),
        ({"subject": "Re: Automatic reply: Broken", "in_reply_to": "<x@y.example>"}, False),
        ({"list_id": "<dev.example>"}, False),
    ],
)
def test_only_proof_makes_a_mail_automatic(fields, is_automatic):
    assert automatic.judge(parse(letter(**fields)), "ann@x.example").automatic is is_automatic


@pytest.mark.parametrize(
    ("fields", "envelope_from"),
    [
        ({"x_auto_response_suppress": "OOF, AutoReply"}, "a@x.example"),
        ({"precedence": "list"}, "a@x.example"),
        ({"list_unsubscribe": "<mailto:x@y.example>"}, "a@x.example"),
        ({"sender": "no-reply@x.example"}, "no-reply@x.example"),
        ({}, ""),
    ],
)
def test_a_robot_of_ours_does_not_answer(fields, envelope_from):
    assert not automatic.judge(parse(letter(**fields)), envelope_from).answerable


def test_a_persons_mail_may_be_answered():
    assert automatic.judge(parse(letter()), "priya@customers.example") == (False, True, "")


def test_a_delivery_report_names_address_status_and_the_original():
    report = bounces.read(parse(bounce_of("d1.x@desk.example", "ann@x.example")))
    assert report is not None
    (failed,) = report.recipients
    assert (failed.address, failed.status, failed.reply_code) == ("ann@x.example", "5.1.1", "550")
    assert (failed.reason, failed.hard, failed.permanent) == ("userunknown", True, True)
    assert report.original_message_id == "d1.x@desk.example"


def test_a_customer_who_forwards_a_bounce_is_still_a_customer():
    text = "Why do I get this?\n\nFrom: MAILER-DAEMON\n<x@y.example>: 550 5.1.1 User unknown"
    assert bounces.read(parse(letter(text, subject="Fwd: Undelivered Mail Returned to Sender"))) is None
    assert bounces.read(parse(letter(text, subject="Undelivered mail"))) is None
