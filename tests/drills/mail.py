"""Mail in, and an answer to each, while every process through whose hands it goes is killed over and over.

    bin/drill mail --mails 10000 --kills 50 --seed 7

SIGKILL of listener, fetcher, router, parser and sender at random points; in between the disk of the
attachments and that of the incoming mail is full, PostgreSQL restarts, Valkey loses everything. Most mail
comes by SMTP, a fifth through a mailbox; a fifth carries a file, some goes on with a conversation. Promises
held afterwards: every mail that was answered 250 (or lay in the mailbox) is one message, by its SHA-256, with
its file, on the ticket where it belongs; every answer has left, copies beyond the first are no more than
faults and carry its Message-ID; the whole way in and out worked again within a minute of each fault.
"""

import argparse
import random
import time
from contextlib import ExitStack
from typing import Any

from tests.flows.faults import MAIL_FAULTS, restart_postgres, wipe_the_broker
from tests.flows.product import open_folder
from tests.flows.under_fire import UnderFire

BACK_WITHIN = 60.0  # seconds


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill mail")
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    random.seed(options.seed)
    with ExitStack() as stack:
        drill = UnderFire(stack, stack.enter_context(open_folder()), options.mails)
        plan = [random.choice(MAIL_FAULTS) for _nth in range(options.kills)]
        for fault in (restart_postgres, wipe_the_broker, *drill.full_disks):
            plan.insert(random.randrange(len(plan) + 1), fault)
        began = time.monotonic()
        figures = drill.run(plan, rounds=True)
        took = time.monotonic() - began
        in_time = "yes" if drill.slowest <= BACK_WITHIN else f"no, once after {drill.slowest:.0f} s"
        assert drill.product.stop() == 0
        assert drill.product.processes() == []
    return {
        "seed": options.seed,
        **figures,
        "mail goes its whole way again within 60 s": in_time,
        "processes left after Ctrl-C": 0,
        "all worked off after": f"{took:.0f} s",
    }
