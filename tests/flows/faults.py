"""What can break: each fault returns when the part it hit is there again."""

import signal
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.flows.product import Product, await_that


def kill(part: str) -> Callable[[Product], None]:
    def fault(product: Product) -> None:
        victim = product.pid(part)
        with suppress(psutil.NoSuchProcess):  # it may just be dying of the fault before
            psutil.Process(victim).kill()
        await_that(lambda: product.pid(part) != victim, 10, f"{part} is back")

    fault.__name__ = f"kill {part}"
    return fault


def wipe_the_broker(product: Product) -> None:
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
    kill("valkey"),
    wipe_the_broker,
    restart_postgres,
    kill("postgres"),
    kill_bin_run_and_start_again,
]
