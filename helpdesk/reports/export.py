"""Rows as CSV (RFC 4180), streamed, safe to open in a spreadsheet. Instants are ISO 8601 in UTC."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from feedback.queries import cause_names
from helpdesk.reports.asks import Ask
from helpdesk.reports.cases import CaseRow
from helpdesk.reports.reasons import chosen
from helpdesk.reports.rows import Line, lines
from helpdesk.reports.waits import Wait

DANGEROUS = "=+-@\t\r\n＝＋－＠"
"""With these a spreadsheet takes a text for a formula (OWASP, CSV Injection)."""


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet might read the text as a formula; marks and blanks before it do not hide one."""
    return text.lstrip("' \xa0\ufeff\u200b")[:1] in DANGEROUS and text.lstrip("' \xa0\ufeff\u200b") != ""


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: dangerous texts get an apostrophe, numbers stay."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, str) and is_dangerous(value):
        return f"'{value}"
    return value


def original(cell: str) -> str:
    """What `harmless` was given: takes its apostrophe away again."""
    return cell[1:] if cell.startswith("'") and is_dangerous(cell[1:]) else cell


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


COMMON = ["ticket", "subject", "requester", "status", "team", "agent", "priority", "channel"]
WAIT_COLUMNS = [*COMMON, "date", "seconds", "time", "answered", "verdict", "target_seconds"]
ASK_COLUMNS = [*COMMON, "date", "stage", "reason", "rating", "reasons", "comment", "answered_at"]
BATCH = 1000
Cells = tuple[Any, ...]
CASE_COLUMNS = [*COMMON, "date", "seconds", "contacted", "verdict", "closed", "rating_after", "recovered"]
CASE_COLUMNS += ["outcome", "cause"]


def stream(rows: Iterable[Any], reader: Any, *, kind: type, basis: str) -> Iterator[str]:
    """The lines of the file, the head first. `kind` is what the rows are (they may be none)."""
    writer = csv.writer(_Echo())
    columns, cells_of = _shape(kind, basis)
    yield writer.writerow(columns)
    told = iter(lines(rows, reader))
    while batch := list(islice(told, BATCH)):
        for line, own in zip(batch, cells_of([line.row for line in batch]), strict=True):
            yield writer.writerow([harmless(cell) for cell in (*_common(line), *own)])


def _shape(kind: type, basis: str) -> tuple[list[str], Callable[[Sequence[Any]], Iterator[Cells]]]:
    """Column names of a kind of rows, and how a batch of them fills those beyond the common ones."""
    if issubclass(kind, Ask):
        return ASK_COLUMNS, _ask_cells
    if issubclass(kind, CaseRow):
        return CASE_COLUMNS, _case_cells
    return WAIT_COLUMNS, partial(_wait_cells, basis=basis)


def _common(line: Line) -> tuple[Any, ...]:
    ticket, row = line.ticket, line.row
    words = (ticket.subject, str(ticket.requester), ticket.status) if ticket else ("", line.person, "")
    return (row.ticket, *words, line.team, line.agent, row.priority, row.channel)


def _wait_cells(rows: Sequence[Wait], basis: str) -> Iterator[Cells]:
    for row in rows:
        target = row.target.total_seconds() if row.target else ""
        yield (row.at, round(row.value), basis, int(row.done), row.verdict, target)


def _ask_cells(rows: Sequence[Ask]) -> Iterator[Cells]:
    chose = chosen(row.survey for row in rows if row.survey)
    for row in rows:
        reasons = "; ".join(chose.get(row.survey or 0, ()))
        yield (row.at, row.stage, row.reason, row.value, reasons, row.comment, row.answered_at or "")


def _case_cells(rows: Sequence[CaseRow]) -> Iterator[Cells]:
    names = cause_names()
    for row in rows:
        again = "" if row.score is None else row.score
        closed, recovered = int(row.is_closed), "" if row.score is None else int(row.is_recovered)
        found = (row.outcome, names.get(row.cause or "", row.cause or ""))
        yield (row.at, round(row.value), int(row.done), row.verdict, closed, again, recovered, *found)
