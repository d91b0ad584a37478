"""What is new in a mail: nothing of it folded that the sender wrote, nothing lost that was folded."""

import json
import re
import time
from collections import Counter

import pytest

from helpdesk.mail.anchor import ANCHOR_ID, ANCHOR_TEXT
from helpdesk.mail.cleaning import split
from helpdesk.mail.html_text import to_text
from helpdesk.mail.parsing import parse
from tests.helpdesk.mail import agreement

REPLIES = agreement.CORPORA / "reply_stripping"


def _bare(text: str | None) -> str:
    return re.sub(r"\s+", "", text or "")


def _text(case: dict) -> str:
    raw = (REPLIES / case["input"]["file"]).read_bytes()
    if case["input"]["format"] == "eml":
        bodies = parse(raw).bodies
        return "\n".join(to_text(one.html or "") if one.text is None else one.text for one in bodies)
    text = raw.decode("utf-8", "replace")
    return to_text(text) if case["input"]["format"] == "html" else text


def _verdict(expected: dict, visible: str) -> tuple[bool, bool]:
    """Whether the visible part is as expected, and whether it holds all that was wanted."""
    wanted = [expected.get("reply"), expected.get("reply_ws"), *expected.get("contains", [])]
    if "reply_html_ws" in expected:
        wanted.append(to_text(expected["reply_html_ws"]))
    whole = all(_bare(one) in _bare(visible) for one in wanted if one)
    exact = [whole]
    if "reply" in expected:
        exact.append(visible.strip() == expected["reply"].strip().replace("\r\n", "\n"))
    if "reply_ws" in expected:
        exact.append(_bare(expected["reply_ws"]) == _bare(visible))
    if "reply_html_ws" in expected:
        exact.append(_bare(to_text(expected["reply_html_ws"])) == _bare(visible))
    if "starts_with" in expected:
        exact.append(visible.strip().startswith(expected["starts_with"].strip()))
    if "first_fragment" in expected:
        exact.append(bool(visible) and _bare(visible) in _bare(expected["first_fragment"]))
    exact += [one not in visible for one in expected.get("not_contains", [])]
    return all(exact), whole


@pytest.mark.skipif(not REPLIES.is_dir(), reason="the reply corpora are not beside this checkout")
def test_replies_of_real_programs_are_read_as_their_sources_expect():
    seen: Counter = Counter()
    for case in json.loads((REPLIES / "cases.json").read_text()):
        text = _text(case)
        parts = split(text)
        right, whole = _verdict(case["expected"], parts.visible)
        seen[case["strictness"], right] += 1
        seen["whole", whole] += 1
        words = Counter(re.findall(r"\w+", text))
        assert words == Counter(re.findall(r"\w+", parts.visible + "\n" + parts.quoted)), case["id"]
    shares = {
        kind: seen[kind, True] / (seen[kind, True] + seen[kind, False])
        for kind in ("exact", "loose", "whole")
    }
    print(shares)
    assert shares["exact"] >= 0.8
    assert shares["loose"] >= 0.89
    assert shares["whole"] >= 0.97


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
    split(unit * (1_000_000 // len(unit)))
    assert time.process_time() - began < 8
