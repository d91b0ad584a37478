"""How long words to a customer wait for an Undo."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

HOLD_SECONDS = 10
LONGEST_HOLD = 60


def hold_of(user: Any) -> timedelta:
    """How long this agent's replies wait for an Undo (0 to 60 s)."""
    wanted = user.preferences.get("hold_seconds", HOLD_SECONDS)
    return timedelta(seconds=max(0, min(LONGEST_HOLD, wanted if isinstance(wanted, int) else HOLD_SECONDS)))
