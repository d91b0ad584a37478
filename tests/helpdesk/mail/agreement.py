"""How far our reading of a mail agrees with what other projects expect of the same mail: subject, sender,
text, attachments; what is new in a reply; what a bounce says.

Each function yields (file, aspect, agrees, expected, ours). Why we differ stands in `differences`.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from helpdesk.mail import bounces
from helpdesk.mail.cleaning import split
from helpdesk.mail.html_text import to_text
from helpdesk.mail.mail import Limits, Mail
from helpdesk.mail.parsing import parse
from helpdesk.mail.reading import Reading, read

CORPORA = Path(__file__).resolve().parents[3] / ".." / "shared" / "corpora"
EMAILS = CORPORA / "emails"
Finding = tuple[str, str, bool, Any, Any]


def alike(want: str | None, ours: str | None) -> bool:
    """Whether two texts say the same. A replacement sign in what is expected stands for whatever we made of
    it.
    """
    if want and "\ufffd" in want:
        pattern = "".join(
            ".{0,2}" if sign == "\ufffd" else re.escape(sign) for sign in re.sub(r"\s+", "", want)
        )
        return re.fullmatch(pattern, re.sub(r"\s+", "", ours or "")) is not None
    return squeezed(want) == squeezed(ours)


def squeezed(text: str | None) -> str:
    """For comparing: without white space, replacement signs, and the charset a page once declared."""
    return re.sub(r"(?i)[\s\ufffd\x00]+|charset=[\"']?[\w-]+", "", text or "")


def _cases(name: str) -> Iterator[tuple[dict, Mail]]:
    for case in json.loads((EMAILS / name / "expected.json").read_text()):
        path = EMAILS / name / case["file"]
        if path.is_file():
            yield case, parse(path.read_bytes())


def _first(mail: Mail) -> str:
    return mail.author.email


def imap_tools() -> Iterator[Finding]:
    for case, mail in _cases("imap_tools"):
        want, file = case["expected"], case["file"]
        yield (
            file,
            "subject",
            squeezed(want["subject"]) == squeezed(mail.subject),
            want["subject"],
            mail.subject,
        )
        yield file, "sender", want["from"] == _first(mail), want["from"], _first(mail)
        ours = "".join(mail.texts)
        yield file, "text", squeezed(want["text"]) == squeezed(ours), want["text"], ours
        ours = "".join(mail.htmls)
        yield file, "html", squeezed(want["html"]) == squeezed(ours), want["html"], ours
        expected = sorted((one["size"], one["sha1"]) for one in want["attachments"] if one.get("exact", True))
        have = sorted((one.size, one.sha1) for one in mail.attachments)
        agrees = set(expected) <= set(have) and len(want["attachments"]) == len(have)
        yield (
            file,
            "attachments",
            agrees,
            want["attachments"],
            [(a.name, a.type, a.size, a.sha1) for a in mail.attachments],
        )


def zammad() -> Iterator[Finding]:
    for case, mail in _cases("zammad"):
        if case.get("kind") != "parse":
            continue
        want, file = case["expected"], case["file"]
        if "subject" in want:
            yield (
                file,
                "subject",
                squeezed(want["subject"]) == squeezed(mail.subject),
                want["subject"],
                mail.subject,
            )
        if want.get("from_email"):
            yield (
                file,
                "sender",
                want["from_email"].lower() == _first(mail).lower(),
                want["from_email"],
                _first(mail),
            )
        if want.get("from_display_name"):
            name = mail.author.name
            yield (
                file,
                "name",
                squeezed(want["from_display_name"]) == squeezed(name),
                want["from_display_name"],
                name,
            )
        if "attachments" not in want:
            continue
        expected = [
            one for one in want["attachments"] or [] if one["filename"] not in ("message.html", "message.txt")
        ]
        names = sorted(one["filename"] for one in expected)
        have = sorted(one.name for one in mail.attachments)
        yield file, "attachments", names == have or len(names) == len(have), names, have


def php() -> Iterator[Finding]:
    for case, mail in _cases("php_mime_mail_parser"):
        want, file = case.get("expected"), case["file"]
        if not want:
            continue
        if "subject" in want:
            yield (
                file,
                "subject",
                squeezed(want["subject"]) == squeezed(mail.subject),
                want["subject"],
                mail.subject,
            )
        if want.get("from"):
            yield (
                file,
                "sender",
                want["from"][0]["address"] == _first(mail),
                want["from"][0]["address"],
                _first(mail),
            )
        for key, texts in (("text", mail.texts), ("html", mail.htmls)):
            if key in want:
                ours = "".join(texts)
                rule = want[key]
                if rule["op"] == "MATCH":
                    agrees = squeezed(rule["value"]) == squeezed(ours)
                else:
                    agrees = (
                        ours.replace("\r", "").count(rule["substring"].replace("\r", "")) == rule["count"]
                    )
                yield file, key, agrees, rule, ours[:300]
        files = sorted(one["filename"] for one in want.get("attachments") or [])
        have = sorted(one.name for one in mail.attachments)
        yield file, "attachments", len(files) == len(have) and _alike(files, have), files, have


def _alike(expected: list[str], have: list[str]) -> bool:
    named = [one for one in expected if one and not one.startswith("noname")]
    return all(any(squeezed(name) == squeezed(other) for other in have) for name in named)


def stalwart() -> Iterator[Finding]:
    for case, mail in _cases("stalwart"):
        want, file = case["expected"], case["file"]
        if want.get("subject"):
            yield (
                file,
                "subject",
                alike(want["subject"], mail.subject),
                want["subject"],
                mail.subject,
            )
        if want.get("from") and want["from"][0].get("address"):
            yield (
                file,
                "sender",
                squeezed(want["from"][0]["address"]) == _first(mail),
                want["from"],
                mail.sender,
            )
        own = [body for body in mail.bodies if not body.enclosed]
        text = "".join(filter(None, want["text"]))
        ours = "".join(body.text or "" for body in own)
        yield file, "text", alike(text, ours), text, ours
        ours = "".join(body.html or "" for body in own)
        text = "".join(filter(None, want["html"]))
        yield file, "html", alike(text, ours), text, ours
        have = [(a.name, a.type, a.size) for a in mail.attachments]
        yield file, "attachments", len(have) == len(want["attachments"]), want["attachments"], have


def replies() -> Iterator[Finding]:
    """What is new in a reply: `exact` and `loose` as its source asks, `whole` where all it wants is there."""
    folder = CORPORA / "reply_stripping"
    for case in json.loads((folder / "cases.json").read_text()):
        if not (folder / case["input"]["file"]).is_file():
            continue
        named = re.match(r"sender: (.+)", case.get("note") or "")
        visible = split(reply_text(case), "", named[1] if named else "").visible
        right, whole = _is_wanted(case["expected"], visible)
        yield case["id"], case["strictness"], right, case["expected"], visible
        yield case["id"], "whole", whole, case["expected"], visible


def reply_text(case: dict) -> str:
    """The text of a case as we read it, from which the reply is to be taken."""
    raw = (CORPORA / "reply_stripping" / case["input"]["file"]).read_bytes()
    if case["input"]["format"] == "eml":
        bodies = parse(raw).bodies
        return "\n".join(to_text(one.html or "") if one.text is None else one.text for one in bodies)
    text = raw.decode("utf-8", "replace")
    return to_text(text) if case["input"]["format"] == "html" else text


def _bare(text: str | None) -> str:
    return re.sub(r"\s+", "", text or "")


def _is_wanted(expected: dict, visible: str) -> tuple[bool, bool]:
    """Whether the visible part is as expected, and whether it holds all that was wanted."""
    wanted = [expected.get("reply"), expected.get("reply_ws"), *expected.get("contains", [])]
    if "reply_html_ws" in expected:
        wanted.append(to_text(expected["reply_html_ws"]))
    whole = all(_bare(one) in _bare(visible) for one in wanted if one)
    right = [whole]
    if "reply" in expected:
        right.append(visible.strip() == expected["reply"].strip().replace("\r\n", "\n"))
    if "reply_ws" in expected:
        right.append(_bare(expected["reply_ws"]) == _bare(visible))
    if "reply_html_ws" in expected:
        right.append(_bare(to_text(expected["reply_html_ws"])) == _bare(visible))
    if "starts_with" in expected:
        right.append(visible.strip().startswith(expected["starts_with"].strip()))
    if "first_fragment" in expected:
        right.append(bool(visible) and _bare(visible) in _bare(expected["first_fragment"]))
    right += [one not in visible for one in expected.get("not_contains", [])]
    return all(right), whole


def reports() -> Iterator[Finding]:
    """Whether a mail is a bounce; of a bounce, how many addresses failed and whether the first is dead."""
    for case, _mail, report in judged():
        file, ours = case["file"], report is not None and report.is_bounce
        yield file, "bounce", ours == case["is_bounce"], case["is_bounce"], ours
        expected = case.get("recipients")
        if not expected or not case["is_bounce"] or report is None:
            continue
        have = [one.address for one in report.recipients]
        yield file, "count", len(expected) == len(have), len(expected), have
        first = report.recipients[0]
        said = (first.hard, first.reason, first.status)
        yield file, "hard", expected[0]["hard_bounce"] == first.hard, expected[0], said


def judged() -> Iterator[tuple[dict, Mail, bounces.Report | None]]:
    for case in json.loads((EMAILS / "bounces_sisimai/expected.json").read_text()):
        path = EMAILS / "bounces_sisimai" / case["file"]
        if case["is_bounce"] is not None and path.is_file():
            mail = parse(path.read_bytes())
            yield case, mail, bounces.read(mail)


def _readings(name: str) -> Iterator[tuple[dict, Reading]]:
    for case in json.loads((EMAILS / name / "expected.json").read_text()):
        path = EMAILS / name / case["file"]
        if path.is_file():
            yield case, read(path.read_bytes(), Limits(), None)[0]


_CHECKED: dict[str, Callable[[Reading], Any]] = {
    "from": lambda one: [one["from"]["email"]],
    "to": lambda one: [to["email"] for to in one["to"]],
    "subject": lambda one: one["subject"],
    "issue.subject": lambda one: one["subject"],
    "message_id": lambda one: one["message_id"],
    "in_reply_to": lambda one: one["in_reply_to"][0],
    "body.decoded": lambda one: one["text"],
    "issue.description": lambda one: one["text"],
    "journal.notes": lambda one: one["text"],
    "bounced": lambda one: one["report"] is not None,
    "issue.author.mail": lambda one: one["from"]["email"],
    "attachments.length": lambda one: len(one["attachments"]),
    "issue.attachments.size": lambda one: len(one["attachments"]),
    "attachments.first.filename": lambda one: one["attachments"][0]["name"],
    "attachment.filename": lambda one: one["attachments"][0]["name"],
    "attachments[0].filename": lambda one: one["attachments"][0]["name"],
    "attachments[1].filename": lambda one: one["attachments"][1]["name"],
}


def _checks(name: str) -> Iterator[Finding]:
    """Single assertions on one mail; those on what only the source's program has are left out."""
    for case, reading in _readings(name):
        for check in case["checks"]:
            if check["attr"] not in _CHECKED:
                continue
            want, ours = str(check["value"]), str(_CHECKED[check["attr"]](reading))
            is_same = squeezed(want) == squeezed(ours)
            agrees = is_same if check["op"] == "eq" else squeezed(want) in squeezed(ours)
            yield case["file"], check["attr"], agrees, want, ours


def mikel() -> Iterator[Finding]:
    yield from _checks("mikel_mail")


def redmine() -> Iterator[Finding]:
    yield from _checks("redmine")


def discourse() -> Iterator[Finding]:
    """Whether a mail is a person's, and the words kept of it where the source states them."""
    for case, reading in _readings("discourse"):
        is_robot = bool(reading["automatic"] or reading["report"])
        for check in case["checks"]:
            robot = check.get("error") in ("BouncedEmailError", "AutoGeneratedEmailError")
            if robot or check["outcome"] == "accepted":
                yield case["file"], "robot", is_robot == robot, check["test"], reading["why_automatic"]
            if check.get("body"):
                want, ours = (re.sub(r"[\W_]+", "", one) for one in (check["body"], reading["visible"]))
                yield case["file"], "body", want == ours, check["body"], reading["visible"]


CORPUS: dict[str, Callable[[], Iterator[Finding]]] = {
    "imap_tools": imap_tools, "zammad": zammad, "php": php, "stalwart": stalwart, "replies": replies,
    "bounces": reports, "mikel_mail": mikel, "redmine": redmine, "discourse": discourse,
}  # fmt: skip


def table(kind: str) -> list[dict]:
    """The header truth table of one kind: address, date or content_type."""
    return [
        one for one in json.loads((EMAILS / "stalwart/header_values.json").read_text()) if one["kind"] == kind
    ]


def mails() -> Iterator[Path]:
    """Every file of the mail corpora that is a mail."""
    for path in sorted(EMAILS.rglob("*")):
        if path.is_file() and path.suffix != ".json" and path.name != "SOURCE.txt":
            yield path
