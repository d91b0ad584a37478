"""What is new in a mail: nothing of it folded that the sender wrote, nothing lost that was folded."""

import json
import re
import time
from collections import Counter

import pytest

from helpdesk.mail.anchor import ANCHOR_ID, ANCHOR_TEXT
from helpdesk.mail.cleaning import split
from helpdesk.mail.html_text import to_text
from tests.helpdesk.mail import agreement
from tests.helpdesk.mail.differences import tally

REPLIES = agreement.CORPORA / "reply_stripping"


@pytest.mark.skipif(not REPLIES.is_dir(), reason="the reply corpora are not beside this checkout")
def test_replies_of_real_programs_are_read_as_their_sources_expect():
    found = tally("replies")
    assert found.share("exact") >= 0.9
    assert found.share("loose") >= 0.94
    assert found.share("whole") >= 0.98
    assert [one[:2] for one, reason in found.differences if reason is None] == []
    for case in json.loads((REPLIES / "cases.json").read_text()):
        text = agreement.reply_text(case)
        parts = split(text)
        words = Counter(re.findall(r"\w+", text))
        assert words == Counter(re.findall(r"\w+", parts.visible + "\n" + parts.quoted)), case["id"]


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("Yes.\n\nOn Mon, 1 Jan 2024 at 10:00, Mira wrote:\n> Does it work?\n", "Yes."),
        ("Ja.\n\nAm 01.01.2024 um 10:00 schrieb Mira <m@x.example>:\n> Geht es?", "Ja."),
        ("Oui.\n\nLe lun. 1 janv. 2024 à 10:00, Mira <m@x.example> a écrit :\n\n> Ça marche ?", "Oui."),
        ("Yes.\n\n-----Original Message-----\nFrom: Mira\nDoes it work?", "Yes."),
        ("Yes.\n\nFrom: Mira <m@x.example>\nSent: Monday\nTo: Ann\nSubject: Re\n\nDoes it work?", "Yes."),
        ("Ja.\n\nVon: Mira\nGesendet: Montag\nAn: Ann\nBetreff: Re\n\nGeht es?", "Ja."),
        ("Yes.\n\n-- \nAnn\nAcme", "Yes."),
        ("Yes.\n\nSent from my iPhone", "Yes."),
        ("Yes.\n\n-Ann Lee", "Yes."),
        ("Yes.\n\nBest regards,\nAnn Lee\n+1 555 0100", "Yes."),
        ("Ja.\nMit freundlichen Grüßen\nAnn Lee\n\nAcme GmbH | www.acme.example\nTel. 030 1234", "Ja."),
        ("Yes.\n\nBest regards,\nAnn\n\nPS: call me", "Yes.\n\nBest regards,\nAnn\n\nPS: call me"),
        ("Cheers,\nthat works now. Close it.", "Cheers,\nthat works now. Close it."),
        ("Yes.\n\nThanks, and please call me!\nAnn", "Yes.\n\nThanks, and please call me!\nAnn"),
        ("I need:\n\n- Paper", "I need:\n\n- Paper"),
        ("Yes.\n\nFrom: mira@x.example\nDate: Wed, 16 May 2012 00:15:02 -0600\n\nDoes it?", "Yes."),
        (
            "On 1 Jan 2024 10:00, Mira <m@x.example> wrote:\n\nIt does.\n\n    And more.",
            "It does.\n\n    And more.",
        ),
        ("On Monday Mira wrote:\n> Does it work?\n\nYes.", "Yes."),
        ("> Does it work?\nYes.\n> And now?\nNo.", "> Does it work?\nYes.\n> And now?\nNo."),
        ("He wrote:\nplease help me\nand I did.", "He wrote:\nplease help me\nand I did."),
        ("Sent from my desk, which is easier.", "Sent from my desk, which is easier."),
        ("> only a quote", "> only a quote"),
        ("See below.\n\n---------- Forwarded message ---------\nFrom: Bob\n\nText", None),
        ("", ""),
    ],
)
def test_what_is_new(text, visible):
    assert split(text).visible == (text if visible is None else visible)


def test_the_senders_own_name_begins_a_signature():
    text = "It broke.\n\nAnn Lee\nann@x.example\n+1 555 0100"
    assert split(text, sender="Ann Lee").visible == "It broke."
    assert split(text, sender="Bob Lee").visible == text
    assert split("Ann Lee is my name.\n\nDoes Ann Lee have an account?", sender="Ann Lee").quoted == ""


def test_what_our_own_mail_began_with_ends_the_answer():
    page = f'<p>Yes.</p><div id="x_{ANCHOR_ID}">{ANCHOR_TEXT}</div><p>Does it work?</p>'
    assert split(to_text(page), ANCHOR_TEXT).visible == "Yes."
    assert split(f"Yes.\n{ANCHOR_TEXT}\nDoes it work?", ANCHOR_TEXT).visible == "Yes."


def test_html_quotes_of_mail_programs_are_folded_and_a_writers_own_are_not():
    quote = '<div class="gmail_quote"><div>On Mon Mira wrote:</div><blockquote>Does it?</blockquote></div>'
    gmail = f"<div>Yes.</div>{quote}"
    assert split(to_text(gmail)).visible == "Yes."
    assert "own words" in split(to_text("<p>As they say:</p><blockquote>own words</blockquote>")).visible


@pytest.mark.parametrize(
    "unit",
    [
        "> a\n",
        "On 1,\n",
        "a wrote:\n",
        "From: a\n",
        "--\n",
        "\n",
        "<a@b.c> schrieb ",
        "_" * 300 + "\n",
        "-" * 500 + "\n",
    ],
)
def test_splitting_a_hostile_text_takes_seconds_at_most(unit):
    began = time.process_time()
    split(unit * (250_000 // len(unit)))
    assert time.process_time() - began < 2  # a text may be four times as long
