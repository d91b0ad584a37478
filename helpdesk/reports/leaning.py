"""Who answers and who does not: where those who answered are no fair sample of those who were asked."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from helpdesk.reports.base import grouped, opens
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import Filters
from helpdesk.reports.ratings import responded
from helpdesk.reports.relation import Sums

LEANS_BY = ("team", "priority", "channel")


@dataclass(frozen=True)
class Leaning:
    """How many of one group answered, of those reached, beside the share of all others."""

    dimension: str
    name: str
    share: Share
    others: Share
    opens_delivered: str
    opens_answered: str
    is_mirrored: bool = False
    """It is the second of two groups, and would say the same as the first the other way round."""

    @property
    def is_worth_saying(self) -> bool:
        return self.is_clear and not self.is_mirrored

    @property
    def is_clear(self) -> bool:
        return self.share.differs_from(self.others)

    @property
    def sentence(self) -> str:
        return _(
            "%(name)s: %(share)d%% answered, of the others %(others)d%%. That is more than chance explains."
        ) % {
            "name": self.name,
            "share": round(self.share.percent or 0),
            "others": round(self.others.percent or 0),
        }


def leanings(filters: Filters, sums: Sums, report: str) -> list[Leaning]:
    """Each team, priority and channel, of which `sums` tells; a dimension that has only one value says
    nothing and is left out."""
    whole = responded(sums[()][()])
    found: list[Leaning] = []
    for dimension in LEANS_BY:
        groups = [(group, responded(group.figure)) for group in grouped(sums[dimension,], dimension)]
        groups = [(group, share) for group, share in groups if share.n]
        if len(groups) < 2:
            continue
        for place, (group, share) in enumerate(groups):
            narrowed = filters.narrowed(dimension, group.value)
            others = Share(whole.hits - share.hits, whole.n - share.n)
            is_mirrored = place == 1 and len(groups) == 2
            found.append(
                Leaning(
                    dimension,
                    group.name,
                    share,
                    others,
                    opens_delivered=opens(narrowed, report, "delivered"),
                    opens_answered=opens(narrowed, report, "answered"),
                    is_mirrored=is_mirrored,
                )
            )
    return found
