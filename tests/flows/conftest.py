"""The product that the flows of one module share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.product import Product


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running product without demo people, in good health; ended whatever the tests did to it."""
    running = Product(_open_folder(tmp_path_factory) / "data")
    try:
        running.start()
        running.await_health()
        yield running
    finally:
        running.end()


def _open_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("product")
