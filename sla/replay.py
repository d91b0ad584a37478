"""Replay of calendar questions and ticket timelines written by other projects. Pure.

A timeline is turned into events of ours and folded by the engine of the product, once by the rules of the
product that wrote it (`result`: named switches of the policy) and once by our defaults (`ours`).
`docs/sla-semantics.md` names each rule that differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sla.calendar import WorkingCalendar, compile_calendar
from sla.calendar_spec import CALENDAR_PARTS
from sla.measure import RuleBook, measure
from sla.replay_result import Lives, ours, stated
from sla.rules import DEFAULT_PAUSES, METRICS, PRIORITIES, Rules, Switches, Target

_NO_TIME = datetime(2024, 1, 1, tzinfo=UTC)  # for timelines that state no instants
_EVERY = frozenset({"waiting", "on_hold"})

# The rules of other products, in terms of ours. A paused or closed Zammad ticket stops every clock from
# counting, and only its recorded closing time ends one; Frappe takes a status move for an answer.
_ZAMMAD = {
    "switches": Switches(
        resolved_unanswered="keep",
        pause_unanswered=True,
        next_response_overlaps_first=True,
        due_at_closing="opening",
    ),
    "pauses": dict.fromkeys(DEFAULT_PAUSES, _EVERY),
}
_PRODUCTS: dict[str, dict[str, Any]] = {
    "zammad-develop": _ZAMMAD,
    "zammad-2020": _ZAMMAD,
    "frappe": {
        "switches": Switches(
            resolved_unanswered="answer", status_move_answers=True, reopened_resolution="continue"
        )
    },
    "chatwoot": {"pauses": dict.fromkeys(DEFAULT_PAUSES, frozenset())},
}
_STATES = {"new": "new", "open": "open", "resolved": "resolved", "closed": "closed", "merged": "closed"}


@dataclass(frozen=True)
class ReplayedEvent:
    """An event of ours made from a line of a timeline."""

    kind: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    actor_id: int | None = None


def replay(case: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case; a case that cannot be read is answered with its error, never raised."""
    answer: dict[str, Any] = {"id": case.get("id") if isinstance(case, Mapping) else None}
    try:
        if "op" in case:
            answer["result"] = written(_calendar_answer(case))
        else:
            answer |= _timeline_answer(case)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError) as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    return answer


def written(value: Any) -> Any:
    """A value as the output writes it: instants ISO 8601 in UTC with Z, whole numbers without a fraction."""
    if isinstance(value, datetime):
        precision = "milliseconds" if value.microsecond else "seconds"
        return value.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: written(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(each) for each in value]
    return value


def read_instant(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# --- calendar questions -------------------------------------------------------------------------------


def _calendar_answer(case: Mapping[str, Any]) -> Any:
    calendar, args = compile_calendar(case["calendar"]), case["args"]
    instants = {name: read_instant(args[name]) for name in ("start", "end", "at", "from") if args.get(name)}
    match case["op"]:
        case "add_business_minutes":
            seconds = args["seconds"] if "seconds" in args else args["minutes"] * 60
            return calendar.add(instants["start"], timedelta(seconds=seconds))
        case "business_minutes_between":
            return calendar.between(instants["start"], instants["end"]) / timedelta(minutes=1)
        case "is_open_at":
            return calendar.is_open(instants["at"])
        case "is_holiday_at":
            return calendar.is_holiday(instants["at"])
        case "next_open_instant":
            return calendar.next_open(instants["at"])
        case "previous_open_instant":
            return calendar.previous_open(instants["at"])
        case "next_opening_strictly_after":
            return calendar.next_opening(instants["at"])
        case "next_closing_after":
            return calendar.next_closing(instants["at"])
        case "business_intervals_after":
            return list(islice(calendar.intervals_after(instants["from"]), args["take"]))
        case "business_intervals_before":
            return list(islice(calendar.intervals_before(instants["from"]), args["take"]))
    raise ValueError(f"unknown operation {case['op']!r}")


# --- timelines ----------------------------------------------------------------------------------------


def _timeline_answer(case: Mapping[str, Any]) -> dict[str, Any]:
    lines = _dated(case["timeline"])
    calendar = compile_calendar(_calendar_at_the_end(case["calendar"], lines))
    product = _PRODUCTS.get(case["semantics"])
    lives = Lives(case, calendar, lines)
    answer: dict[str, Any] = {"result": {}}
    if product is not None:
        # These products reckon anew from the creation, by what holds at the end.
        policy = _matching(case["policies"], lines)
        rules = Rules(_targets(policy), **{"pauses": DEFAULT_PAUSES, **product})
        events = list(_events(lines, calendar, case["semantics"]))
        lives.readings = measure(_with_policy(events, [(None, 1)]), _book({1: rules}, calendar), lives.now)
        lives.rules = rules if policy else None
        answer["result"] = written(stated(lives))
    rules_by_id, applied = _policies_over_time(case["policies"], lines)
    events = list(_events(lines, calendar, "ours"))
    lives.readings = measure(_with_policy(events, applied), _book(rules_by_id, calendar), lives.now)
    answer["ours"] = written(ours(lives))
    return answer


def _dated(timeline: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines with an instant each: "at once" is the latest instant so far."""
    lines: list[dict[str, Any]] = []
    latest = _NO_TIME
    without = not any(line.get("at") for line in timeline)
    for line in timeline:
        at = read_instant(line["at"]) if line.get("at") else latest
        if without and lines:
            at += timedelta(minutes=10)  # no instants at all: let time pass between the lines
        latest = max(latest, at) if lines else at
        lines.append({**line, "at": at})
    return lines


def _calendar_at_the_end(spec: Mapping[str, Any], lines: list[dict[str, Any]]) -> Mapping[str, Any]:
    """The calendar with what the timeline changes of it; these products reckon anew by the one that holds."""
    for line in lines:
        if line["what"] == "calendar_changed":
            parts = line.get("calendar") or {key: line[key] for key in CALENDAR_PARTS if key in line}
            spec = {**spec, **parts}
    return spec


def _book(rules: Mapping[int, Rules], calendar: WorkingCalendar) -> RuleBook:
    return RuleBook(rules=lambda version: rules[version], calendar=lambda version: calendar)


def _with_policy(
    events: list[ReplayedEvent], applied: list[tuple[datetime | None, int]]
) -> list[ReplayedEvent]:
    """The events in order of time with the policy applied at its instants (None: at the opening)."""
    opened = next((event for event in events if event.kind == "ticket.opened"), None)
    if opened is None:
        raise ValueError("the timeline creates no ticket")
    all_events = [opened, *(event for event in events if event is not opened)]
    for at, version in applied:
        data = {"policy_version": version, "calendar_version": 1}
        position = 1 if at is None else len(all_events)
        all_events.insert(position, ReplayedEvent("sla.applied", at or opened.at, data))
    ordered = [opened, *sorted(all_events[1:], key=lambda event: event.at)]
    return [
        ReplayedEvent(event.kind, max(event.at, opened.at), event.data, seq)
        for seq, event in enumerate(ordered, 1)
    ]


def _events(
    lines: list[dict[str, Any]], calendar: WorkingCalendar, semantics: str
) -> Iterator[ReplayedEvent]:
    """The timeline as events of ours. A field that a test sets again keeps its last value."""
    status = "new"
    for index, line in enumerate(lines):
        at, message = line["at"], index + 1
        for what, state in _parts(line):
            if what.startswith("ticket_created"):
                status = _status(state or "open", semantics)
                yield ReplayedEvent("ticket.opened", at, _opening(what, status, line))
            elif what in ("customer_message", "customer_contact_recorded", "customer_waiting_since"):
                yield ReplayedEvent("ticket.replied", at, {"message": message, "by": "customer"})
            elif what in ("agent_message", "agent_reply_and_pause"):
                yield ReplayedEvent("ticket.replied", at, {"message": message, "by": "agent"})
            elif what == "agent_contact_recorded":
                only = ["next_response"]
                yield ReplayedEvent("ticket.replied", at, {"message": message, "by": "agent", "only": only})
            elif what == "first_response_recorded" and _is_last(lines, index, what):
                only = ["first_response"]
                yield ReplayedEvent("ticket.replied", at, {"message": message, "by": "agent", "only": only})
            elif what == "close_time_recorded" and _is_last(lines, index, what):
                yield ReplayedEvent("ticket.resolved", at, {"only": ["resolution"]})
            elif what == "hold_time_added":
                until = calendar.add(at, timedelta(seconds=line["seconds"]))
                yield ReplayedEvent("ticket.set_waiting", at, {"status": [status, "waiting"]})
                yield ReplayedEvent("ticket.set_open", until, {"status": ["waiting", status]})
            if what in ("state_changed", "state_set", "agent_reply_and_pause"):
                new = "waiting" if what == "agent_reply_and_pause" else _status(state, semantics)
                yield ReplayedEvent("ticket.set_open", at, {"status": [status, new]})
                status = new


def _parts(line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a line says, with the state it names: "agent_message+state_set:open" says two things."""
    for part in line["what"].split("+"):
        what, _, state = part.partition(":")
        yield what, state or line.get("to") or line.get("state") or ""


def _opening(what: str, status: str, line: Mapping[str, Any]) -> dict[str, Any]:
    by_agent = "by_agent" in what or "also_owner" in what
    return {
        "status": status,
        "priority": 2,
        "spoke_first": "agent" if by_agent else "customer",
        "message": None,
    }


def _status(state: str, semantics: str) -> str:
    """Another product's state as one of our categories."""
    state = state.lower()
    if semantics.startswith("zammad") and state in ("closed", "merged", "removed"):
        return "on_hold"  # there a closed state pauses, and the recorded closing time ends the clock
    if state in _STATES:
        return _STATES[state]
    return "waiting"  # pending reminder, pending close, replied, paused, snoozed, stalled


def _is_last(lines: list[dict[str, Any]], index: int, what: str) -> bool:
    return all(line["what"] != what for line in lines[index + 1 :])


# --- policies -----------------------------------------------------------------------------------------


def _targets(policy: Mapping[str, Any] | None) -> dict[str, dict[int, Target]]:
    names = {
        "first_response": "first_response_min",
        "next_response": "update_min",
        "resolution": "resolution_min",
    }
    return {
        metric: dict.fromkeys(PRIORITIES, Target(timedelta(minutes=policy[name])))
        for metric, name in names.items()
        if policy and policy.get(name) is not None
    }


def _matching(policies: list[Mapping[str, Any]], lines: list[dict[str, Any]]) -> Mapping[str, Any] | None:
    """The first policy whose conditions hold for the ticket as these lines leave it."""
    known: dict[str, list[str]] = {"ticket.priority_id": [], "ticket.title": [], "article.subject": []}
    for line in lines:
        if line["what"] == "priority_set" or "priority" in line:
            known["ticket.priority_id"] = [str(line.get("priority") or line.get("to"))]
        if "title" in line:
            known["ticket.title"] = [line["title"]]
        if "subject" in line:
            known["article.subject"].append(line["subject"])
    return next((policy for policy in policies if _holds(policy.get("condition") or [], known)), None)


def _holds(conditions: list[Mapping[str, Any]], known: Mapping[str, list[str]]) -> bool:
    return all(_one_holds(condition, known.get(condition["field"], [])) for condition in conditions)


def _one_holds(condition: Mapping[str, Any], values: list[str]) -> bool:
    wanted = condition["value"] if isinstance(condition["value"], list) else [condition["value"]]
    if "contains" in condition["operator"]:
        found = any(str(each).lower() in value.lower() for each in wanted for value in values)
    else:  # "2 normal" is the priority with the id 2
        found = any(
            value == str(each) or value.split(" ")[0] == str(each) for each in wanted for value in values
        )
    return not found if "not" in condition["operator"] else found


def _policies_over_time(
    policies: list[Mapping[str, Any]], lines: list[dict[str, Any]]
) -> tuple[dict[int, Rules], list[tuple[datetime | None, int]]]:
    """Which rules held from when on, by our way: a change counts from its instant."""
    rules: dict[int, Rules] = {}
    applied: list[tuple[datetime | None, int]] = []
    for index, line in enumerate(lines):
        if not line["what"].startswith("ticket_created") and line["what"] not in (
            "policy_set",
            "priority_set",
        ):
            continue
        offered = [line["policy"]] if "policy" in line else policies
        policy = _matching(offered, lines[: index + 1]) or _matching(policies, lines[: index + 1])
        rules[index] = Rules(_targets(policy), measures=frozenset(METRICS))
        applied.append((line["at"] if applied else None, index))
    return rules, applied
