"""Filters, orders and pages of lists. Every name comes from a list here; pages are cut by key, never by
count."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from helpdesk.api.base import Strict
from helpdesk.api.serializers import BIG, PRIORITIES, public_status
from sla import queries as promises
from tickets import searching
from tickets.models import Channel, Status, Ticket, User

PAGE_SIZE = 50
ORDERS = {
    "created_at": "opened_at",
    "updated_at": "updated_at",
    "priority": "priority",
    "next_due": "due_key",
}
"""Names by which lists may be ordered, each with its column; a minus turns the order round."""


def _orders(names: list[str]) -> list[str]:
    return [sign + name for name in names for sign in ("", "-")]


def _several(child: serializers.Field[Any, Any, Any, Any]) -> serializers.ListField:
    return serializers.ListField(child=child, required=False, max_length=50)


def _number() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=BIG)


class Page(Strict):
    cursor = serializers.CharField(required=False, max_length=300)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100, default=PAGE_SIZE)


class OwnTicketQuery(Page):
    """What a customer may ask for."""

    status = _several(serializers.ChoiceField(choices=["open", "waiting", "resolved", "closed"]))
    search = serializers.CharField(required=False, max_length=400)
    ordering = serializers.ChoiceField(choices=_orders(["created_at"]), required=False, default="-created_at")


class TicketQuery(Page):
    """What a member may ask for."""

    status = _several(serializers.ChoiceField(choices=Status.choices))
    assignee = serializers.CharField(
        required=False, max_length=20, help_text="`me`, `none` or a person's number."
    )
    team = _several(_number())
    priority = _several(serializers.ChoiceField(choices=list(PRIORITIES)))
    channel = _several(serializers.ChoiceField(choices=Channel.choices))
    requester = serializers.CharField(
        required=False, max_length=254, help_text="A person's number or address."
    )
    organization = _several(_number())
    tag = _several(serializers.CharField(max_length=50))
    search = serializers.CharField(
        required=False,
        max_length=400,
        help_text="Words of the subject or of messages, a ticket's number, or terms as at the desk: "
        "`is:unanswered team:billing -tag:refund`.",
    )
    ordering = serializers.ChoiceField(
        choices=_orders(list(ORDERS)),
        required=False,
        default="-created_at",
        help_text="next_due lists unsettled tickets only, the most urgent promise first.",
    )

    def validate_assignee(self, words: str) -> str:
        if words not in ("me", "none") and not (words.isascii() and words.isdigit()):
            raise ValidationError(_("Give “me”, “none” or a person's number."))
        return words


def chosen(tickets: QuerySet[Ticket], query: dict[str, Any], user: User) -> QuerySet[Ticket]:
    """Those of `tickets` that the validated query asks for. Raises ValidationError for a search that makes
    no sense."""
    if "search" in query:
        try:
            tickets = searching.apply(tickets, searching.parse(query["search"], user))
        except searching.BadQuery as refusal:
            raise ValidationError({"search": [str(refusal)]}) from refusal
    return tickets.filter(_condition(query, user))


def _condition(query: dict[str, Any], user: User) -> Q:
    found = Q()
    for name in ("team", "channel", "organization"):
        if name in query:
            found &= Q(**{f"{name}__in": query[name]})
    if "status" in query:
        wanted = set(query["status"])
        if not user.is_member:
            wanted = {status.value for status in Status if public_status(status) in wanted}
        found &= Q(status__in=wanted)
    if "priority" in query:
        found &= Q(priority__in=[PRIORITIES[name] for name in query["priority"]])
    if "assignee" in query:
        words = query["assignee"]
        found &= Q(assignee={"me": user.pk, "none": None}[words] if words in ("me", "none") else int(words))
    if "requester" in query:
        words = query["requester"]
        found &= Q(requester=int(words)) if words.isdecimal() else Q(requester__email=words.lower())
    for name in query.get("tag", ()):
        found &= Q(pk__in=Ticket.tags.through.objects.filter(tag__name=name.lower()).values("ticket"))
    return found


@dataclass(frozen=True)
class Order:
    """A column with the primary key behind it, so that no two rows stand at the same place."""

    name: str
    column: str
    falling: bool

    @classmethod
    def named(cls, words: str) -> Order:
        name = words.removeprefix("-")
        return cls(words, ORDERS[name], words.startswith("-"))

    def of(self, rows: QuerySet[Any], place: tuple[Any, int] | None) -> QuerySet[Any]:
        """The rows in this order, from behind a place on."""
        if self.column == "due_key":
            return promises.in_due_order(rows, place, backwards=self.falling)
        sign = "-" if self.falling else ""
        rows = rows.order_by(f"{sign}{self.column}", f"{sign}pk")
        return rows.filter(self._after(place)) if place is not None else rows

    def _after(self, place: tuple[Any, int]) -> Q:
        """The rows behind a place. The first condition is implied by the second; it serves the index."""
        value, pk = place
        way = "lt" if self.falling else "gt"
        beyond = Q(**{f"{self.column}__{way}": value}) | Q(**{self.column: value, f"pk__{way}": pk})
        return Q(**{f"{self.column}__{way}e": value}) & beyond


def page(
    rows: QuerySet[Any], order: Order, query: dict[str, Any], request: Request
) -> tuple[list[Any], str | None]:
    """One page of rows and the address of the next one."""
    rows = order.of(rows, read_cursor(query["cursor"], order) if "cursor" in query else None)
    found = list(rows[: query["page_size"] + 1])
    if len(found) <= query["page_size"]:
        return found, None
    found.pop()
    place = getattr(found[-1], order.column), found[-1].pk
    params = request.query_params.copy()
    params["cursor"] = write_cursor(place, order)
    return found, request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def write_cursor(place: tuple[Any, int], order: Order) -> str:
    value, pk = place
    plain = json.dumps([order.name, value.isoformat() if isinstance(value, datetime) else value, pk])
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read_cursor(words: str, order: Order) -> tuple[Any, int]:
    """The place that a cursor names. Raises ValidationError for one that we did not give for this order."""
    try:
        padded = words + "=" * (-len(words) % 4)
        name, value, pk = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if name != order.name or type(pk) is not int or not 0 < pk <= BIG:
            raise ValueError
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                raise ValueError
        elif type(value) is not int or not 0 <= value < 100:
            raise ValueError
        if isinstance(value, int) != (order.column == "priority"):
            raise ValueError
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        words = _("This cursor does not belong here. Take it from “next” of the page before.")
        raise ValidationError({"cursor": [words]}) from error
    return value, pk
