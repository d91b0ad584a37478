"""How our reading of mail agrees with what other projects expect of theirs: writes docs/mail-agreement.md."""

from collections import Counter
from typing import Any

from config import env
from tests.helpdesk.mail.agreement import CORPUS
from tests.helpdesk.mail.differences import Tally, tally

PAGE = env.ROOT / "docs" / "mail-agreement.md"
TITLES = {
    "imap_tools": "imap_tools: subject, sender, text, HTML, attachments",
    "zammad": "Zammad: subject, sender, name, attachments",
    "php": "php-mime-mail-parser: subject, sender, text, HTML, attachments",
    "stalwart": "stalwart: subject, sender, text, HTML, attachments",
    "replies": "Replies of seven libraries: what is new in a reply",
    "bounces": "Sisimai: is it a bounce, how many addresses, is the address dead",
    "mikel_mail": "mikel/mail: single checks of addresses, subjects, identities, files",
    "redmine": "Redmine: single checks of mails into an issue tracker",
    "discourse": "Discourse: is it a robot's, and the words of a reply",
}
HEAD = """# How our reading of mail agrees with others

Written by `bin/drill agreement`. Each line of the mail corpora states what another project expects of a mail;
here is how often we read the same, and why not where we do not. *Faults* are expectations that drop or garble
what the mail itself says; the last column leaves them out, and the tests hold it. Nothing that a sender wrote
is lost by a difference: the whole text and the original are kept with every message.

| corpus | agrees | differs | of these faults | share without faults |
|---|---|---|---|---|
"""


def run(arguments: list[str]) -> dict[str, Any]:
    """Compare everything, write the page, and give the figures."""
    all_of_them = {name: tally(name) for name in CORPUS}
    rows = "".join(f"| {row} |\n" for name, one in all_of_them.items() for row in _rows(name, one))
    PAGE.write_text(HEAD + rows + "".join(_section(name, one) for name, one in all_of_them.items()))
    return {name: "{} of {}".format(*one.count()) for name, one in all_of_them.items()}


def _rows(name: str, one: Tally) -> list[str]:
    aspects = [""] if name not in ("replies", "bounces") else sorted({found[1] for found in one.findings})
    rows = []
    for aspect in aspects:
        agree, of = one.count(aspect)
        faults = sum(1 for found, why in one.differences if why and why.fault and aspect in ("", found[1]))
        label = f"{name}, {aspect}" if aspect else name
        rows.append(f"{label} | {agree} of {of} | {of - agree} | {faults} | {one.share(aspect):.1%}")
    return rows


def _section(name: str, one: Tally) -> str:
    reasons: dict[str, list[str]] = {}
    for found, why in one.differences:
        kind = "*Fault.* " if why and why.fault else ""
        reasons.setdefault(kind + (why.reason if why else "No reason named."), []).append(
            f"`{found[0]}` ({found[1]})"
        )
    lines = [f"- {reason} {', '.join(_short(files))}" for reason, files in reasons.items()]
    return f"\n## {TITLES[name]}\n\n" + ("\n".join(lines) or "No difference.") + "\n"


def _short(files: list[str]) -> list[str]:
    """A file once, with its aspects together."""
    aspects: dict[str, list[str]] = {}
    for one in files:
        file, _, aspect = one.partition(" (")
        aspects.setdefault(file, []).append(aspect.rstrip(")"))
    return [f"{file} ({', '.join(Counter(found))})" for file, found in aspects.items()]
