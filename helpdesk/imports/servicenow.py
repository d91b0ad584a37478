"""Reads the audit log of a ServiceNow instance: one line for each update of an incident, as CSV.

The columns are those of the table `incident` as its log export names them; docs/import.md says what becomes
of each. "?" and an empty field mean that the source does not say.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from tickets.actions.importing import History, State
from tickets.models import Channel, Origin, Priority, Status

SOURCE = "servicenow"
TIMES = ("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S")
"""How an instant may be written, without a zone."""

NEEDED = {
    *("number", "incident_state", "opened_at", "sys_updated_at", "resolved_at", "contact_type"),
    *("caller_id", "priority", "assignment_group", "assigned_to"),
}
OTHER_NAMES = {"ident_state": "incident_state"}
"""Columns that exports name differently."""

STATUSES = {
    "New": Status.NEW,
    "Active": Status.OPEN,
    "Awaiting User Info": Status.WAITING,
    "Awaiting Vendor": Status.ON_HOLD,
    "Awaiting Problem": Status.ON_HOLD,
    "Awaiting Evidence": Status.ON_HOLD,
    "Resolved": Status.RESOLVED,
    "Closed": Status.CLOSED,
}
OVER = (Status.RESOLVED, Status.CLOSED)
PRIORITIES = {
    "1": Priority.URGENT,
    "2": Priority.HIGH,
    "3": Priority.NORMAL,
    "4": Priority.LOW,
    "5": Priority.LOW,
}
CHANNELS = {
    "Phone": Channel.PHONE,
    "IVR": Channel.PHONE,
    "Email": Channel.MAIL,
    "Self service": Channel.PORTAL,
    "Direct opening": Channel.WALK_IN,
}
DETAILS = ("category", "subcategory", "u_symptom", "location", "cmdb_ci")
"""What stands in the first message, one line each."""

Row = Mapping[str, str]


class BadLog(ValueError):
    """The file is no such log. The text says what is missing."""


@dataclass
class Log:
    """The incidents of one file, with what could not be read. `zone` is that of the instance."""

    path: Path
    zone: ZoneInfo
    refused: list[str] = field(default_factory=list)

    def histories(self) -> Iterator[History]:
        """Every incident once, in the order of the file. One that cannot be read is told in `refused`."""
        seen: set[str] = set()
        with _opened(self.path) as file:
            for key, rows in groupby(self._rows(file), key=lambda pair: pair[1]["number"]):
                pairs = list(rows)
                if key in seen:
                    words = "its lines stand apart; sort the file by number"
                    self.refused.append(f"line {pairs[0][0]}, incident {key}: {words}")
                    continue
                seen.add(key)
                try:
                    yield self._history(key, [row for _line, row in pairs])
                except ValueError as error:
                    self.refused.append(f"line {pairs[0][0]}, incident {key}: {error}")

    def _rows(self, file: IO[str]) -> Iterator[tuple[int, Row]]:
        reader = csv.reader(file)
        header = _named(next(reader, []))
        if missing := NEEDED - set(header):
            raise BadLog(f"{self.path.name} lacks these columns: {', '.join(sorted(missing))}.")
        for fields in reader:
            if len(fields) != len(header):
                self.refused.append(f"line {reader.line_num}: {len(fields)} fields instead of {len(header)}")
                continue
            yield reader.line_num, dict(zip(header, fields, strict=True))

    def _history(self, key: str, rows: Sequence[Row]) -> History:
        first = rows[0]
        opened_at = self._instant(first["opened_at"])
        if opened_at is None:
            raise ValueError("it does not say when it was opened")
        details = {name: first[name] for name in DETAILS if _said(first.get(name, ""))}
        return History(
            key=key,
            opened_at=opened_at,
            requester=_said(first["caller_id"]) or "unknown",
            subject=f"Incident {key}",
            text="\n".join(f"{name.removeprefix('u_')}: {value}" for name, value in details.items()),
            channel=CHANNELS.get(first["contact_type"], Channel.PHONE),
            tags=[f"category {details['category']}"] if "category" in details else [],
            states=self._states(rows),
        )

    def _states(self, rows: Sequence[Row]) -> list[State]:
        """A state for each line. Where nothing but Resolved and Closed follows, the resolution took place
        when the column `resolved_at` says, which may be after the line that first shows it."""
        states: list[State] = []
        status = Status.NEW
        for row in rows:
            status = self._status(row, status)
            at = self._instant(row["sys_updated_at"])
            if at is None:
                raise ValueError("a line does not say when it was written")
            states.append(
                State(
                    at=max(at, states[-1].at) if states else at,
                    status=status,
                    team=_said(row["assignment_group"]),
                    assignee=_said(row["assigned_to"]),
                    priority=_priority(row["priority"]),
                )
            )
        return self._settled(states, self._instant(rows[-1]["resolved_at"]))

    def _settled(self, states: list[State], resolved_at: datetime | None) -> list[State]:
        over = len(states)
        while over and states[over - 1].status in OVER:
            over -= 1
        if resolved_at is None or over == len(states):
            return states
        worked, settled = states[:over], states[over:]
        if any(state.status in OVER for state in worked):  # reopened: the last resolution came after that
            resolved_at = max(resolved_at, worked[-1].at)
        worked = [replace(state, at=min(state.at, resolved_at)) for state in worked]
        before = worked[-1].status if worked else Status.NEW
        early = [replace(state, status=before) for state in settled if state.at < resolved_at]
        late = [state for state in settled if state.at >= resolved_at]
        resolution = replace((late or early[-1:])[0], at=resolved_at, status=Status.RESOLVED)
        return [*worked, *early, resolution, *late]

    def _status(self, row: Row, before: Status) -> Status:
        """A state that the log could not name (-100) is the one before."""
        word = row["incident_state"]
        if word == "-100" or not _said(word):
            return before
        if word not in STATUSES:
            raise ValueError(f"“{word}” is no state of an incident")
        return STATUSES[word]

    def _instant(self, words: str) -> datetime | None:
        if not _said(words):
            return None
        for shape in TIMES:
            try:
                return datetime.strptime(words, shape).replace(tzinfo=self.zone)
            except ValueError:
                continue
        raise ValueError(f"“{words}” is no instant like 29/2/2016 01:16")


def name_of(kind: Origin.Kind, key: str) -> str:
    """What a team or a person is called here; the log knows them by number."""
    if kind == Origin.Kind.TEAM:
        return f"Group {key}" if key else "No group"
    role, _space, number = key.partition(" ")
    return f"{'Resolver' if role == 'agent' else 'Caller'} {number}"


def _named(header: Sequence[str]) -> list[str]:
    """The columns' names; where one stands twice, the second is the subcategory."""
    names = [OTHER_NAMES.get(name.strip(), name.strip()) for name in header]
    if names.count("category") == 2:
        names[len(names) - 1 - names[::-1].index("category")] = "subcategory"
    return names


def _said(word: str) -> str:
    word = word.strip()
    return "" if word == "?" else word


def _priority(word: str) -> int:
    """Also as "3 - Moderate"."""
    number = word.strip()[:1]
    if number not in PRIORITIES:
        raise ValueError(f"“{word}” is no priority from 1 to 5")
    return int(PRIORITIES[number])


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
