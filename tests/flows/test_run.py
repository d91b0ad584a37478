"""`bin/run`: the whole job with it, and what it starts, restarts, refuses, leaves behind and cleans up."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser

from tests.drills import hostile
from tests.drills.corpora import SETUP
from tests.flows.main_job import Office, do_the_whole_job, open_office, recover_a_customer
from tests.flows.product import Product, await_that, open_folder
from tests.flows.sink import Sink

pytestmark = pytest.mark.flow

RESTART_WITHIN = 5.0


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def second(sink: Sink) -> Iterator[Product]:
    """An empty product beside the other one, whose mail leaves through the sink."""
    with open_folder() as folder:
        running = Product(folder / "data", EMAIL_URL=sink.url)
        try:
            running.start()
            running.await_health()
            yield running
        finally:
            running.end()


@pytest.mark.parametrize(
    "part", ["web", "worker", "mailer", "beat", "listener", "fetcher", "valkey", "postgres"]
)
def test_a_part_that_dies_is_back_within_five_seconds_and_the_others_go_on(product: Product, part: str):
    product.await_health()
    others = {name: product.pid(name) for name in ("web", "worker", "beat", "listener") if name != part}
    victim = product.pid(part)
    psutil.Process(victim).send_signal(signal.SIGKILL)
    died_at = time.monotonic()
    await_that(lambda: product.pid(part) != victim, RESTART_WITHIN, f"{part} was started again")
    assert time.monotonic() - died_at <= RESTART_WITHIN
    product.await_health()
    assert {name: product.pid(name) for name in others} == others


def test_after_each_hostile_mail_by_smtp_a_normal_one_is_a_ticket_within_a_minute(product: Product):
    product.manage("shell", "-c", SETUP)
    product.await_health()
    figures = hostile.drill(product, hostile.RELIABILITY)
    assert figures["hostile mails"] == 7
    assert figures["filed, flagged"] + figures.get("quarantined", 0) == 7


def test_the_same_folder_is_not_run_twice(product: Product, folder: Path):
    second = Product(product.data_dir)
    second.data_dir = folder / "out"  # where its output goes
    with pytest.raises(AssertionError, match="bin/run is already going with"):
        second.start()
    assert product.failing() == []


def test_two_products_run_side_by_side_on_other_ports(product: Product, second: Product):
    assert product.failing() == []
    assert second.failing() == []
    assert not {one.pid for one in product.processes()} & {one.pid for one in second.processes()}


@pytest.fixture(scope="module")
def office(second: Product, sink: Sink, browser: Browser) -> Office:
    return open_office(second, sink, browser)


@pytest.mark.browser
def test_the_main_job_runs_end_to_end(second: Product, sink: Sink, browser: Browser, office: Office):
    do_the_whole_job(second, sink, browser, office)


@pytest.mark.browser
def test_from_a_low_score_to_a_recovered_customer(
    second: Product, sink: Sink, browser: Browser, office: Office
):
    recover_a_customer(second, sink, browser, office)


def test_one_ends_and_the_other_goes_on(product: Product, second: Product):
    assert second.stop() == 0
    assert second.processes() == []
    assert product.failing() == []


def test_a_taken_port_is_refused_with_a_sentence(product: Product, folder: Path):
    other = Product(folder / "other")
    other.environment["PORT"] = str(product.port)
    with pytest.raises(AssertionError, match=f"Port {product.port} is taken by another program"):
        other.start()
    assert other.processes() == []


def test_commands_beside_it_reach_the_same_data(product: Product):
    product.manage("shell", "-c", "from helpdesk.heartbeats import beat; beat('told-by-a-command')")
    assert product.sql("select count(*) from helpdesk_heartbeat where name = 'told-by-a-command'") == [(1,)]


def test_what_a_killed_run_left_is_ended_by_the_next_start_and_the_data_is_there(product: Product):
    product.sql("insert into helpdesk_heartbeat (name, at) values ('before the kill', now())")
    left = {process.pid for process in product.processes()}
    product.kill()
    assert product.get("/livez")[0] == 200  # its parts live on
    product.start()
    product.await_health()
    assert left & {process.pid for process in product.processes()} == set()
    assert product.sql("select count(*) from helpdesk_heartbeat where name = 'before the kill'") == [(1,)]


def test_a_dead_process_manager_is_replaced(product: Product):
    victim = product.pid("supervisord")
    psutil.Process(victim).kill()
    await_that(lambda: _other_pid(product, "supervisord", victim), 60, "another process manager")
    product.await_health()


def test_ctrl_c_leaves_nothing_running_and_commands_then_start_the_servers_for_themselves(product: Product):
    assert product.stop() == 0
    assert product.processes() == []
    said = product.manage(
        "shell", "-c", "from helpdesk.models import Heartbeat; print(Heartbeat.objects.count())"
    )
    assert int(said.split()[-1]) > 0
    assert product.processes() == []


def _other_pid(product: Product, part: str, than: int) -> bool:
    try:
        return product.pid(part) != than
    except FileNotFoundError:
        return False
