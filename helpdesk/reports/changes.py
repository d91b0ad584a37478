"""What changed: the last week that is over beside the one before, as sentences, where chance does not do.

A share has changed where the 95% interval of the difference excludes zero and both weeks have thirty or more;
of the median first response the share within target speaks. Numbers of tickets are compared as counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.scores import wilson
from helpdesk.reports.base import dimension_names, grouped, opens
from helpdesk.reports.figures import ENOUGH_FOR_TREND, Share, within_target
from helpdesk.reports.filters import Filters
from helpdesk.reports.periods import Period
from helpdesk.reports.ratings import SCORING_OF, scored
from helpdesk.reports.work import WORK_SLICES
from tickets.models import Ticket

MOST = 5
"""So many sentences at most."""
Weeks = tuple[list[Any], list[Any]]
"""Rows of the week before, and of the last week that is over."""


@dataclass(frozen=True)
class Subject:
    """One figure that may change: `share` counts it, `rises` and `falls` say it. `slices` of `report` are the
    rows that were hit, and all that were judged."""

    report: str
    slices: tuple[str, str]
    share: Callable[[Sequence[Any]], Share]
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


def _within_target(rows: Sequence[Any]) -> Share:
    return within_target(row.verdict for row in rows)


def _satisfied(rows: Sequence[Any]) -> Share:
    return scored(SCORING_OF["feedback"], rows).share


def _reopened(rows: Sequence[Any]) -> Share:
    return Share(sum(map(WORK_SLICES["reopened"][1], rows)), len(rows))


def _all(rows: Sequence[Any]) -> Share:
    return Share(len(rows), len(rows))


SUBJECTS = (
    Subject(
        "opened",
        ("all", "all"),
        _all,
        gettext_lazy("%(name)s: more tickets came, %(now)s after %(before)s."),
        gettext_lazy("%(name)s: fewer tickets came, %(now)s after %(before)s."),
    ),
    Subject(
        "first-response",
        ("met", "judged"),
        _within_target,
        gettext_lazy("%(name)s: first responses got better, %(now)s within target after %(before)s."),
        gettext_lazy("%(name)s: first responses got worse, %(now)s within target after %(before)s."),
    ),
    Subject(
        "feedback",
        ("satisfied", "answered"),
        _satisfied,
        gettext_lazy("%(name)s: satisfaction got better, %(now)s after %(before)s."),
        gettext_lazy("%(name)s: satisfaction got worse, %(now)s after %(before)s."),
    ),
    Subject(
        "work",
        ("reopened", "all"),
        _reopened,
        gettext_lazy("%(name)s: reopening got worse, %(now)s of settled tickets after %(before)s."),
        gettext_lazy("%(name)s: reopening got better, %(now)s of settled tickets after %(before)s."),
    ),
)


def changes(filters: Filters, spans: tuple[Period, Period], rows: dict[str, Weeks]) -> list[Change]:
    """The largest changes from the first of two weeks to the second: in all, by team and by tag."""
    found: list[Change] = []
    tags = _tags({row.ticket for weeks in rows.values() for week in weeks for row in week})
    for subject in SUBJECTS:
        for name, narrowed, weeks in _groups(filters, rows[subject.report], tags):
            change = change_of(subject, name, narrowed, spans, weeks)
            if change:
                found.append(change)
    return sorted(found, key=lambda change: -change.size)[:MOST]


def _groups(
    filters: Filters, weeks: Weeks, tags: dict[int, list[int]]
) -> Iterable[tuple[str, Filters, Weeks]]:
    before, now = weeks
    is_before = set(map(id, before))
    teams = grouped([*before, *now], "team")
    if len(teams) != 1:
        yield _("In all"), filters, weeks
    for group in teams:
        yield group.name, filters.narrowed("team", group.value), _split(group.rows, is_before)
    by_tag: dict[int, list[Any]] = {}
    for row in (*before, *now):
        for tag in tags.get(row.ticket, ()):
            by_tag.setdefault(tag, []).append(row)
    names = dimension_names("tag", by_tag)
    for tag, members in sorted(by_tag.items(), key=lambda item: names[item[0]]):
        words = _("Tag “%(name)s”") % {"name": names[tag]}
        yield words, filters.narrowed("tag", tag), _split(members, is_before)


def _split(rows: Sequence[Any], is_before: set[int]) -> Weeks:
    return [row for row in rows if id(row) in is_before], [row for row in rows if id(row) not in is_before]


def change_of(
    subject: Subject, name: str, filters: Filters, spans: tuple[Period, Period], weeks: Weeks
) -> Change | None:
    """The change of one subject between two weeks; None where it may be chance, or there are too few."""
    before, now = (subject.share(week) for week in weeks)
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


BATCH = 5000


def _tags(tickets: set[int]) -> dict[int, list[int]]:
    """The tags of each of these tickets that has any."""
    keys, found = sorted(tickets), dict[int, list[int]]()
    links = Ticket.tags.through._default_manager
    for start in range(0, len(keys), BATCH):
        rows = links.filter(ticket_id__in=keys[start : start + BATCH]).values_list("ticket_id", "tag_id")
        for ticket, tag in rows:
            found.setdefault(ticket, []).append(tag)
    return found
