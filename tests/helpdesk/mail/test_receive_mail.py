"""The command that takes mail from files."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from helpdesk.models import InboundEmail, SupportAddress
from tests.cast import Cast
from tests.helpdesk.mail.post import SUPPORT, bounce_of, letter
from tickets.models import Ticket


@pytest.fixture(autouse=True)
def support(cast: Cast) -> SupportAddress:
    return SupportAddress.objects.create(address=SUPPORT, team=cast.tech)


def received(tmp_path: Path, *mails: bytes, **options: Any) -> list[dict]:
    paths = []
    for number, raw in enumerate(mails):
        path = tmp_path / f"{number}.eml"
        path.write_bytes(raw)
        paths.append(str(path))
    out = io.StringIO()
    call_command("receive_mail", *paths, json=True, stdout=out, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_file_gets_one_line_in_order(tmp_path):
    raw = (
        b"From: =?utf-8?q?J=C3=BCrgen?= <j@x.example>\r\n"
        b"To: support@desk.example\r\nCc: Ann <ann@x.example>\r\n"
        b"Subject: Hi\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <1@x.example>\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        b"New.\r\n\r\n> old\r\n--b\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n"
    )
    first, second = received(tmp_path, raw, raw)
    assert first["file"].endswith("0.eml")
    assert (first["state"], first["new_ticket"], first["automatic"], first["bounce"]) == (
        "filed",
        True,
        False,
        None,
    )
    assert first["ticket"] == Ticket.objects.get().reference
    assert (first["message_id"], first["from"]) == ("1@x.example", {"name": "Jürgen", "email": "j@x.example"})
    assert first["cc"] == [{"name": "Ann", "email": "ann@x.example"}]
    assert first["date"] == "1997-11-21T15:55:06+00:00"
    assert (first["text"], first["visible"], first["quoted"]) == ("New.\n\n> old", "New.", "> old")
    assert [(one["name"], one["type"], one["size"]) for one in first["attachments"]] == [
        ("a.pdf", "application/pdf", 1)
    ]
    assert (second["state"], second["ticket"], second["new_ticket"]) == ("duplicate", first["ticket"], False)


def test_a_bounce_says_who_and_why(tmp_path):
    (answer,) = received(tmp_path, bounce_of("d1.x@desk.example", "ann@x.example"))
    assert (answer["state"], answer["automatic"]) == ("quiet", True)
    assert answer["bounce"]["original_message_id"] == "d1.x@desk.example"
    assert answer["bounce"]["recipients"] == [
        {
            "address": "ann@x.example",
            "status": "5.1.1",
            "reply_code": "550",
            "hard": True,
            "reason": "userunknown",
        }
    ]
    assert answer["bounce"]["feedback_report"] is False


def test_a_dry_run_keeps_nothing(tmp_path):
    answers = received(tmp_path, letter(), b"", dry_run=True)
    assert [(one["state"], one["ticket"]) for one in answers] == [("filed", None), ("filed", None)]
    assert (InboundEmail.objects.count(), Ticket.objects.count()) == (0, 0)


def test_a_mailbox_file_with_one_mail_counts_as_a_mail(tmp_path):
    (answer,) = received(tmp_path, b"From ann@x.example Thu Apr 29 23:34:45 2015\n" + letter(subject="Boxed"))
    assert answer["subject"] == "Boxed"


def test_a_mail_server_that_pipes_is_told_what_to_do_by_the_exit_code(tmp_path, settings):
    mail = tmp_path / "a.eml"
    mail.write_bytes(letter())

    def code(path: Path) -> int:
        with pytest.raises(CommandError) as refused:
            call_command("receive_mail", str(path))
        return refused.value.returncode

    assert code(tmp_path / "nowhere.eml") == 66
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before; ALTER TABLE helpdesk_inboundemail RENAME COLUMN raw TO elsewhere")
        assert code(mail) == 75
        cursor.execute("ROLLBACK TO before")
    settings.SMTP_SIZE = 50
    assert code(mail) == 69
    wrong = {**os.environ, "SMTP_SIGN_IN": "nonsense"}
    done = subprocess.run(
        [sys.executable, "manage.py", "receive_mail", "-"], env=wrong, input=b"x", check=False
    )
    assert done.returncode == 75


def test_the_envelope_of_a_pipe_is_kept(tmp_path):
    received(tmp_path, letter(), sender="ann@x.example", recipient=[SUPPORT, "sales@desk.example"])
    row = InboundEmail.objects.get()
    assert (row.envelope_from, row.envelope_to) == ("ann@x.example", [SUPPORT, "sales@desk.example"])


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.eml cannot be read"):
        call_command("receive_mail", str(tmp_path / "nowhere.eml"))
