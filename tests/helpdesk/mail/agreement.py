"""How far our reading of a mail agrees with what other projects expect of the same mail: subject, sender,
text, attachments.

Each function yields (file, aspect, agrees, expected, ours). The faults of the expectations that
`shared/corpora/README.md` names are left out here, one by one and by name.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from helpdesk.mail.mail import Mail
from helpdesk.mail.parsing import parse

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
    faults = {("mail018.box", "subject"), ("mail076.box", "sender")}
    for case, mail in _cases("zammad"):
        if case.get("kind") != "parse":
            continue
        want, file = case["expected"], case["file"]
        if "subject" in want and (file, "subject") not in faults:
            yield (
                file,
                "subject",
                squeezed(want["subject"]) == squeezed(mail.subject),
                want["subject"],
                mail.subject,
            )
        if want.get("from_email") and (file, "sender") not in faults:
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
    faults = {"legacy/016.eml", "legacy/017.eml", "legacy/048.eml"}
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
        if file in faults:
            continue
        own = [body for body in mail.bodies if not body.enclosed]
        text = "".join(filter(None, want["text"]))
        ours = "".join(body.text or "" for body in own)
        yield file, "text", alike(text, ours), text, ours
        ours = "".join(body.html or "" for body in own)
        text = "".join(filter(None, want["html"]))
        yield file, "html", alike(text, ours), text, ours
        have = [(a.name, a.type, a.size) for a in mail.attachments]
        yield file, "attachments", len(have) == len(want["attachments"]), want["attachments"], have


CORPUS: dict[str, Callable[[], Iterator[Finding]]] = {
    "imap_tools": imap_tools, "zammad": zammad, "php": php, "stalwart": stalwart,
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
