"""What `receive_mail --json` says of one mail."""

from __future__ import annotations

from typing import Any

from helpdesk.mail.bounded import ParserDied, parse_bounded
from helpdesk.mail.inbound import Outcome, known_path


def as_json(file: str, outcome: Outcome, *, dry: bool = False) -> dict[str, Any]:
    """State and ticket of a mail, and everything that was read from it. In a dry run no ticket exists to be
    named.
    """
    row = outcome.row
    is_new = outcome.new_ticket
    answer = {
        "file": file,
        "state": row.state,
        "reason": row.reason or row.error,
        "ticket": str(row.ticket_id) if row.ticket_id and not (dry and is_new) else None,
        "new_ticket": is_new,
    }
    return answer | _said(outcome)


def _said(outcome: Outcome) -> dict[str, Any]:
    reading = outcome.read.reading if outcome.read else _read_again(outcome)
    if reading is None:
        empty: dict[str, Any] = dict.fromkeys(
            ["message_id", "from", "subject", "date", "text", "visible", "quoted", "html", "bounce"]
        )
        return empty | {"to": [], "cc": [], "automatic": False, "attachments": [], "flags": []}
    keys = ("message_id", "from", "to", "cc", "subject", "date", "text", "visible", "quoted", "html", "flags")
    return {key: reading[key] for key in keys} | {
        "automatic": reading["automatic"] or reading["report"] is not None,
        "bounce": _bounce(reading["report"]),
        "attachments": [
            {key: one[key] for key in ("name", "type", "size", "sha1", "sha256", "inline")}
            for one in reading["attachments"]
        ],
    }


def _read_again(outcome: Outcome) -> dict[str, Any] | None:
    try:
        return parse_bounded(bytes(outcome.row.raw), known_path(outcome.row)).reading
    except ParserDied:
        return None


def _bounce(report: dict[str, Any] | None) -> dict[str, Any] | None:
    if report is None or report["kind"] not in ("bounce", "delayed", "feedback"):
        return None
    keys = ("address", "status", "reply_code", "hard", "reason")
    return {
        "recipients": [{key: one[key] for key in keys} for one in report["recipients"]],
        "original_message_id": report["original_message_id"],
        "feedback_report": report["kind"] == "feedback",
    }
