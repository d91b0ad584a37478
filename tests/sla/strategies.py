"""Random calendars, instants and lives of tickets, for properties that must hold for all of them."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from sla.calendar import compile_calendar
from sla.rules import METRICS, PRIORITIES, Rules, Switches, Target, choices_of
from tests.sla.histories import AGENT, History

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]
)
QUARTERS = st.integers(0, 95)
FIRST, LAST = datetime(2025, 1, 1), datetime(2027, 12, 31)  # noqa: DTZ001
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
AMOUNTS = st.timedeltas(timedelta(microseconds=1), timedelta(hours=400))


@st.composite
def calendars(draw, zones=ZONES):
    """Hours in quarters on some weekdays, some dates closed."""
    week = {}
    for day in draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True)):
        marks = sorted(draw(st.lists(QUARTERS, min_size=2, max_size=4, unique=True)))
        marks = marks[: len(marks) // 2 * 2]
        times = [f"{mark // 4:02}:{mark % 4 * 15:02}" for mark in marks]
        week[day] = [list(pair) for pair in zip(times[::2], times[1::2], strict=True)]
    closed = draw(st.lists(st.dates(FIRST.date(), LAST.date()), max_size=5))
    return compile_calendar(
        {"timezone": draw(zones), "hours": week, "holidays": [day.isoformat() for day in closed]}
    )


@st.composite
def rules(draw):
    """Targets for some metrics and priorities, pauses and switches as they fall."""
    amounts = st.integers(1, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))
    targets = {
        metric: {
            priority: Target(draw(amounts), draw(st.booleans()))
            for priority in draw(st.sets(st.sampled_from(PRIORITIES)))
        }
        for metric in draw(st.sets(st.sampled_from(METRICS)))
    }
    return Rules(targets, switches=draw(switches()), measures=frozenset(METRICS))


@st.composite
def switches(draw):
    return Switches(**{name: draw(st.sampled_from(choices_of(name))) for name in asdict(Switches())})


STEPS = (
    "customer",
    "agent",
    "program",
    "note",
    "waiting",
    "on_hold",
    "open",
    "resolved",
    "closed",
    "prioritize",
    "lose",
    "recover",
    "fix",
    "release",
    "apply",
)
MOVES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 3000), st.integers(1, 4)), min_size=1, max_size=16
)


def lived(moves, *, versions, calendar, start, steps=STEPS):
    """A history in which those moves happened, so many minutes one after the other; as far as they can."""
    history = History(versions[0], opened=start)
    history.rules = dict(enumerate(versions, 1))
    history.calendar = calendar
    at, status, message, applied = start, "new", 200, 1
    for step, minutes, number in moves:
        if step not in steps:
            continue
        at += timedelta(minutes=minutes)
        if step == "customer":
            history.customer(at, message=100 + len(history.events))
        elif step in ("agent", "program"):
            message += 1
            by, human = ("agent", True) if step == "agent" else ("bot", False)
            history.add("ticket.replied", at, actor=AGENT, message=message, by=by, human=human)
        elif step == "note":
            history.add("ticket.noted", at, actor=AGENT, message=1)
        elif step == "prioritize":
            history.add("ticket.prioritized", at, priority=[2, number])
        elif step == "lose":
            history.add("delivery.failed", at, message=message)
        elif step == "recover":
            history.add("delivery.recovered", at, message=message)
        elif step in ("fix", "release"):
            metric, due_at = METRICS[(number + minutes) % len(METRICS)], at + timedelta(minutes=100 * number)
            kind = "sla.deadline_set" if step == "fix" else "sla.deadline_released"
            history.add(kind, at, actor=AGENT, metric=metric, instance=1, due_at=due_at)
        elif step == "apply":
            applied = number % len(versions) + 1
            history.add("sla.applied", at, policy_version=applied, calendar_version=1)
        elif status != step:
            history.status(at, status, step)
            status = step
    history.ends_at = at
    return history
