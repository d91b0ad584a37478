"""The attack corpora as mails: many payloads a mail, each in a part of its own, so that none hides one."""

from __future__ import annotations

import base64
import json
import urllib.parse

from tests.helpdesk.mail.agreement import CORPORA

HTML = CORPORA / "attacks" / "html_sanitizer" / "cases.json"
LINES = CORPORA / "attacks" / "payload_lines" / "cases.json"
PARTS = 180
"""Payloads a mail: below the number of parts that is read."""
MARK = "An attack of the corpora, number"


def payloads() -> list[str]:
    """Every payload of both corpora; two of three are for HTML, the rest are lines that people type."""
    return [case["payload"] for path in (HTML, LINES) for case in json.loads(path.read_text())]


def html_mails(sender: str, to: str) -> list[bytes]:
    """Mails that hold every payload as HTML, each but the first an answer to the first."""
    found = payloads()
    return [
        _mail(sender, to, found[start], found[start : start + PARTS], start)
        for start in range(0, len(found), PARTS)
    ]


def line_mails(sender: str, to: str, step: int = 211) -> list[bytes]:
    """Mails with a payload as subject, as name of the sender, as words, and as name of a file."""
    found = [one for one in payloads() if len(one) < 400][::step]
    return [_plain(f"s{n}.{sender}", to, payload, n) for n, payload in enumerate(found)]


def _mail(sender: str, to: str, subject: str, pieces: list[str], number: int) -> bytes:
    parts = [b"Content-Type: text/plain\r\n\r\n%s %d.\r\n" % (MARK.encode(), number)]
    parts += [
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + _base64(piece)
        for piece in pieces
    ]
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    answers = b"In-Reply-To: <html0@attacks.example>\r\n" if number else b""
    return (
        _head(sender, to, subject, f"html{number}")
        + answers
        + b"Content-Type: multipart/mixed; boundary=edge\r\n\r\n"
        + body
    )


def _plain(sender: str, to: str, payload: str, number: int) -> bytes:
    name = urllib.parse.quote(payload[:150], safe="").encode()
    return (
        _head(sender, to, payload, f"line{number}", name=payload)
        + b"Content-Type: multipart/mixed; boundary=edge\r\n\r\n--edge\r\n"
        + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + _base64(payload)
        + b"--edge\r\nContent-Type: text/html\r\n"
        + b"Content-Disposition: attachment; filename*=utf-8''%s\r\n\r\nx\r\n" % name
        + b"--edge--\r\n"
    )


def _head(sender: str, to: str, subject: str, identity: str, name: str = "Eve") -> bytes:
    def word(text: str) -> bytes:
        return b"=?utf-8?b?" + base64.b64encode(text.encode("utf-8", "replace")) + b"?="

    return (
        b"From: %s <%s>\r\nTo: %s\r\nSubject: %s\r\n"
        % (word(name), sender.encode(), to.encode(), word(subject))
        + b"Message-ID: <%s@attacks.example>\r\nMIME-Version: 1.0\r\n" % identity.encode()
    )


def _base64(text: str) -> bytes:
    return base64.encodebytes(text.encode("utf-8", "replace")).replace(b"\n", b"\r\n") + b"\r\n"
