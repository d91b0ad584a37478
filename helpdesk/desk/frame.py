"""What stands around a page of the desk, read in one statement: counts, what is late, alerts, saved views."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from helpdesk import flooded, notifications, outbox
from helpdesk.desk.listing import SOON, VIEWS, Counts, footing, parts
from helpdesk.desk.where import CAPPED
from sla.queries import in_due_order
from tickets import access, queries
from tickets.models import SavedView, User
from tickets.models.people import Named
from tickets.statements import count_of, json_of, kept_rows


@dataclass(frozen=True)
class Frame:
    """What the frame of a page shows its reader; `colleagues` and `teams` are those to hand tickets to."""

    counts: Counts
    drafts: int
    stuck: int
    alerts: int
    saved: list[SavedView]
    floods: list[flooded.Flood]
    colleagues: tuple[Named, ...]
    teams: tuple[Named, ...]


def frame(user: User, view: str = "") -> Frame:
    """One statement; `view` is the one whose late and soon tickets are counted, at most CAPPED + 1; none:
    neither is."""
    key = ("frame", footing(user, view), view)
    (row,) = kept_rows(key, lambda: _statement(access.someone_like(user), view), reader=user.pk)
    found = dict(zip(NAMES, row, strict=True))
    listed = {name: json.loads(found[name]) for name in ("saved", "floods", "colleagues", "teams")}
    return Frame(
        counts=Counts({name: found[name] for name in VIEWS}, found["late"], found["near"]),
        drafts=found["drafts"],
        stuck=found["stuck"],
        alerts=found["alerts"],
        saved=[SavedView(**one) for one in listed["saved"]],
        floods=flooded.from_json(listed["floods"]),
        colleagues=tuple(Named(**one) for one in listed["colleagues"]),
        teams=tuple(Named(**one) for one in listed["teams"]),
    )


NAMES = (*VIEWS, "late", "near", "drafts", "stuck", "alerts", "saved", "floods", "colleagues", "teams")


def _statement(user: User, view: str) -> str:
    values: dict[str, Any] = queries.view_sums(user)
    source = values.pop("FROM")
    soon, shown = Q(due__place_at__lte=Now() + SOON), "open" if view == "soon" else view
    due = {"soon": ("open", soon)}
    if view:
        due["late"] = (shown, Q(due__place_at__lt=Now()))
        due["near"] = (shown, soon & Q(due__place_at__gte=Now()))
    values |= {"late": 0, "near": 0}
    for name, (of, condition) in due.items():
        rows = queries.in_view(user, of).filter(condition)
        # In the order of the index, which is walked no further than that many rows.
        first = in_due_order(rows, parts=parts(user, of), size=CAPPED + 1)
        values[name] = count_of(first.values("pk"))
    values |= {
        "drafts": count_of(access.own_drafts(user).order_by().values("pk")),
        "stuck": count_of(outbox.stuck_for(user).order_by().values("pk")[: CAPPED + 1]),
        "alerts": count_of(notifications.unread_tickets(user)),
        "saved": json_of(access.saved_views_visible_to(user).select_related(None).values("id", "name")),
        "floods": json_of(flooded.bundles()),
        "colleagues": json_of(access.colleagues_of(user).values("pk", "name", "email")),
        "teams": json_of(access.teams_visible_to(user).values("pk", "name")),
    }
    return f"SELECT {', '.join(str(values[name]) for name in NAMES)} FROM {source}"  # noqa: S608
