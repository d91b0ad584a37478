"""Mails per second from SMTP to a filed ticket with its clocks, beside django-helpdesk in the same run.

    .venv/bin/python -m bench.ingest --mails 1000 --kit ../shared/bench --peer /path/to/peer/venv

Starts the whole product (`bin/run`: web, workers, mailer, beat, listener, bundled servers as shipped) in a temporary
folder, sends the kit's mails through real SMTP on a few kept connections, as a relay does, and counts until every one
of them is filed and its clocks stand. The peer then reads the same mails from a folder with its own `get_email`, into a
database of its own on the same PostgreSQL, while our parts idle. Rounds are taken in turn and medians compared.
"""

from __future__ import annotations

import argparse
import os
import resource
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg

from bench.peer import Peer
from tests.flows.product import Product, open_folder

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "q1@bench.example"
SENDER = "relay@client.example"
PARTS = ("listener", "worker", "mailer", "web", "beat", "valkey", "postgres")
DONE = "select count(*) from helpdesk_inboundemail where state <> 'waiting'"
LATEST = "select max(processed_at) from helpdesk_inboundemail"
CLOCKS = """select count(*) from helpdesk_inboundemail m where m.state = 'filed' and exists
    (select 1 from sla_clock c where c.ticket_id = m.ticket_id and c.metric = 'first_response' and c.due_at is not null)"""
UNSENT = "select count(*) from helpdesk_delivery where ended_at is null"


class Round(NamedTuple):
    """One burst: seconds until the last mail was filed, and what each part used of a processor for a mail."""

    mails: int
    accepted: float
    filed: float
    answered: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.mails / self.filed


class Beside(NamedTuple):
    """The same of the peer: mails a second, seconds of processor time a mail."""

    rate: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", type=int, default=1000, help="in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--senders", type=int, default=8, help="SMTP connections at once")
    parser.add_argument("--kit", type=Path, default=ROOT.parent / "shared" / "bench")
    parser.add_argument("--peer", type=Path, help="a virtual environment with django-helpdesk")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        product = Product(folder / "data")
        stack.callback(product.end)
        product.start()
        _set_up(product)
        peer = Reader(product, options.peer, options.kit, folder) if options.peer else None
        ours: list[Round] = []
        theirs: list[Beside] = []
        for number in range(options.rounds + 1):
            warming = number == 0
            mails = list(_mails(options.kit, options.mails // 10 if warming else options.mails, number))
            one = _round(product, mails, options.senders)
            other = peer.round(mails) if peer else None
            if warming:
                continue
            ours.append(one)
            theirs += [other] if other else []
            _report(one, other)
        _conclude(ours, theirs)


def _set_up(product: Product) -> None:
    """Policy, calendar and people as `seed` makes them, and the address the kit writes to."""
    product.manage("seed", "--tickets", "1")
    product.manage("shell", "-v", "0", "-c", _ADDRESS)


_ADDRESS = f"""
from helpdesk.models import SupportAddress
from tickets.models import Team
SupportAddress.objects.create(address="{ADDRESS}", team=Team.objects.order_by("pk").first())
"""


def _mails(kit: Path, count: int, seed: int) -> Iterator[bytes]:
    """The kit's mails; each round has others."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(kit / "make_emails.py"), "--out", folder, "--n", str(count)]
        more = ["--to", ADDRESS, "--seed", f"{os.getpid()}-{seed}"]
        subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
        for path in sorted(Path(folder).iterdir()):
            yield path.read_bytes()


# --- ours -----------------------------------------------------------------------------------------------


def _round(product: Product, mails: list[bytes], senders: int) -> Round:
    with psycopg.connect(product.servers.database_url, autocommit=True) as connection:
        before = _one(connection, DONE)
        clocks = _one(connection, CLOCKS)
        used = _processor_time(product)
        began = time.perf_counter()
        _send(product.smtp_port, mails, senders)
        accepted = time.perf_counter() - began
        while _one(connection, DONE) - before < len(mails):
            time.sleep(0.02)
        filed = time.perf_counter() - began
        now = _processor_time(product)
        assert _one(connection, CLOCKS) - clocks == len(mails), "a mail was not filed with its clocks"
        while _one(connection, UNSENT):
            time.sleep(0.1)
        answered = time.perf_counter() - began
    cpu = {name: (now[name] - used.get(name, 0.0)) / len(mails) for name in now}
    return Round(len(mails), accepted, filed, answered, cpu)


def _one(connection: psycopg.Connection[tuple[int, ...]], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _send(port: int, mails: list[bytes], senders: int) -> None:
    """All mails over a few connections, each answered with 250 before the next."""
    waiting = iter(mails)
    failures: list[BaseException] = []

    def send() -> None:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as session:
                for mail in waiting:
                    session.sendmail(SENDER, [ADDRESS], mail)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _processor_time(product: Product) -> dict[str, float]:
    """Seconds of user and system time by part, those of ended children included; ours as the sender."""
    used = {"sender": sum(psutil.Process().cpu_times()[:2])}
    for part in PARTS:
        used[part] = 0.0
        with suppress(psutil.Error):
            process = psutil.Process(product.pid(part))
            for each in [process, *process.children(recursive=True)]:
                with suppress(psutil.Error):
                    times = each.cpu_times()
                    used[part] += times.user + times.system + times.children_user + times.children_system
    return used


def _report(one: Round, other: Beside | None) -> None:
    spent = ", ".join(
        f"{name} {1000 * cpu:.1f}" for name, cpu in sorted(one.cpu.items(), key=lambda x: -x[1])
    )
    print(f"{one.mails} mails: accepted in {one.accepted:.1f} s, filed in {one.filed:.1f} s, answered in"
          f" {one.answered:.1f} s: {one.rate:.1f} mails/s")  # fmt: skip
    print(f"  processor ms a mail: {1000 * sum(one.cpu.values()):.1f} ({spent})", flush=True)
    if other:
        print(
            f"  the peer: {other.rate:.1f} mails/s, processor ms a mail: {1000 * other.cpu:.1f}", flush=True
        )


def _conclude(ours: list[Round], theirs: list[Beside]) -> None:
    rate = statistics.median(one.rate for one in ours)
    used = 1000 * statistics.median(sum(one.cpu.values()) for one in ours)
    print(f"\nours   {rate:8.1f} mails/s {used:8.1f} ms a mail")
    if theirs:
        beside = statistics.median(other.rate for other in theirs)
        there = 1000 * statistics.median(other.cpu for other in theirs)
        print(f"peer   {beside:8.1f} mails/s {there:8.1f} ms a mail")
        print(f"ratio  {rate / beside:8.1f}         {there / used:8.1f}")


# --- the peer -------------------------------------------------------------------------------------------


class Reader:
    """django-helpdesk that reads mail from a folder, on a database of its own beside ours."""

    def __init__(self, product: Product, environment: Path, kit: Path, folder: Path) -> None:
        self.product, self.mails = product, folder / "maildir"
        self.mails.mkdir()
        self.peer = Peer(
            environment,
            kit,
            product.servers.database_url,
            BENCH_MEDIA=str(folder / "media"),
            BENCH_MAILDIR=str(self.mails),
            BENCH_ADDRESS=ADDRESS,
        )
        self.peer.manage("loaddata", "-v0", "emailtemplate")
        self.peer.run("-c", _QUEUE)

    def round(self, mails: list[bytes]) -> Beside:
        """Its start-up is not counted."""
        for number, mail in enumerate(mails):
            (self.mails / f"{number:06d}.eml").write_bytes(mail)
        idle, idly = self._measured("check")
        wall, used = self._measured("get_email", "--quiet")
        left = len(list(self.mails.iterdir()))
        assert left == 0, f"the peer left {left} mails in its folder"
        return Beside(len(mails) / (wall - idle), (used - idly) / len(mails))

    def _measured(self, *arguments: str) -> tuple[float, float]:
        """Seconds that passed, and of processor time of the command and PostgreSQL."""
        began, used = time.perf_counter(), self._processor_time()
        self.peer.manage(*arguments)
        return time.perf_counter() - began, self._processor_time() - used

    def _processor_time(self) -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime + _processor_time(self.product)["postgres"]


_QUEUE = """
import os, django
django.setup()
from helpdesk.models import Queue
Queue.objects.create(title="Queue 1", slug="q1", email_address=os.environ["BENCH_ADDRESS"], allow_email_submission=True,
    email_box_type="local", email_box_local_dir=os.environ["BENCH_MAILDIR"], email_box_interval=0)
"""


if __name__ == "__main__":
    main()
