"""Changing a ticket: one address for each verb, each of them one action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import actions as outward
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, Strict, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, REFUSALS, Deed, represented
from tickets import access, actions
from tickets.models import Ticket, User


class Change(Deed):
    """A change of the ticket by one action; `version` guards what others did meanwhile."""

    body_class: ClassVar[type[Strict]]
    change: ClassVar[Callable[[Ticket, dict[str, Any], User], Ticket]]

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, self.body_class, user=request.user)
        with transaction.atomic(), refusing_values():
            if "version" in body:
                actions.demand_version(row, body["version"])
            type(self).change(row, body, reader(request))
        return 200, represented(row, request)


def _change(
    verb: str,
    summary: str,
    body_class: type[Strict],
    change: Callable[[Ticket, dict[str, Any], User], Ticket],
    for_customers: bool = False,
) -> type[Change]:
    """The view of one verb."""

    def post(self: Change, request: Request, number: int) -> Response:
        return Deed.post(self, request, number)

    described = extend_schema(
        operation_id=verb.replace("-", "_"),
        summary=summary,
        parameters=[ONCE],
        request=body_class,
        responses={200: shapes.TicketOut, **REFUSALS},
    )
    parts = {
        "body_class": body_class,
        "change": staticmethod(change),
        "for_customers": for_customers,
        "post": described(post),
        "__doc__": summary,
    }
    return type(verb.title().replace("-", ""), (Change,), parts)


def _other(number: int, user: User) -> Ticket:
    found = access.worked_by(user).filter(pk=number).first()
    if found is None:
        raise ValueError("There is no ticket with this number.")
    return found


def _marked(row: Ticket, by: User) -> Ticket:
    outward.mark_spam(row, by=by)
    return row


def _unmarked(row: Ticket, by: User) -> Ticket:
    outward.unmark_spam(row, by=by)
    return row


CHANGES: dict[str, type[Change]] = {
    "assign": _change(
        "assign",
        "Assign a ticket, or put it back",
        shapes.Assigned,
        lambda row, body, by: actions.assign(row, body["assignee"], by=by),
    ),
    "prioritize": _change(
        "prioritize",
        "Change the priority",
        shapes.Prioritized,
        lambda row, body, by: actions.prioritize(row, shapes.PRIORITIES[body["priority"]], by=by),
    ),
    "move": _change(
        "move",
        "Hand a ticket to another team",
        shapes.Moved,
        lambda row, body, by: actions.move(row, body["team"], by=by),
    ),
    "snooze": _change(
        "snooze",
        "Put a ticket off",
        shapes.Snoozed,
        lambda row, body, by: actions.snooze(row, until=body["until"], by=by),
    ),
    "unsnooze": _change(
        "unsnooze",
        "Take a ticket that was put off up again",
        shapes.Seen,
        lambda row, body, by: actions.unsnooze(row, by=by),
    ),
    "mark-spam": _change(
        "mark-spam",
        "Close a ticket as spam and refuse mail of its sender",
        shapes.Seen,
        lambda row, body, by: _marked(row, by),
    ),
    "unmark-spam": _change(
        "unmark-spam",
        "It was no spam: let it count, and its sender in, again",
        shapes.Seen,
        lambda row, body, by: _unmarked(row, by),
    ),
    "merge": _change(
        "merge",
        "Merge a ticket into an older one",
        shapes.Merged,
        lambda row, body, by: actions.merge(row, into=_other(body["into"], by), by=by),
    ),
    "unmerge": _change(
        "unmerge",
        "Let a merged ticket stand for itself again",
        shapes.Seen,
        lambda row, body, by: actions.unmerge(row, by=by),
    ),
    "change-requester": _change(
        "change-requester",
        "Give a ticket to another requester",
        shapes.RequesterChanged,
        lambda row, body, by: actions.change_requester(
            row,
            actions.meet(body["requester_email"], name=body.get("requester_name", "")),
            keep=body.get("keep", False),
            by=by,
        ),
    ),
    "retype": _change(
        "retype",
        "Change the type",
        shapes.Retyped,
        lambda row, body, by: actions.retype(row, body["type"], by=by),
    ),
    "tag": _change(
        "tag",
        "Put a tag on a ticket",
        shapes.Tagged,
        lambda row, body, by: actions.tag(row, body["tag"], by=by),
    ),
    "untag": _change(
        "untag",
        "Take a tag off a ticket",
        shapes.Tagged,
        lambda row, body, by: actions.untag(row, body["tag"], by=by),
    ),
    "resolve": _change(
        "resolve",
        "Resolve a ticket",
        shapes.Seen,
        lambda row, body, by: actions.resolve(row, by=by),
        for_customers=True,
    ),
    "reopen": _change(
        "reopen",
        "Reopen a ticket",
        shapes.Seen,
        lambda row, body, by: actions.reopen(row, by=by),
        for_customers=True,
    ),
    "close": _change("close", "Close a ticket", shapes.Seen, lambda row, body, by: actions.close(row, by=by)),
    "set-waiting": _change(
        "set-waiting",
        "Wait for the customer",
        shapes.Seen,
        lambda row, body, by: actions.set_waiting(row, by=by),
    ),
    "put-on-hold": _change(
        "put-on-hold",
        "Wait for a third party",
        shapes.Seen,
        lambda row, body, by: actions.put_on_hold(row, by=by),
    ),
    "set-open": _change(
        "set-open", "Set a ticket open", shapes.Seen, lambda row, body, by: actions.set_open(row, by=by)
    ),
}
"""The changes by the last word of their address."""
