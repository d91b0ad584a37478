"""How strongly a cell of a heat map is coloured. The number stands in the cell: colour is never alone."""

LEVELS = 4


def shade(count: int, most: int) -> int:
    """From 0 (nothing) to `LEVELS` (the most): equal steps, so that a cell of twice as much looks like it."""
    return -(-LEVELS * count // most) if most else 0
