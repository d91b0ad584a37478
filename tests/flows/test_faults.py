"""Parts are killed, the broker is wiped, the database restarts, while mail keeps coming: nothing is lost.

The small form; `bin/drill faults` is the large one, with random kills by the hundred.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.flows import traffic as flow
from tests.flows.faults import FAULTS
from tests.flows.product import Product, open_folder
from tests.flows.sink import Sink
from tests.flows.traffic import Traffic

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def product(sink: Sink) -> Iterator[Product]:
    with open_folder() as folder:
        running = Product(folder / "data", EMAIL_URL=sink.url)
        try:
            running.start()
            flow.open_for_mail(running)
            running.await_health()
            yield running
        finally:
            running.end()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.replace("_", " "))
def test_nothing_is_lost_when(product: Product, sink: Sink, fault: Callable[[Product], None]):
    name = fault.__name__.replace(" ", "-").replace("_", "-")
    with Traffic(product, name) as traffic:
        traffic.await_more(5)
        fault(product)
        traffic.await_more(5)
    flow.account(product, traffic)
    assert flow.account_for_answers(product, traffic, sink) <= 1
    product.await_health()


def test_what_the_events_say_is_what_the_rows_say_after_all_that(product: Product):
    product.manage("rebuild_clocks", "--verify")


def test_ctrl_c_leaves_nothing_running(product: Product):
    assert product.stop() == 0
    assert product.processes() == []
