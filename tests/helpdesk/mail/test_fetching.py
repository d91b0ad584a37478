"""Mail taken from mailboxes of a real server: every mail once, whatever breaks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from imapclient.exceptions import IMAPClientError

from helpdesk import imap
from helpdesk.actions import add_webhook, read_again
from helpdesk.imap import Trouble
from helpdesk.mail import fetching as fetching_module
from helpdesk.mail.fetching import Fetcher, Round, TakenOver
from helpdesk.mail.inbound import process
from helpdesk.models import InboundEmail, MailSource
from tests.flows.product import await_that, free_ports
from tests.helpdesk.mail.dovecot import MISSING, PASSWORD, Cutter, Dovecot, Greeter, TokenServer, dovecot
from tests.helpdesk.mail.post import letter
from tests.helpdesk.mail.test_listener import listening, send
from tests.helpdesk.mail.test_webhooks import KEY, bring, mailgun
from tickets.actions import NotAllowed
from tickets.models import Message

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "dovecot is there"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture(autouse=True)
def near(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers on loopback are ours, and nobody waits long."""
    settings.PRIVATE_TARGETS = ["127.0.0.0/8", "::1"]
    settings.IMAP_GAPS = (0.2,)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A mailbox of the test's own."""
    return request.node.name.removeprefix("test_")[:40]


def mailbox(server: Dovecot, name: str, *, password: str = PASSWORD, **fields: Any) -> MailSource:
    fields = {"host": "127.0.0.1", "port": server.port, "security": "none"} | fields
    row = MailSource(kind="imap", name=name, username=name, **fields)
    row.keep_secret({"password": password})
    row.save()
    return row


@contextmanager
def fetching() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=Fetcher(stop).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def fetch(row: MailSource) -> None:
    """All that is there now, on one connection."""
    row = of(row)
    with imap.signed_in(row, imap.ready_secret(row), 10.0) as box:
        while Round(of(row), box, Counter(), threading.Event()).run():
            pass


def mails(row: MailSource) -> list[bytes]:
    """What was stored from a source, in order, with the line ends of this machine."""
    stored = InboundEmail.objects.filter(source=row.name_in_mail).order_by("pk")
    return [bytes(one.raw).replace(b"\r\n", b"\n") for one in stored]


def of(row: MailSource) -> MailSource:
    return MailSource.objects.get(pk=row.pk)


def test_unread_and_new_mail_is_taken_whole_and_then_marked(server, name):
    old, first, second = letter("old"), letter("first ünïcode"), letter("second")
    server.put(name, old, flags=(rb"\Seen",))
    server.put(name, first)
    row = mailbox(server, name, counts_from_at="2099-01-01T00:00Z")
    with fetching():
        await_that(lambda: mails(row) == [first], 10)
        await_that(lambda: of(row).last_ok_at, 10)
        server.put(name, second)  # told by the server: IDLE
        await_that(lambda: mails(row) == [first, second], 10)
        await_that(lambda: server.seen(name) == [True, True, True], 10)
    assert (of(row).trouble, of(row).marks_due) == ("", [])


def test_the_same_numbers_after_a_rebuilt_folder_bring_no_mail_twice_and_lose_none(server, name):
    first, meanwhile, last = letter("first"), letter("meanwhile"), letter("last")
    row = mailbox(server, name)
    server.put(name, first)
    fetch(row)
    server.put(name, meanwhile, flags=(rb"\Seen",))  # read by somebody before we came
    server.renumber(name)
    fetch(row)
    server.put(name, last)
    fetch(row)
    assert mails(row) == [first, meanwhile, last]


def test_a_line_cut_in_mid_fetch_is_taken_up_again(server, name):
    raws = [letter(f"{number}\n" + f"{'x' * 70}\n" * 400) for number in range(3)]
    server.put(name, *raws)
    cuts = []

    def cut(said: bytes) -> bool:
        if len(said) < 45_000 or len(cuts) == 2:
            return False
        cuts.append(len(said))
        return True

    with Cutter(server.port, cut) as proxy, fetching():
        row = mailbox(server, name, port=proxy.port)
        await_that(lambda: len(mails(row)) == 3, 20)
        await_that(lambda: server.seen(name) == [True] * 3, 10)
    assert (mails(row), len(cuts), of(row).trouble) == (raws, 2, "")


def test_a_line_cut_before_the_mark_marks_later_and_takes_nothing_twice(server, name):
    server.put(name, letter("one"))
    with Cutter(server.port, lambda said: b"Store completed" in said) as proxy:
        row = mailbox(server, name, port=proxy.port)
        with pytest.raises(Trouble):
            fetch(row)
    assert (len(mails(row)), of(row).marks_due) == (1, [1])
    MailSource.objects.update(port=server.port)
    fetch(row)
    assert (len(mails(row)), of(row).marks_due, server.seen(name)) == (1, [], [True])


def test_what_was_taken_is_moved_or_deleted_as_the_source_says(server, name):
    for after in ("move", "delete"):
        who = f"{name}.{after}"
        server.put(who, letter())
        row = mailbox(server, who, after=after, move_to="Helpdesk/Taken")
        fetch(row)
        assert (len(mails(row)), server.seen(who)) == (1, [])
        with server.box(who) as client:
            folders = [one[2] for one in client.list_folders()]
        assert (f"Helpdesk{server.separator}Taken" in folders) is (after == "move")


def test_too_large_a_mail_is_shown_and_stays_where_it_is(server, name, settings):
    settings.SMTP_SIZE = 5_000
    server.put(name, letter("x" * 9_000, subject="Plans"), letter("small"))
    row = mailbox(server, name, after="delete")
    fetch(row)
    large, small = InboundEmail.objects.filter(source=row.name_in_mail).order_by("pk")
    assert (large.state, large.reason, small.state) == ("quarantined", "too large", "waiting")
    assert large.size > 9_000
    assert b"Subject: Plans" in bytes(large.raw)
    assert "at most 5,000 are taken" in large.error
    assert server.seen(name) == [False]
    with pytest.raises(NotAllowed):
        read_again(large, by=None)


def test_newer_mail_does_not_wait_behind_a_backlog(server, name, settings, monkeypatch):
    monkeypatch.setattr(fetching_module, "LOOK_SECONDS", 0.0)
    settings.IMAP_BACKLOG, settings.IMAP_BATCH = 10, 4
    row = mailbox(server, name)
    server.put(name, letter("0"))
    fetch(row)
    raws = [letter(str(number)) for number in range(1, 14)]
    server.put(name, *raws)
    row = of(row)
    InboundEmail.objects.update(state="filed")
    with imap.signed_in(row, imap.ready_secret(row), 10.0) as box:
        assert Round(row, box, Counter(), threading.Event()).run()
        server.put(name, late := letter("late"))
        assert Round(of(row), box, Counter(), threading.Event()).run()
        assert mails(row)[1:] == [*raws[:4], late, *raws[4:8]]
        assert Round(of(row), box, Counter(), threading.Event()).run()
        assert len(mails(row)) == 1 + 13
        assert Round(
            of(row), box, Counter(), threading.Event()
        ).run()  # it waits while so much waits to be filed
        assert len(mails(row)) == 1 + 13
    InboundEmail.objects.update(state="filed")
    fetch(row)
    assert sorted(mails(row)[1:]) == sorted([*raws, late])


def test_a_mail_that_the_server_keeps_from_us_does_not_hold_up_the_others(server, name):
    server.put(name, letter("one"), letter("two"), letter("three"))
    row = mailbox(server, name)
    row = of(row)
    with imap.signed_in(row, imap.ready_secret(row), 10.0) as box:
        whole = box.bodies

        def refusing(uids: Any) -> dict[int, bytes]:
            if 2 in uids:
                raise IMAPClientError("NO")
            return whole(uids)

        box.bodies = refusing  # type: ignore[method-assign]
        while Round(of(row), box, Counter(), threading.Event()).run():
            pass
    states = InboundEmail.objects.order_by("pk").values_list("state", "reason")
    assert list(states) == [("waiting", ""), ("quarantined", "not handed out"), ("waiting", "")]


def test_two_fetchers_share_no_mailbox(server, name):
    raws = [letter(str(number)) for number in range(20)]
    server.put(name, *raws)
    row = mailbox(server, name)
    with fetching(), fetching():
        await_that(lambda: len(mails(row)) == 20, 20)
    assert mails(row) == raws
    stale = of(row)
    server.put(name, letter("late"))
    with imap.signed_in(stale, {"password": PASSWORD}, 10.0) as box:
        MailSource.objects.update(last_uid=F("last_uid") + 1)  # another process was faster
        with pytest.raises(TakenOver):
            Round(stale, box, Counter(), threading.Event()).run()
    assert len(mails(row)) == 20


def test_what_is_wrong_is_told_in_our_words_without_the_secret(server, name, settings, caplog):
    caplog.set_level("DEBUG")
    (nobody,) = free_ports(1)
    cases = {
        "login": {"password": "wrong-canary"},
        "folder": {"folder": "Nowhere"},
        "unreachable": {"port": nobody},
        "no_imap": {"port": server.tls_port},
        "no_tls": {"port": server.port, "security": "tls"},
        "certificate": {"port": server.tls_port, "security": "tls"},
    }
    for code, fields in cases.items():
        row = mailbox(server, f"{name}.{code}"[:90], **fields)
        if code == "no_imap":
            proxy = Greeter(b"220 mail.example ESMTP\r\n")
            row.port = proxy.port
        with pytest.raises(Trouble) as trouble:
            imap.look(row, imap.ready_secret(row))
        assert trouble.value.code == code
        words = imap.words_of(row, code, trouble.value.detail)
        assert words
        assert "canary" not in words
    assert "canary" not in caplog.text
    settings.PRIVATE_TARGETS = []
    with pytest.raises(Trouble) as refused:
        imap.look(row, {})
    assert refused.value.code == "refused_target"


def test_tls_starttls_and_oauth_sign_in(server, name, monkeypatch, settings):
    settings.PRIVATE_TARGETS = ["localhost"]
    monkeypatch.setenv("SSL_CERT_FILE", str(server.home / "cert.pem"))
    provider = TokenServer(server, name)
    for security, port in (("tls", server.tls_port), ("starttls", server.port)):
        row = mailbox(server, f"{name}.{security}", security=security, port=port, host="localhost")
        assert imap.look(row, imap.ready_secret(row)).mails == 0
    row = mailbox(server, name, security="tls", port=server.tls_port, host="localhost", sign_in="xoauth2")
    row.keep_secret({"client_id": "us", "refresh_token": "r1", "token_url": provider.url})
    row.save()
    server.put(name, letter())
    with fetching():
        await_that(lambda: len(mails(row)) == 1, 10, str(provider.asked))
    kept = of(row).secret()
    assert (kept["refresh_token"], len(provider.asked)) == ("r2", 1)
    assert provider.asked[0]["grant_type"] == "refresh_token"
    provider.refuses = True
    row.keep_secret(kept | {"expires_at": 0})
    with pytest.raises(Trouble) as refused:
        imap.ready_secret(row)
    assert refused.value.code == "token"
    provider.close()


def test_the_same_mail_at_once_by_every_way_is_one_message(server, name, monkeypatch):
    raw = letter("Once, please.").replace(b"\n", b"\r\n")
    row = mailbox(server, name)
    caller = add_webhook("Gun", "mailgun", key=KEY, by=None)
    server.put(name, *[raw] * 4)
    with listening(monkeypatch) as (port, _lmtp), ThreadPoolExecutor(8) as threads:
        threads.submit(_closing, lambda: fetch(row))
        ways = [lambda: bring(caller, mailgun(raw)), lambda: send(port, raw)] * 8
        answers = list(threads.map(_closing, ways))
    assert answers == [200, 250] * 8
    connection.close()
    waiting = list(InboundEmail.objects.values_list("pk", flat=True))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda pk: _closing(lambda: process(pk)), waiting))
    sources = set(InboundEmail.objects.values_list("source", flat=True))
    assert sources == {"smtp", row.name_in_mail, caller.name_in_mail}
    states = Counter(InboundEmail.objects.values_list("state", flat=True))
    assert (states["filed"], states["duplicate"]) == (1, len(waiting) - 1)
    assert Message.objects.count() == 1


def _closing(work: Callable[[], Any]) -> Any:
    """Work of a thread, which leaves no connection to the database open."""
    try:
        return work()
    finally:
        connection.close()
