"""Customers who send files and write again, an agent who answers each of them, and the accounting of all."""

import json
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any, Self

from tests.flows import traffic as flow
from tests.flows.product import Product, await_that
from tests.flows.sink import Sink
from tests.flows.traffic import Traffic, address_of
from tests.helpdesk.mail.dovecot import PASSWORD, Dovecot

FILES, AGAIN = 0.2, 0.15
"""How many of the mails carry a file, and how many go on with a conversation."""


class Correspondence(Traffic):
    """Every so many mails carry a file of 20 to 120 kB that nobody sent before; others answer what we sent.

    `again` maps the key of a mail that goes on to the key of the question with which it began.
    """

    def __init__(
        self,
        product: Product,
        sink: Sink,
        name: str,
        chance: random.Random,
        permits: threading.Semaphore | None = None,
        files: float = FILES,
    ) -> None:
        super().__init__(product, name, 0.05, permits)
        self.sink, self.chance, self.files = sink, chance, files
        self.again: dict[str, str] = {}
        self.with_files: set[str] = set()

    def mail(self, key: str) -> EmailMessage:
        question = self._answered_question() if self.chance.random() < AGAIN else None
        mail = super().mail(key) if question is None else self._next_word(key, question)
        if self.chance.random() < self.files:
            self.with_files.add(key)
            file = self.chance.randbytes(self.chance.randrange(20_000, 120_000))
            mail.add_attachment(file, "application", "octet-stream", filename=f"{key}.bin")
        return mail

    def _answered_question(self) -> str | None:
        """A question of ours to which something came back."""
        for key in self.chance.sample(self.accepted, min(5, len(self.accepted))):
            if key not in self.again and self.sink.to(address_of(key)):
                return key
        return None

    def _next_word(self, key: str, question: str) -> EmailMessage:
        """An answer to the last that came, as a mail program writes it."""
        heard = self.sink.to(address_of(question))[-1]
        mail = EmailMessage()
        mail["From"] = address_of(question)
        mail["To"] = flow.SUPPORT
        mail["Subject"] = f"Re: {heard['Subject']}"
        mail["Message-ID"] = f"<{key}@customers.example>"
        mail["In-Reply-To"] = mail["References"] = heard["Message-ID"]
        mail.set_content(f"One more thing: {key}.")
        self.again[key] = question
        return mail


class MailboxCorrespondence(Correspondence):
    """Comes by way of a mailbox of its own, from which the fetcher takes it. What the mailbox holds counts as
    accepted."""

    def __init__(self, dovecot: Dovecot, *given: Any) -> None:
        super().__init__(*given)
        self.dovecot = dovecot
        source = MAILBOX.format(name=self.name, port=dovecot.port, password=PASSWORD)
        self.product.manage("shell", "-v", "0", "-c", source)

    def hand_in(self, raw: bytes, sender: str) -> None:
        self.dovecot.put(self.name, raw)


MAILBOX = """
from helpdesk.models import MailSource
row = MailSource(kind="imap", name="{name}", host="127.0.0.1", port={port}, security="none")
row.username = "{name}"
row.keep_secret({{"password": "{password}"}})
row.save()
"""


class Probe(Correspondence):
    """One plain question at a time, to see whether mail goes its whole way in and out."""

    def __init__(self, product: Product, sink: Sink) -> None:
        super().__init__(product, sink, "probe", random.Random(), threading.Semaphore(0))

    def mail(self, key: str) -> EmailMessage:
        return Traffic.mail(self, key)

    def await_round(self, patience: float = 120.0) -> float:
        """Seconds until a new question is accepted, is a ticket, and its acknowledgement has left."""
        began, asked = time.monotonic(), len(self.accepted)
        assert self.permits is not None
        self.permits.release()
        try:
            await_that(lambda: len(self.accepted) > asked, patience, "a new question is accepted")
            address = address_of(self.accepted[-1])
            await_that(lambda: self.sink.to(address), patience, "a new question is acknowledged")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._where_it_stands()}\n{self.product.logs()}") from None
        return time.monotonic() - began

    def _where_it_stands(self) -> str:
        """How far all mail has come, for the report of a failure."""
        tables = ("helpdesk_inboundemail", "helpdesk_delivery")
        states = [self.product.sql(f"select state, count(*) from {table} group by 1") for table in tables]
        return f"put off {dict(self.refusals)}, in {states[0]}, out {states[1]}"


class Agent:
    """Answers every ticket once through the API, each until the answer is taken. A context manager."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.answered: set[int] = set()
        self.refusals: Counter[str] = Counter()
        self._secret = product.manage("shell", "-v", "0", "-c", TOKEN).strip()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._answer_all, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join(60)

    def await_all(self, patience: float = 300.0) -> None:
        """Until every ticket that there is now has its answer."""
        there = {pk for (pk,) in self.product.sql("select id from tickets_ticket")}
        await_that(lambda: there <= self.answered, patience, f"an answer to every ticket {self.refusals}")

    def _answer_all(self) -> None:
        while not self._stopping.wait(0.3):
            try:
                there = {pk for (pk,) in self.product.sql("select id from tickets_ticket")}
            except Exception:  # the database is down at this moment
                continue
            for pk in sorted(there - self.answered):
                if self._stopping.is_set():
                    return
                if self._is_taken(pk):
                    self.answered.add(pk)

    def _is_taken(self, pk: int) -> bool:
        request = urllib.request.Request(
            self.product.url(f"/api/v1/tickets/{pk}/reply/"),
            data=json.dumps({"text": f"We look into number {pk}."}).encode(),
            headers={
                "Authorization": f"Token {self._secret}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"answer-{pk}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status == 201
        except OSError as error:
            self.refusals[str(error)] += 1
            return False


TOKEN = """
from helpdesk import actions
from tickets.models import User
print(actions.issue_token(User.objects.get(email="mira@company.example"), by=None)[1])
"""

INBOUND = """
    select sha256, state, message_id, duplicate_of_id, processed_at - received_at, reason
    from helpdesk_inboundemail
"""
SAID = """
    select message.internet_message_id, message.ticket_id, message.id, count(file.id)
    from tickets_message message left join tickets_attachment file on file.message_id = message.id
    where message.by = 'customer' group by message.id
"""


def account_for_mail(
    product: Product, senders: list[Correspondence], patience: float = 180.0
) -> dict[str, Any]:
    """Every mail that was answered 250 is one message, once, by its SHA-256; what went on is on the ticket
    with which it began; every file is there. Every row ended, and each in one way."""
    wanted = {sha256 for sender in senders for sha256 in sender.digests.values()}
    _await_rows(product, wanted, patience)
    flow.await_none(product, flow.WAITING, patience, "mail waits")
    rows = product.sql(INBOUND)
    ends: dict[str, Counter[str]] = {}
    for sha256, state, message, original, _took, _reason in rows:
        assert (state == "filed") == (message is not None), f"{state} with message {message}"
        assert (state == "duplicate") == (original is not None), f"{state} of {original}"
        ends.setdefault(sha256, Counter())[state] += 1
    reasons = {sha256: (state, reason) for sha256, state, *_rest, reason in rows}
    keys = {sha256: key for sender in senders for key, sha256 in sender.digests.items()}
    lost = {keys[one]: reasons.get(one, "no row") for one in wanted if not ends.get(one, {}).get("filed")}
    doubled = {keys.get(one, one): states for one, states in ends.items() if states["filed"] > 1}
    assert not lost, f"no message of {lost}"
    assert not doubled, f"twice a message: {doubled}"
    states = Counter(state for _sha, state, *_rest in rows)
    assert states.keys() <= {"filed", "duplicate"}, Counter((state, reason) for _, state, *_x, reason in rows)
    _account_for_words(product, senders)
    return {
        "mails accepted with 250": len(wanted),
        "of these with a file": sum(len(sender.with_files & sender.digests.keys()) for sender in senders),
        "of these going on with a ticket": sum(
            len(sender.again.keys() & sender.digests.keys()) for sender in senders
        ),
        "rows = messages + duplicates": f"{len(rows)} = {states['filed']} + {states['duplicate']}",
        "mails lost": 0,
        "mails doubled": 0,
        "slowest mail, from 250 to its ticket": _longest(row[4] for row in rows),
    }


def _await_rows(product: Product, wanted: set[str], patience: float) -> None:
    """What was answered 250 has its row already; what lies in a mailbox may still have to be fetched."""
    end = time.monotonic() + patience
    while missing := wanted - {
        sha256 for (sha256,) in product.sql("select sha256 from helpdesk_inboundemail")
    }:
        assert time.monotonic() < end, f"{len(missing)} mails never came in"
        time.sleep(0.5)


def _account_for_words(product: Product, senders: list[Correspondence]) -> None:
    said = product.sql(SAID)
    ids = Counter(internet_id for internet_id, *_rest in said if internet_id)
    assert not [one for one, count in ids.items() if count > 1], "a mail is two messages"
    ticket_of = {internet_id: ticket for internet_id, ticket, *_rest in said}
    files = {internet_id: count for internet_id, _ticket, _pk, count in said}
    for sender in senders:
        for key in sender.digests:
            own = f"{key}@customers.example"
            assert own in ticket_of, f"{key} is no message"
            assert files[own] == (key in sender.with_files), f"{key} has {files[own]} files"
            if key in sender.again:
                begun = ticket_of[f"{sender.again[key]}@customers.example"]
                assert ticket_of[own] == begun, f"{key} stands on another ticket"


DELIVERIES = """
    select internet_message_id, address, state, template, sent_at - created_at
    from helpdesk_delivery where state <> 'suppressed'
"""
ASKED = """
    select person.email from tickets_ticket ticket join tickets_user person on person.id = requester_id
    where ticket.id = any(%s)
"""


def account_for_letters(
    product: Product, agent: Agent, sink: Sink, patience: float = 300.0
) -> dict[str, Any]:
    """Every delivery has left under a Message-ID of its own, none that nobody wrote; copies are counted.

    Returns the figures; "extra copies …" are those beyond the first, each with the first one's Message-ID.
    """
    flow.await_none(product, flow.UNSENT, patience, "answers have not left")
    rows = product.sql(DELIVERIES)
    ours = {(internet_id, address): template for internet_id, address, _state, template, _took in rows}
    assert len(ours) == len(rows), "two deliveries share a Message-ID"
    # What may have arrived before a kill is tried once more after its gap: wait for those that did not.
    await_that(lambda: ours.keys() <= set(_arrived(sink)), patience, "every delivery at the mail server")
    assert {state for _id, _address, state, *_rest in rows} <= {"sent", "uncertain"}
    left = Counter(_arrived(sink))
    assert left.keys() == ours.keys(), f"{len(left.keys() - ours.keys())} mails that no delivery wrote"
    told = {address for (_id, address), template in ours.items() if template == "ticket.replied"}
    asked = {email for (email,) in product.sql(ASKED, list(agent.answered))}
    assert asked <= told, f"{len(asked - told)} customers without their answer"
    return {
        "mails out": len(ours),
        "of these answers of the agent": sum(template == "ticket.replied" for template in ours.values()),
        "of these that left": len(left),
        EXTRA: left.total() - len(left),
        "slowest mail out, from its event to the server": _longest(row[4] for row in rows),
    }


EXTRA = "extra copies (same Message-ID)"


def _longest(gaps: Iterable[timedelta | None]) -> str:
    return f"{max((gap for gap in gaps if gap), default=timedelta()).total_seconds():.1f} s"


def _arrived(sink: Sink) -> list[tuple[str, str]]:
    """Message-ID and recipient of all that the mail server took."""
    return [
        (mail["Message-ID"].strip("<> "), address)
        for addresses, mail in list(sink.accepted)
        for address in addresses
    ]
