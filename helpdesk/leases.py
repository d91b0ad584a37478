"""Short leases that their holder renews while it lives: the work of a killed one is taken up in seconds.

A row is claimed until an instant of the database's clock (`claimed_until`). A long lease would keep a killed
worker's rows from everybody for minutes; a short one that nobody renewed would end under a slow mail server.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

logger = logging.getLogger(__name__)


@contextmanager
def kept(claimed: QuerySet[Any], lease: timedelta) -> Iterator[None]:
    """During the block, renew `claimed_until` of what a claim's conditions select, every third of the lease.

    The conditions must select nothing once the claim has gone to somebody else: state and attempts do that.
    """
    done = threading.Event()
    keeper = threading.Thread(target=_renew, args=(claimed, lease, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _renew(claimed: QuerySet[Any], lease: timedelta, done: threading.Event) -> None:
    try:
        while not done.wait(lease.total_seconds() / 3):
            close_old_connections()
            try:
                claimed.all().update(claimed_until=Now() + lease)
            except (
                DatabaseError,
                InterfaceError,
            ) as error:
                # The next turn tries again, with a new connection.
                logger.warning("a lease was not renewed: %s", type(error).__name__)
    finally:
        connection.close()
