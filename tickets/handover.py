"""Handing work to the Celery workers: the only place that speaks to the broker.

Work is handed over by task name and primary key, after commit, and never raises into a request. What is
lost here
(broker down, Redis wiped) is found by the sweep of the row's own app, so nothing waits on the broker.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 30.0
_silent_until = 0.0


def hand_over(name: str, pk: int | str, *, queue: str | None = None) -> None:
    """Ask a worker to run task `name` for the row `pk` once the current transaction has committed.

    Never raises. After a failure the broker is left alone for 30 seconds.
    """
    transaction.on_commit(partial(_send, name, pk, queue), robust=True)


def _send(name: str, pk: int | str, queue: str | None) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(name, args=[pk], queue=queue, retry=False, ignore_result=True)
    except Exception as error:
        _silent_until = time.monotonic() + SILENCE_SECONDS
        logger.warning(
            "hand-over of %s %s failed, the sweep will find it: %s", name, pk, type(error).__name__
        )
