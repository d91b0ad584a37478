"""What can break: each fault returns when the part it hit is there again."""

import random
import signal
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.flows.product import Product, await_that

Fault = Callable[[Product], None]


def kill(part: str) -> Fault:
    def fault(product: Product) -> None:
        victim = product.pid(part)
        with suppress(psutil.NoSuchProcess):  # it may just be dying of the fault before
            psutil.Process(victim).kill()
        await_that(lambda: product.pid(part) != victim, 10, f"{part} is back")

    fault.__name__ = f"kill {part}"
    return fault


def kill_a_child(name: str, part: str, word: str) -> Fault:
    """Kill one process that works below a part, known by a word of its command line."""

    def fault(product: Product) -> None:
        found = await_that(lambda: product.children(part, word), 60, f"a {name} to be killed")
        with suppress(psutil.NoSuchProcess):
            random.choice(found).kill()

    fault.__name__ = f"kill {name}"
    return fault


kill_router = kill_a_child("router", "worker", "celery")
"""What files the mail: a child of the worker."""
kill_parser = kill_a_child("parser", "worker", "parser_child")
"""What reads hostile bytes: a grandchild of the worker."""
kill_sender = kill_a_child("sender", "mailer", "celery")


def wipe_the_broker(product: Product) -> None:
    await_that(product.servers.valkey_answers, 30, "Valkey answers")
    product.broker().flushall()


def restart_postgres(product: Product) -> None:
    victim = product.pid("postgres")
    psutil.Process(victim).send_signal(signal.SIGINT)  # its fast shutdown; the process manager starts it
    await_that(lambda: product.pid("postgres") != victim, 30, "postgres is back")


def kill_bin_run_and_start_again(product: Product) -> None:
    product.kill()
    product.start()


FAULTS = [
    kill("web"),
    kill("worker"),
    kill("mailer"),
    kill("beat"),
    kill("listener"),
    kill("fetcher"),
    kill_router,
    kill_parser,
    kill_sender,
    kill("valkey"),
    wipe_the_broker,
    restart_postgres,
    kill("postgres"),
    kill_bin_run_and_start_again,
]

MAIL_FAULTS = [
    kill("listener"),
    kill("fetcher"),
    kill_router,
    kill_parser,
    kill_sender,
    kill("worker"),
    kill("mailer"),
]
"""SIGKILL for each process through whose hands a mail goes, in or out."""
