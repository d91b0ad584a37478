"""The SMTP listener, spoken to over a real socket: what it promises, it has stored."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
import uvloop
from aiosmtpd.smtp import SMTP
from django.db import DataError, connection

from helpdesk.heartbeats import last_beats
from helpdesk.mail import listener
from helpdesk.mail.inbound import Arrival
from helpdesk.mail.keeping import Keeper
from helpdesk.models import InboundEmail, SupportAddress
from tests.flows.product import await_that, free_ports
from tests.helpdesk.mail.dovecot import certificate
from tests.helpdesk.mail.post import SUPPORT, letter
from tickets.models import Team

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with listening(monkeypatch) as (number, _lmtp):
        yield number


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A listener in a thread of this process, on ports of its own (SMTP, LMTP); support@desk.example is
    ours."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)  # no thread keeps the test database open
    SupportAddress.objects.create(address=SUPPORT, team=Team.objects.create(name="Tech"))
    number, lmtp = free_ports(2)
    loop, stop, ready = uvloop.new_event_loop(), asyncio.Event(), asyncio.Event()
    serving = listener.serve("127.0.0.1", number, stop, ready, lmtp_port=lmtp)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
    thread.start()
    await_that(ready.is_set, 10)
    yield number, lmtp
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def connect(port: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", port, timeout=30)


def send(port: int, raw: bytes, to: str = SUPPORT, sender: str = "ann@x.example") -> int:
    """The code that answered the mail."""
    with connect(port) as session:
        try:
            session.sendmail(sender, [to], raw)
        except smtplib.SMTPRecipientsRefused as error:
            return next(iter(error.recipients.values()))[0]
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
    return 250


def test_a_mail_answered_with_250_is_stored_whole(port):
    raw = letter("Line\n.\n..dots and ünïcode", message_id="<a@x.example>").replace(b"\n", b"\r\n")
    assert send(port, raw) == 250
    row = InboundEmail.objects.get()
    assert bytes(row.raw).rstrip() == raw.rstrip()
    assert (row.source, row.envelope_from, row.envelope_to) == ("smtp", "ann@x.example", [SUPPORT])


def test_the_null_return_path_is_kept_as_such(port):
    assert send(port, letter(), sender="") == 250
    assert InboundEmail.objects.get().envelope_from == "<>"


def test_lines_longer_than_the_rule_are_taken(port):
    assert send(port, letter("x").replace(b"\n\nx", b"\n\n" + b"x" * 200_000)) == 250


def test_mail_for_other_domains_is_refused_and_every_name_of_ours_taken(port):
    assert send(port, letter(), to="someone@elsewhere.example") == 550
    assert send(port, letter(), to="mistyped@DESK.example") == 250


@pytest.mark.parametrize("path", [
    "<ann@x.example>", "<ann.b+c@x.example> SIZE=100 BODY=8BITMIME", "<o'hara=1@mail.x.example>\tSIZE=1",
    "<ann..b@x.example>", "<ann@x.example", '<"a b"@x.example> SIZE=9', "<@relay.example:ann@x.example>",
    "<ann@[192.0.2.1]>", "<ünï@x.example>", "ann@x.example", "<>", "<ann@x.example><b@x.example>",
])  # fmt: skip
def test_a_path_is_read_as_the_general_parser_reads_it(db, path):
    ours = listener.Server(listener.Listener())
    assert ours._getaddr(path) == SMTP._getaddr(ours, path)


def test_names_are_not_told(port):
    with connect(port) as session:
        session.ehlo()
        assert {session.verify(SUPPORT)[0], session.verify("nobody@desk.example")[0]} == {252}
        assert session.docmd("EXPN", "all")[0] in (500, 502)


def test_too_large_a_mail_is_told_to_its_sender(port, settings):
    settings.SMTP_SIZE = 10_000
    with connect(port) as session:
        session.ehlo()
        assert session.esmtp_features["size"] == "10000"
        assert session.docmd("MAIL", "FROM:<a@x.example> SIZE=10001")[0] == 552
    with connect(port) as session:
        session.ehlo("x")
        session.esmtp_features.pop("size")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            session.sendmail("a@x.example", [SUPPORT], letter("y" * 20_000))
        assert refused.value.smtp_code == 552
        assert refused.value.smtp_error.startswith(b"5.3.4")
    assert InboundEmail.objects.count() == 0


def test_too_many_recipients_are_put_off(port, settings):
    settings.SMTP_RECIPIENTS = 2
    with connect(port) as session:
        refused = session.sendmail("a@x.example", [f"n{n}@desk.example" for n in range(3)], letter())
    assert [code for code, _ in refused.values()] == [452]
    assert len(InboundEmail.objects.get().envelope_to) == 2


def test_too_many_sessions_are_put_off(port, settings):
    settings.SMTP_SESSIONS = 1
    with connect(port), pytest.raises(smtplib.SMTPConnectError) as refused:
        connect(port)
    assert refused.value.smtp_code == 421
    await_that(lambda: send(port, letter()) == 250, 10)


def test_who_connects_and_leaves_at_once_is_not_counted_on(port, settings):
    settings.SMTP_SESSIONS = 2
    for _visit in range(6):
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    await_that(lambda: _greeting(port).startswith("220"), 5)


def _greeting(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        return connection.recv(200).decode()


def test_a_sender_that_hangs_up_before_the_dot_leaves_nothing(port):
    with closing(socket.create_connection(("127.0.0.1", port))) as line:
        line.sendall(
            b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\nSubject: half"
        )
        time.sleep(0.2)
    assert send(port, letter()) == 250
    assert InboundEmail.objects.count() == 1


def test_a_locked_table_is_answered_in_time_with_451_and_stores_nothing(port, settings):
    settings.SMTP_ANSWER_SECONDS = 2.0
    with _second_connection() as other:
        other.execute("BEGIN; LOCK TABLE helpdesk_inboundemail IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        assert send(port, letter()) == 451
        assert time.monotonic() - began < 10
        other.execute("ROLLBACK")
    assert send(port, letter()) == 250
    assert InboundEmail.objects.count() == 1


def test_after_its_database_connections_died_the_listener_goes_on(port):
    assert send(port, letter()) == 250
    with _second_connection() as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()
    await_that(lambda: send(port, letter()) == 250, 10)


def test_senders_encrypt_and_sign_in_where_that_is_asked_for(tmp_path, settings, monkeypatch):
    settings.SMTP_TLS_CERT = str(certificate(tmp_path))
    settings.SMTP_TLS_KEY = str(tmp_path / "key.pem")
    settings.SMTP_SIGN_IN = "relay:canary-8a1"
    settings.SMTP_SIGN_INS_A_MINUTE = 2
    trusting = ssl.create_default_context(cafile=settings.SMTP_TLS_CERT)
    with listening(monkeypatch) as (number, _lmtp), connect(number) as session:
        session.ehlo()
        assert "auth" not in session.esmtp_features
        assert session.docmd("MAIL", "FROM:<a@x.example>")[0] == 530
        session.starttls(context=trusting)
        session.login("relay", "canary-8a1")
        session.sendmail("a@x.example", [SUPPORT], letter())
        with connect(number) as other:  # the session after STARTTLS is still one session
            other.starttls(context=trusting)
            other.ehlo()
            guess = base64.b64encode(b"\0relay\0guess").decode()
            assert [other.docmd("AUTH", f"PLAIN {guess}")[0] for _ in range(3)] == [535, 535, 454]
    assert InboundEmail.objects.count() == 1


def test_by_lmtp_each_recipient_has_its_answer(settings, monkeypatch):
    settings.SMTP_SIZE = 10_000
    with (
        listening(monkeypatch) as (_smtp, lmtp),
        closing(socket.create_connection(("127.0.0.1", lmtp), timeout=8)) as line,
        line.makefile("rwb", buffering=0) as words,
    ):

        def say(text: bytes, answers: int = 1) -> list[bytes]:
            words.write(text + b"\r\n")
            return [words.readline()[:9] for _ in range(answers)]

        assert words.readline().startswith(b"220")
        assert say(b"EHLO x") == [b"500 Error"]
        assert b"250 HELP" in b"".join(iter_answer(words, b"LHLO x"))
        for body, answer in ((letter(), b"250 2.0.0"), (letter("x" * 20_000), b"552 5.3.4")):
            assert say(b"MAIL FROM:<>") == [b"250 2.1.0"]
            assert say(b"RCPT TO:<support@desk.example>") == [b"250 2.1.5"]
            assert say(b"RCPT TO:<someone@elsewhere.example>") == [b"550 5.7.1"]
            assert say(b"RCPT TO:<sales@desk.example>") == [b"250 2.1.5"]
            assert say(b"DATA") == [b"354 End d"]
            assert say(body.replace(b"\n", b"\r\n") + b".", 2) == [answer, answer]
    row = InboundEmail.objects.get()
    assert (row.source, row.envelope_to) == ("lmtp", [SUPPORT, "sales@desk.example"])


def iter_answer(words: Any, command: bytes) -> Iterator[bytes]:
    words.write(command + b"\r\n")
    while True:
        line = words.readline()
        yield line
        if line[3:4] != b"-":
            return


def test_an_address_in_a_hurry_is_slowed_down_and_a_relay_of_ours_is_not(settings, monkeypatch):
    settings.SMTP_MAILS_A_MINUTE, settings.SMTP_CONNECTIONS_A_MINUTE = 2, 3
    monkeypatch.setattr(listener, "_is_ours", lambda address: address in settings.SMTP_RELAYS)
    with listening(monkeypatch) as (number, _lmtp):
        with connect(number) as session:
            session.ehlo()
            codes = []
            for _ in range(3):
                codes.append(session.docmd("MAIL", "FROM:<a@x.example>")[0])
                session.rset()
        assert codes == [250, 250, 451]
        assert send(number, letter()) == 451
        connect(number).close()
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            connect(number)
        assert refused.value.smtp_code == 421
        settings.SMTP_RELAYS = ["127.0.0.1"]
        assert send(number, letter()) == 250


def test_relays_are_listed_by_address_or_network(settings):
    settings.SMTP_RELAYS = ["10.2.0.0/16", "2001:db8::5"]
    ours = ["127.0.0.1", "::1", "10.2.9.9", "2001:db8::5", "local"]
    assert [one for one in [*ours, "10.3.0.1", "2001:db8::6", "8.8.8.8"] if listener._is_ours(one)] == ours


def test_the_listener_shows_that_it_lives(port):
    await_that(lambda: "smtp" in last_beats(), 10)


def _second_connection() -> Any:
    settings_dict = connection.settings_dict
    return psycopg.connect(
        host=settings_dict["HOST"], port=settings_dict["PORT"] or None, user=settings_dict["USER"],
        password=settings_dict["PASSWORD"] or None, dbname=settings_dict["NAME"], autocommit=True,
    )  # fmt: skip


def test_mails_that_come_at_once_are_committed_together_and_a_bad_one_alone_fails(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    refused = Arrival(letter("Bad"), "smtp", "", ["half a \ud800 character"])
    large = Arrival(letter("Large" * 300_000), "smtp", "", [SUPPORT])
    arrivals = [large, *(Arrival(letter(f"Mail {nth}"), "smtp", "", [SUPPORT]) for nth in range(9))]

    async def keep_all(arrivals: list[Arrival]) -> list[BaseException | None]:
        with ThreadPoolExecutor(2) as threads:
            keeper = Keeper(threads)
            waiting = (keeper.keep(one, time.monotonic() + 30) for one in arrivals)
            return await asyncio.gather(*waiting, return_exceptions=True)

    def keep(arrivals: list[Arrival]) -> list[BaseException | None]:
        with ThreadPoolExecutor(1) as apart:  # a browser's event loop may run in this thread
            return apart.submit(asyncio.run, keep_all(arrivals)).result()

    assert keep(arrivals) == [None] * 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM helpdesk_inboundemail")
        assert cursor.fetchone() == (3,)  # the large one and the first small one at once, the others waited
    (*fine, error) = keep([*arrivals, refused])
    assert fine == [None] * 10
    assert isinstance(error, DataError)
    assert InboundEmail.objects.count() == 20
