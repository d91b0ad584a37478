"""Hand-written histories for the fold: events as they come, read without a database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sla.calendar import compile_calendar
from sla.measure import RuleBook, measure
from sla.rules import PRIORITIES, Rules, Target

OFFICE = compile_calendar(
    {"timezone": "UTC", "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
AGENT, OTHER = 7, 8


def at(text, day=0):
    hour, minute = text.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


def minutes(number):
    return timedelta(minutes=number)


def targets(first=120, following=60, resolution=480, working=True, **more):
    given = {"first_response": first, "next_response": following, "resolution": resolution} | more
    return {
        metric: dict.fromkeys(PRIORITIES, Target(minutes(number), working))
        for metric, number in given.items()
    }


@dataclass
class Event:
    kind: str
    at: datetime
    data: dict = field(default_factory=dict)
    actor_id: int | None = None
    seq: int = 0


class History:
    """A ticket's events, written as they come; `read` folds them."""

    def __init__(self, rules=None, *, opened="09:00", **opening):
        self.rules = {1: rules or Rules(targets())}
        self.events = []
        self.calendar = OFFICE
        data = {"status": "new", "priority": 2, "team": 1, "assignee": None, "spoke_first": "customer"}
        self.add("ticket.opened", opened, **(data | {"message": 100} | opening))
        self.add("sla.applied", opened, policy_version=1, calendar_version=1)

    @classmethod
    def of(cls, other, events):
        """Another history by the same rules and calendar, with these events."""
        history = cls()
        history.rules, history.calendar, history.events = other.rules, other.calendar, list(events)
        return history

    def add(self, kind, when, day=0, actor=None, **data):
        instant = when if isinstance(when, datetime) else at(when, day)
        self.events.append(Event(kind, instant, data, actor, len(self.events) + 1))
        return self

    def customer(self, when, message=101, **more):
        return self.add("ticket.replied", when, message=message, by="customer", human=True, **more)

    def agent(self, when, message=200, actor=AGENT, human=True, **more):
        return self.add("ticket.replied", when, message=message, by="agent", human=human, actor=actor, **more)

    def status(self, when, old, new, **more):
        return self.add("ticket.set_open", when, status=[old, new], **more)

    def read(self, until=None):
        book = RuleBook(rules=self.rules.__getitem__, calendar=lambda version: self.calendar)
        readings = measure(self.events, book, until)
        return {(reading.metric, reading.instance): reading for reading in readings}

    def first(self, until=None):
        return self.read(until)["first_response", 1]

    def resolution(self, until=None):
        return self.read(until)["resolution", 1]
