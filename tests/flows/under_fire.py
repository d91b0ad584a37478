"""A running product under fire: who writes to it, what breaks, and the accounting that must come out right.

Its full form is `bin/drill mail`, its small one `tests/flows/test_faults.py`.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.flows import correspondence, disks
from tests.flows import traffic as flow
from tests.flows.correspondence import EXTRA, Agent, Correspondence, MailboxCorrespondence, Probe
from tests.flows.disks import NoDisk
from tests.flows.faults import Fault
from tests.flows.product import Product, await_that
from tests.flows.sink import Sink
from tests.helpdesk.mail import dovecot

SENDERS = 4


class UnderFire:
    """A product, who writes to it, and what breaks."""

    def __init__(self, stack: ExitStack, folder: Path, mails: int) -> None:
        self.mails = mails
        self.skipped: dict[str, str] = {}
        self.backs: defaultdict[str, list[float]] = defaultdict(list)
        self.sink = stack.enter_context(Sink())
        self.product = Product(
            folder / "data",
            EMAIL_URL=self.sink.url,
            API_REQUESTS="1000000",
            PRIVATE_TARGETS="127.0.0.1",
            WEB_WORKERS="2",
        )
        stack.callback(self.product.end)
        self.product.start()
        flow.open_for_mail(self.product)
        self.product.await_health()
        self.tap = Tap()
        self.senders = [self._sender(f"sender{nth}") for nth in range(SENDERS)]
        self._add_mailbox(stack)
        self.probe = Probe(self.product, self.sink)
        self.filer = Correspondence(
            self.product, self.sink, "filer", random.Random(), threading.Semaphore(0), files=1.0
        )
        self.full_disks: list[Fault] = []
        self._add_disks(stack, folder)

    @property
    def all(self) -> list[Correspondence]:
        return [*self.senders, self.probe, self.filer]

    def _sender(self, name: str) -> Correspondence:
        return Correspondence(self.product, self.sink, name, _chance(), self.tap.permits)

    def _add_mailbox(self, stack: ExitStack) -> None:
        if dovecot.MISSING:
            self.skipped["skipped: mail through a mailbox"] = dovecot.MISSING
            return
        server = stack.enter_context(dovecot.dovecot())
        given = (self.product, self.sink, "mailbox", _chance(), self.tap.permits)
        self.senders.append(MailboxCorrespondence(server, *given))

    def _add_disks(self, stack: ExitStack, folder: Path) -> None:
        for table in ("tickets_blob", "helpdesk_inboundemail"):
            room = 64_000_000 + self.mails * 60_000
            try:
                disk = stack.enter_context(disks.small_disk(self.product, folder / table, table, room))
            except NoDisk as reason:
                self.skipped[f"skipped: disk full for {table}"] = str(reason)
            else:
                self.full_disks.append(disks.full(disk, self.filer))
        stack.callback(self.product.end)  # before the disks go

    def run(self, plan: list[Fault], *, rounds: bool) -> dict[str, Any]:
        """Break things in this order while mail comes, and account for all of it; then stop the product.

        With `rounds` each fault is followed by the time until mail goes its whole way again; without, the
        next one comes at once.
        """
        with ExitStack() as stack:
            agent = stack.enter_context(Agent(self.product))
            for each in self.all:
                stack.enter_context(each)
            for nth, fault in enumerate(plan):
                self._break(fault, self.mails * (nth + 1) // (len(plan) + 1), rounds)
            self.tap.open_until(self.mails)
            await_that(lambda: self._accepted() >= self.mails, 600, f"{self.mails} mails accepted")
            for each in self.all:
                each.stop()
            figures = correspondence.account_for_mail(self.product, self.all)
            agent.await_all()
        figures |= correspondence.account_for_letters(self.product, agent, self.sink)
        assert figures[EXTRA] <= len(plan), f"{figures[EXTRA]} extra copies after {len(plan)} faults"
        self.product.manage("rebuild_clocks", "--verify")
        refusals = sum((each.refusals for each in self.all), start=Counter[int]())
        return {
            "faults": len(plan),
            **figures,
            "tries that were put off": _put_off(refusals),
            **{f"{name}: the whole way in and out again": _times(self.backs[name]) for name in self.backs},
            "clocks rebuilt from events that differ": 0,
            **self.skipped,
        }

    def _break(self, fault: Fault, until: int, measured: bool) -> None:
        """One fault, somewhere on the way of the mails up to `until`."""
        name = fault.__name__.replace("_", " ")
        print(f"{name:<36}", end=" ", flush=True)
        somewhere = random.randint(self._accepted(), until)
        self.tap.open_until(until)
        await_that(lambda: self._accepted() >= somewhere, 600, f"{somewhere} mails accepted")
        time.sleep(random.uniform(0, 0.3))  # anywhere in the work, not always between two mails
        fault(self.product)
        if measured:
            self.backs[name].append(self.probe.await_round())
            print(f"the whole way in and out after {self.backs[name][-1]:.1f} s", end="", flush=True)
        print(flush=True)

    @property
    def slowest(self) -> float:
        """Seconds after the worst fault until mail went its whole way again."""
        return max((took for gaps in self.backs.values() for took in gaps), default=0.0)

    def _accepted(self) -> int:
        return sum(len(sender.accepted) for sender in self.senders)


class Tap:
    """Lets mail come as far as it is opened."""

    def __init__(self) -> None:
        self.permits = threading.Semaphore(0)
        self._opened = 0

    def open_until(self, mails: int) -> None:
        for _mail in range(mails - self._opened):
            self.permits.release()
        self._opened = mails


def _chance() -> random.Random:
    return random.Random(random.random())


def _put_off(refusals: Counter[int]) -> str:
    return ", ".join(f"{times} × {code or 'no answer'}" for code, times in sorted(refusals.items())) or "none"


def _times(took: list[float]) -> str:
    return f"{len(took)} ×, at most {max(took):.1f} s"
