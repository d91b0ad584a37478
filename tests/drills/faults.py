"""Mail in and answers out under random kills of every part, wiped brokers and database restarts.

    bin/drill faults --mails 10000 --kills 50 --seed 7

Promises held afterwards: every mail that was answered 250 is exactly one ticket, every ticket's
acknowledgement has left, extra copies are no more than kills and carry the first one's Message-ID, clocks
rebuilt from the events equal the live ones, nothing runs after Ctrl-C.
"""

import argparse
import random
import time
from contextlib import ExitStack
from typing import Any

from tests.flows import traffic as flow
from tests.flows.faults import FAULTS
from tests.flows.product import Product, await_that, open_folder
from tests.flows.sink import Sink
from tests.flows.traffic import Traffic

SENDERS = 4


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill faults")
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        sink = stack.enter_context(Sink())
        product = Product(folder / "data", EMAIL_URL=sink.url)
        stack.callback(product.end)
        product.start()
        flow.open_for_mail(product)
        product.await_health()
        return {"seed": options.seed, **_drill(product, sink, options.mails, options.kills, chance)}


def _drill(product: Product, sink: Sink, mails: int, kills: int, chance: random.Random) -> dict[str, Any]:
    began = time.monotonic()
    senders = [Traffic(product, f"sender{nth}", pause=0.2) for nth in range(SENDERS)]
    recoveries: list[tuple[float, str]] = []
    with ExitStack() as stack:
        for sender in senders:
            stack.enter_context(sender)
        for nth in range(kills):
            due = mails * (nth + 1) // (kills + 1)
            await_that(lambda due=due: _accepted(senders) >= due, 1800, f"{due} mails accepted")
            time.sleep(chance.uniform(0, 0.5))  # anywhere in the work, not always between two mails
            fault = chance.choice(FAULTS)
            broke = time.monotonic()
            fault(product)
            senders[0].await_more(1, 120)
            recoveries.append((time.monotonic() - broke, fault.__name__))
            print(f"{nth + 1:>4} {fault.__name__:<30} accepts after {recoveries[-1][0]:.1f} s", flush=True)
        await_that(lambda: _accepted(senders) >= mails, 1800, f"{mails} mails accepted")
    for sender in senders:
        flow.account(product, sender)
    worked_off = time.monotonic() - began
    extra = sum(flow.account_for_answers(product, sender, sink) for sender in senders)
    assert extra <= kills, f"{extra} extra copies after {kills} kills"
    product.manage("rebuild_clocks", "--verify")
    assert product.stop() == 0
    assert product.processes() == []
    slowest = max(recoveries, default=(0.0, "none"))
    return {
        "mails accepted": _accepted(senders),
        "tries (some fell into a fault)": sum(sender.tries for sender in senders),
        "kills, wipes and restarts": kills,
        "mails lost": 0,
        "mails doubled": 0,
        "answers that left": len(sink.accepted),
        "extra copies of an answer (same Message-ID)": extra,
        "slowest recovery": f"{slowest[0]:.1f} s ({slowest[1]})",
        "all worked off after": f"{worked_off:.0f} s",
        "clocks rebuilt from events that differ": 0,
        "processes left after Ctrl-C": 0,
    }


def _accepted(senders: list[Traffic]) -> int:
    return sum(len(sender.accepted) for sender in senders)
