"""Going round the rows that are due: each by itself, so that none keeps the others waiting."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import QuerySet

logger = logging.getLogger(__name__)
BATCH, PART = 500, 25


def each(due: QuerySet[Any], act: Callable[[Any], Any]) -> int:
    """Do it to the first `BATCH`; what fails stays due, and keeps none of the others waiting. Returns how
    many were due.

    Workers at the same rows begin at different parts of them, and leave out what another has done meanwhile.
    """
    rows = list(due.values_list("pk", flat=True)[:BATCH])
    parts = [rows[start : start + PART] for start in range(0, len(rows), PART)]
    for part in random.sample(parts, len(parts)):
        for row in due.filter(pk__in=part):
            try:
                act(row)
            except SoftTimeLimitExceeded:
                raise
            except Exception:
                logger.exception("%s failed for %s %s", act.__name__, row._meta.model_name, row.pk)
    return len(rows)
