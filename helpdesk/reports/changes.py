"""What changed: the last week that is over beside the one before, as sentences, where chance does not do.

A share has changed where the 95% interval of the difference excludes zero and both weeks have thirty or more;
of the median first response the share within target speaks. Numbers of tickets are compared as counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.scores import wilson
from helpdesk.reports.base import dimension_names, opens
from helpdesk.reports.figures import ENOUGH_FOR_TREND, Share
from helpdesk.reports.filters import Filters
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period

MOST = 5
"""So many sentences at most."""
BY_TAG, BY_TEAM = ("span", "tag"), ("span", "tag", "team")
Weeks = tuple[Share, Share]
"""Of the week before, and of the last week that is over."""


@dataclass(frozen=True)
class Subject:
    """One figure that may change: `rises` and `falls` say it. `slices` of `report` are the rows that were
    hit, and all that were judged."""

    report: str
    slices: tuple[str, str]
    rises: Any
    falls: Any


@dataclass(frozen=True)
class Change:
    """A sentence, how large the change is (0 to 1), and the lists behind it."""

    sentence: str
    size: float
    opens: str
    now: tuple[int, str]
    before: tuple[int, str]


SUBJECTS = (
    Subject(
        "opened",
        ("all", "all"),
        gettext_lazy("%(name)s: more tickets came, %(now)s after %(before)s."),
        gettext_lazy("%(name)s: fewer tickets came, %(now)s after %(before)s."),
    ),
    Subject(
        "first-response",
        ("met", "judged"),
        gettext_lazy("%(name)s: first responses got better, %(now)s within target after %(before)s."),
        gettext_lazy("%(name)s: first responses got worse, %(now)s within target after %(before)s."),
    ),
    Subject(
        "feedback",
        ("satisfied", "answered"),
        gettext_lazy("%(name)s: satisfaction got better, %(now)s after %(before)s."),
        gettext_lazy("%(name)s: satisfaction got worse, %(now)s after %(before)s."),
    ),
    Subject(
        "work",
        ("reopened", "all"),
        gettext_lazy("%(name)s: reopening got worse, %(now)s of settled tickets after %(before)s."),
        gettext_lazy("%(name)s: reopening got better, %(now)s of settled tickets after %(before)s."),
    ),
)


def changes(filters: Filters, spans: tuple[Period, Period]) -> list[Change]:
    """The largest changes from the first of two adjoining weeks to the second: in all, by team and by tag."""
    both = filters.during(Period(spans[0].first, spans[1].last, filters.zone))
    told = [(subject, _weeks(subject, both, spans)) for subject in SUBJECTS]
    names = {
        dimension: dimension_names(
            dimension, {value for _s, groups in told for of, value in groups if of == dimension}
        )
        for dimension in ("team", "tag")
    }
    found: list[Change] = []
    for subject, groups in told:
        teams = sum(of == "team" for of, _value in groups)
        for (of, value), weeks in groups.items():
            if not of and teams == 1:
                continue
            name = names[of][value] if of else _("In all")
            words = _("Tag “%(name)s”") % {"name": name} if of == "tag" else name
            narrowed = filters.narrowed(of, value) if of else filters
            change = change_of(subject, words, narrowed, spans, weeks)
            if change:
                found.append(change)
    return sorted(found, key=lambda change: (-change.size, change.sentence))[:MOST]


def _weeks(subject: Subject, filters: Filters, spans: Sequence[Period]) -> dict[tuple[str, Any], Weeks]:
    """Both weeks of all rows ("", None), of each team and of each tag. One query."""
    relation = DEFINITIONS[subject.report].relation(filters).shared_out(spans).with_tags()
    sums = relation.sums(BY_TAG, BY_TEAM, slices=subject.slices)
    hit, judged = subject.slices
    shares: dict[tuple[str, Any], dict[int, Share]] = {}
    for key, counts in (sums[BY_TAG] | sums[BY_TEAM]).items():
        span, tag, *team = key
        if team and tag is not None:
            continue
        group = ("team", team[0]) if team else ("", None) if tag is None else ("tag", tag)
        shares.setdefault(group, {})[span] = Share(counts[hit], counts[judged])
    nothing = Share(0, 0)
    return {group: (weeks.get(0, nothing), weeks.get(1, nothing)) for group, weeks in shares.items()}


def change_of(
    subject: Subject, name: str, filters: Filters, spans: tuple[Period, Period], weeks: Weeks
) -> Change | None:
    """The change of one subject between two weeks; None where it may be chance, or there are too few."""
    before, now = weeks
    is_count = subject.slices[0] == subject.slices[1]
    if not (_counts_differ(now.n, before.n) if is_count else now.differs_from(before)):
        return None
    size = (now.n - before.n) / (now.n + before.n) if is_count else now.hits / now.n - before.hits / before.n
    words = str(subject.rises if size > 0 else subject.falls) % {
        "name": name,
        "now": now.n if is_count else f"{round(now.percent or 0)}%",
        "before": before.n if is_count else f"{round(before.percent or 0)}%",
    }
    hit, judged = subject.slices
    week_before, week = (filters.during(span) for span in spans)
    return Change(
        words,
        abs(size),
        opens(week, subject.report, hit),
        (now.n, opens(week, subject.report, judged)),
        (before.n, opens(week_before, subject.report, judged)),
    )


def _counts_differ(one: int, other: int) -> bool:
    """Whether two counts over equal times differ clearly: given their sum, each would be half of it.

    Source: J. Przyborowski, H. Wilenski, "Homogeneity of results in testing samples from Poisson series",
    Biometrika 31 (1940), 313–323; here with the Wilson interval of the share.
    """
    if min(one, other) < ENOUGH_FOR_TREND:
        return False
    low, high = wilson(one, one + other)
    return low > 0.5 or high < 0.5
