"""Every part is killed, disks are full, the broker is wiped, the database restarts, while mail keeps coming:
it is all there once, and every answer leaves.

The small form of `bin/drill mail` and `bin/drill faults`, which break things at random points by the hundred.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.flows.faults import FAULTS
from tests.flows.product import open_folder
from tests.flows.under_fire import UnderFire

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def under_fire() -> Iterator[UnderFire]:
    with ExitStack() as stack:
        yield UnderFire(stack, stack.enter_context(open_folder()), mails=3 * len(FAULTS))


def test_nothing_is_lost_whatever_breaks(under_fire: UnderFire):
    """One accounting for all faults: what each of them left to the sweeps is worked off at the same time."""
    figures = under_fire.run([*under_fire.full_disks, *FAULTS], rounds=False)
    assert figures["mails accepted with 250"] >= under_fire.mails
    assert figures["mails out"] > figures["mails accepted with 250"]
    under_fire.product.await_health()


def test_ctrl_c_leaves_nothing_running(under_fire: UnderFire):
    assert under_fire.product.stop() == 0
    assert under_fire.product.processes() == []
