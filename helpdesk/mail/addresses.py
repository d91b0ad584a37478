"""Address lists as people and programs write them (RFC 5322 3.4). Pure, linear, and nothing here raises."""

import re
from typing import NamedTuple

from helpdesk.mail.headers import CONTROLS, SPACES, closing_quote, decode_words, plain


class Address(NamedTuple):
    """A name and an address as the sender wrote them; `email` is "" where there was only a name."""

    name: str
    email: str


def addresses(text: str, _again: bool = True) -> list[Address]:
    """An address list (RFC 5322 3.4, groups, comments, usual faults) in order. Names are decoded."""
    elements = _elements(text)
    found: list[Address] = []
    held = ""  # a name cut by an unquoted comma: "Doe, Jane <jane@…>"
    for phrase, angle, comments, ended_by in elements:
        name, email = _address(phrase, angle, comments)
        if not email and angle is None:
            if name and _again and "@" in name:
                found += addresses(name.replace('"', ""), _again=False)
            elif name and ended_by == "," and not comments:
                held = f"{held}, {name}" if held else name
            elif name:
                found.append(Address(name, ""))
            continue
        if held:
            name, held = (f"{held}, {name}" if name else held) if angle is not None else name, ""
        found.append(Address(name, email))
    if held:
        found.append(Address(held, ""))
    return found


def _elements(text: str) -> list[tuple[list[tuple[str, bool]], str | None, list[str], str]]:
    """The list cut at its commas: (phrase pieces with their quotedness, what stood in angle brackets,
    comments, separator).
    """
    elements = []
    phrase: list[tuple[str, bool]] = []
    comments: list[str] = []
    angle: str | None = None
    plain_from, i, n = 0, 0, len(text)
    quotes, parens = True, True

    def close(separator: str) -> None:
        nonlocal phrase, comments, angle
        if phrase or angle is not None or comments:
            elements.append((phrase, angle, comments, separator))
        phrase, comments, angle = [], [], None

    def take(to: int) -> None:
        if text[plain_from:to].strip() or (phrase and to > plain_from):
            phrase.append((text[plain_from:to], False))

    while i < n:
        sign = text[i]
        if sign == '"' and quotes:
            end = closing_quote(text, i + 1)
            if end < 0:
                quotes = False
            else:
                take(i)
                phrase.append((re.sub(r"\\(.)", r"\1", text[i + 1 : end]), True))
                i = plain_from = end + 1
                continue
        elif sign == "(" and parens:
            end = _closing_parenthesis(text, i)
            if end < 0:
                parens = False
            else:
                take(i)
                comments.append(re.sub(r"\\(.)", r"\1", text[i + 1 : end]))
                i = plain_from = end + 1
                continue
        elif sign == "<":
            end = text.find(">", i)
            end = end if end >= 0 else _first_of(text, i, ",;")
            take(i)
            angle = text[i + 1 : end].rsplit("<", 1)[-1]
            while end + 1 < n and text[end + 1] == ">":
                end += 1
            i = plain_from = end + 1
            continue
        elif sign in ",;":
            take(i)
            close(sign)
            plain_from = i + 1
        elif sign == ":" and angle is None and not _has_at(phrase, text[plain_from:i][-400:]):
            phrase, comments, plain_from = [], [], i + 1  # the name of a group
        i += 1
    take(n)
    close("")
    return elements


def _has_at(phrase: list[tuple[str, bool]], tail: str) -> bool:
    return "@" in tail or any("@" in piece for piece, quoted in phrase[-3:] if not quoted)


def _first_of(text: str, start: int, signs: str) -> int:
    places = [place for place in (text.find(sign, start) for sign in signs) if place >= 0]
    return min(places, default=len(text))


def _closing_parenthesis(text: str, start: int) -> int:
    depth, i = 0, start
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == "(":
            depth += 1
        elif text[i] == ")":
            depth -= 1
            if not depth:
                return i
        i += 1
    return -1


def _address(phrase: list[tuple[str, bool]], angle: str | None, comments: list[str]) -> tuple[str, str]:
    """Name and address of one element."""
    if angle is not None:
        email = _bare(angle)
        name = _phrase(phrase)
        if "@" not in email and "@" in name and " " not in name:
            return email, name  # <Name> and address changed places
    else:
        joined = "".join(f'"{piece}"' if quoted else piece for piece, quoted in phrase)
        joined = re.sub(r"\s*@\s*", "@", joined)
        joined = re.sub(r"(@[^\s@]{1,250})\s+\.\s*(?=\w)", r"\1.", joined)  # spaces that RFC 5322 4.4 allows
        words = joined.split()
        email = next((word for word in words if "@" in word and not word.startswith("=?")), "")
        name = plain(" ".join(word for word in words if word != email).replace('"', ""))
        email = _bare(email)
        if not email and comments and len(words) == 1:
            email, name = words[0], ""  # "MAILER-DAEMON (Mail Delivery System)"
    remark = plain(" ".join(comments))
    if remark:
        name = f"{name} ({remark})" if name else remark
    return name, email


def _phrase(pieces: list[tuple[str, bool]]) -> str:
    out: list[str] = []
    run = ""
    for piece, quoted in pieces:
        if quoted:
            out += [decode_words(run), decode_words(piece)] if run else [decode_words(piece)]
            run = ""
        else:
            run += piece
    out.append(decode_words(run) if run else "")
    name = CONTROLS.sub("", SPACES.sub(" ", "".join(out))).strip()
    return name.strip("'\"\u201c\u201d ") if name[:1] in "'\"" and name[-1:] in "'\"" else name


def _bare(angle: str) -> str:
    email = re.sub(r"\([^()]*\)", "", angle)
    email = CONTROLS.sub("", re.sub(r"\s+", "", email))
    if email[:7].lower() == "mailto:":
        email = email[7:]
    if email.startswith("@") and ":" in email:
        email = email.rsplit(":", 1)[-1]  # an old source route
    if "=?" in email:
        email = decode_words(email)
    email = email.strip("'").strip() if email[:1] == "'" and email[-1:] == "'" else email
    return email.rstrip(".,;:")[:320]
