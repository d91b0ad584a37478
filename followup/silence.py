"""Since when a customer says nothing on a ticket that waits for them, and days of working time. Pure of rows.

A silence begins when the ticket is set to wait, again with each public word of ours while it waits, and when
it comes back from being put off. It is over with the customer's word, with another ticket that is merged into
this one, with another requester and with every other status. While the ticket is put off, our words did not
arrive, a mail waits to be judged, or we have not answered the requester's own last word, nobody is silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

WAITING, CUSTOMER = "waiting", "customer"
FOLDED = frozenset(
    {
        "ticket.opened",
        "ticket.resolved",
        "ticket.reopened",
        "ticket.closed",
        "ticket.set_waiting",
        "ticket.put_on_hold",
        "ticket.set_open",
        "ticket.replied",
        "ticket.carried",
        "ticket.snoozed",
        "ticket.unsnoozed",
        "ticket.requester_changed",
        "ticket.took_over",
        "ticket.gave_back",
        "message.withdrawn",
        "message.held",
        "message.accepted",
        "message.dismissed",
        "delivery.failed",
        "delivery.recovered",
        "followup.sent",
    }
)
"""The kinds of event that the fold reads."""


class Fact(Protocol):
    """An event as far as the fold reads it."""

    @property
    def pk(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...


class Begin(NamedTuple):
    """The event with which a silence began, and the message that it said, if it did."""

    pk: int
    at: datetime
    message: int | None = None


@dataclass(frozen=True)
class Silence:
    """A silence that goes on: the event with which it began, and when we reminded of it."""

    cause: int
    since: datetime
    reminded_at: datetime | None = None


@dataclass
class _Fold:
    waits: bool = False
    ours: set[int] = field(default_factory=set)  # our words since the customer's last
    snoozed: bool = False
    begins: list[Begin] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    reminded: dict[int, datetime] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        kind, data, here = fact.kind, fact.data, Begin(fact.pk, fact.at, fact.data.get("message"))
        if kind == "ticket.opened":
            self._speak(data.get("spoke_first"), here)
            self._stand(data.get("status"), here)
        elif "status" in data:
            self._stand(data["status"][1], here._replace(message=None))
        elif kind in ("ticket.replied", "ticket.carried"):
            self._speak(data["by"], here)
        elif kind == "followup.sent" and data["kind"] == WAITING and self.begins:
            self.reminded[self.begins[-1].pk] = fact.at
        elif kind in ("ticket.requester_changed", "ticket.took_over"):
            self._speak(CUSTOMER, here)
        else:
            self._pause(kind, here)

    def _pause(self, kind: str, here: Begin) -> None:
        """What keeps a customer from being silent for a while, and what ends that."""
        number = here.message or 0
        here = here._replace(message=None)
        if kind in ("ticket.snoozed", "ticket.unsnoozed"):
            self.snoozed = kind == "ticket.snoozed"
            self._begin(here)
        elif kind == "message.withdrawn":
            self.begins = [one for one in self.begins if one.message != number]
            self.ours.discard(number)
        elif kind == "message.held":
            self.held.add(number)
        elif kind == "delivery.failed":
            self.lost.add(number)
        elif kind == "ticket.gave_back" or number in self.held | self.lost:
            self.held.discard(number)  # accepted or dismissed
            self.lost.discard(number)  # arrived after all
            self._begin(here)

    def _stand(self, status: str | None, here: Begin) -> None:
        self.waits = status == WAITING
        self.begins.clear()
        self.lost.clear()
        self._begin(here)

    def _speak(self, who: str | None, here: Begin) -> None:
        if who == CUSTOMER:
            self.begins.clear()
            self.ours.clear()
        else:
            self.lost.clear()
            self.ours.add(here.message or 0)
            self._begin(here)

    def _begin(self, here: Begin) -> None:
        if self.waits:
            self.begins.append(here)


def silence_of(facts: Iterable[Fact]) -> Silence | None:
    """The silence that goes on after a ticket's events (those of `FOLDED`, in their order); None without."""
    fold = _Fold()
    for fact in facts:
        fold.take(fact)
    if not (fold.waits and fold.begins and fold.ours) or fold.snoozed or fold.lost or fold.held:
        return None
    begin = fold.begins[-1]
    return Silence(begin.pk, begin.at, fold.reminded.get(begin.pk))


class Days(Protocol):
    """A working calendar (`sla.calendar.WorkingCalendar`)."""

    def local(self, at: datetime) -> datetime: ...
    def next_open(self, at: datetime) -> datetime: ...


def working_days_after(calendar: Days, at: datetime, days: int) -> datetime:
    """The same time of day so many working days later: dates on which there is working time. Closed at that
    time of day, the next opening. Raises `CalendarError` where the calendar has no such day."""
    local = calendar.local(at)
    day = local.date()
    for _nth in range(days):
        day = _working_date(calendar, local, day + timedelta(days=1))
    return calendar.next_open(datetime.combine(day, local.timetz()))


def working_days_between(calendar: Days, start: datetime, end: datetime) -> int:
    """How many working days after that of `start` had come by `end`."""
    first, last, count = calendar.local(start), calendar.local(end).date(), 0
    day = first.date()
    while (day := _working_date(calendar, first, day + timedelta(days=1))) <= last:
        count += 1
    return count


def _working_date(calendar: Days, local: datetime, day: date) -> date:
    """The first date from `day` on that has working time."""
    midnight = datetime.combine(day, datetime.min.time(), local.tzinfo)
    return calendar.local(calendar.next_open(midnight)).date()
