"""Customers' mail that keeps coming while things break, and the accounting afterwards."""

import hashlib
import smtplib
import sys
import threading
import time
from collections import Counter
from email import policy
from email.message import EmailMessage
from typing import Self

from tests.flows.product import Product, await_that
from tests.flows.sink import Sink

SUPPORT = "support@company.example"


class Traffic:
    """Sends mail after mail from addresses of their own, each until it is accepted, as a mail server does.

    `accepted` are the keys of the mails that were answered 250, in order; `digests` the SHA-256 of each.
    `refusals` counts the answers that were not 250, by their code (0: no answer at all). With `permits` each
    new mail takes one and waits for it.
    """

    def __init__(
        self, product: Product, name: str, pause: float = 0.05, permits: threading.Semaphore | None = None
    ) -> None:
        self.product, self.name, self.pause, self.permits = product, name, pause, permits
        self.accepted: list[str] = []
        self.digests: dict[str, str] = {}
        self.refusals: Counter[int] = Counter()
        self.tries = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send_all, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(60)

    def await_more(self, count: int, patience: float = 60.0) -> None:
        """Wait until that many more mails have been accepted than now."""
        wanted = len(self.accepted) + count
        await_that(lambda: len(self.accepted) >= wanted, patience, f"{count} more mails accepted")

    def mail(self, key: str) -> EmailMessage:
        """The mail of a key: a question from an address of its own."""
        mail = EmailMessage()
        mail["From"] = address_of(key)
        mail["To"] = SUPPORT
        mail["Subject"] = f"Question {key}"
        mail["Message-ID"] = f"<{key}@customers.example>"
        mail.set_content(f"Can you help me with {key}?")
        return mail

    def hand_in(self, raw: bytes, sender: str) -> None:
        """Bring a mail to the product. Raises OSError or SMTPException where it is not accepted."""
        self.product.send_raw(raw, sender, SUPPORT)

    def _send_all(self) -> None:
        number = 0
        while self._may_go_on():
            number += 1
            key = f"{self.name}-{number}"
            mail = self.mail(key)
            raw = mail.as_bytes(policy=policy.SMTP)  # the same bytes at each try
            while not self._stopping.is_set() and not self._is_accepted(key, raw, mail["From"]):
                self._stopping.wait(0.2)
            self._stopping.wait(self.pause)

    def _may_go_on(self) -> bool:
        """False once it was stopped; waits for a permit where there are such."""
        while self.permits is not None and not self.permits.acquire(timeout=0.2):
            if self._stopping.is_set():
                return False
        return not self._stopping.is_set()

    def _is_accepted(self, key: str, raw: bytes, sender: str) -> bool:
        self.tries += 1
        try:
            self.hand_in(raw, sender)
        except (OSError, smtplib.SMTPException) as error:
            self.refusals[getattr(error, "smtp_code", 0)] += 1
            return False
        self.digests[key] = hashlib.sha256(raw).hexdigest()
        self.accepted.append(key)
        return True


def address_of(key: str) -> str:
    """The address of the customer who asks the question of a key."""
    return f"{key}@customers.example"


def open_for_mail(product: Product) -> None:
    """A team, its address and its agent, by the same actions that set-up uses."""
    product.manage("shell", "-v", "0", "-c", OPEN)


OPEN = f"""
from django.db import transaction
from helpdesk.models import SupportAddress
from tickets.models import Role, Team, User
with transaction.atomic():
    team, _ = Team.objects.get_or_create(name="Support")
    SupportAddress.objects.get_or_create(address="{SUPPORT}", defaults={{"team": team}})
    if not User.objects.filter(email="mira@company.example").exists():
        User.objects.create_user("mira@company.example", name="Mira", role=Role.AGENT).teams.add(team)
"""


def account(product: Product, traffic: Traffic, patience: float = 120.0) -> None:
    """Wait until everything that was accepted is worked off; then nothing may be missing or doubled."""
    prefix = f"Question {traffic.name}-"
    await_none(product, WAITING, patience, "mail waits")
    found = product.sql(
        "select subject, count(*) from tickets_ticket where subject like %s group by 1", prefix + "%"
    )
    tickets = Counter({subject.removeprefix("Question "): count for subject, count in found})
    lost = sorted(set(traffic.accepted) - set(tickets))
    doubled = sorted(key for key, count in tickets.items() if count > 1)
    assert (lost, doubled) == ([], [])
    states = {state for (state,) in product.sql("select distinct state from helpdesk_inboundemail")}
    assert states <= {"filed", "duplicate"}


WAITING = "select count(*) from helpdesk_inboundemail where state = 'waiting'"
UNSENT = "select count(*) from helpdesk_delivery where state in ('queued', 'in_flight', 'retrying')"


def await_none(product: Product, count: str, patience: float, what: str) -> None:
    """Wait until the query counts nothing; fail when for `patience` seconds the number has not gone down."""
    least, since = sys.maxsize, time.monotonic()
    while (left := product.sql(count)[0][0]) > 0:
        if left < least:
            least, since = left, time.monotonic()
        assert time.monotonic() - since < patience, f"{left} {what}, and none less for {patience} s"
        time.sleep(0.2)


def account_for_answers(product: Product, traffic: Traffic, sink: Sink, patience: float = 180.0) -> int:
    """Every accepted mail's acknowledgement has left. Returns the number of extra copies, each of which must
    carry the Message-ID of the first."""
    await_none(product, UNSENT, patience, "answers have not left")
    # What may have arrived before a crash is tried once more after its gap: wait for those that did not.
    wanted = {address_of(key) for key in traffic.accepted}
    await_that(lambda: wanted <= sink.by_recipient().keys(), patience, "an answer to every accepted mail")
    extra = 0
    told = sink.by_recipient()
    for address in wanted:
        answers = told[address]
        assert len({mail["Message-ID"] for mail in answers}) == 1, f"two different answers to {address}"
        extra += len(answers) - 1
    return extra
