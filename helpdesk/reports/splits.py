"""A report split by organisation or tag, of which there may be thousands: the few with the most rows."""

from __future__ import annotations

from helpdesk.reports.filters import LINKED, Filters
from helpdesk.reports.relation import Relation

MOST = 50
"""More organisations or tags than this have no line of their own."""


def split_rows(filters: Filters, rows: Relation) -> tuple[Relation, int]:
    """The rows by the dimension that was chosen, which is a column of them, and how many of its values have
    no line.

    An organisation or a tag is looked up by the ticket, which costs a pass more. Of a question about one tag
    only this tag is told, though its tickets may have others.
    """
    split = filters.split
    if split not in LINKED:
        return rows, 0
    linked = rows.linked(split)
    counts = {key: told["all"] for key, told in linked.sums((split,), slices=("all",))[split,].items()}
    if asked := getattr(filters, split):
        counts = {key: count for key, count in counts.items() if str(key[0]) == asked or key == (None,)}
    shown = sorted(counts, key=lambda key: (-counts[key], str(key)))[:MOST]
    return linked.among(split, [value for (value,) in shown]), len(counts) - len(shown)
