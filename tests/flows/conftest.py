"""The product that the flows of one module share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.product import Product, open_folder


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """A running product without demo people, in good health; ended whatever the tests did to it."""
    with open_folder() as folder:
        running = Product(folder / "data")
        try:
            running.start()
            running.await_health()
            yield running
        finally:
            running.end()


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder
