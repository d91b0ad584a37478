"""Every route × method × person × object, against rules about who may what. Nothing here is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from helpdesk.models import Delivery
from tests.matrix import (
    ABSENT,
    IN,
    NO_METHOD,
    REFUSED,
    SIGN_IN,
    Someone,
    Thing,
    World,
    ask,
    asked,
    follows,
    likeness,
    outcome,
    passing_world,
    routes,
    sees,
    shares,
    works,
)
from tests.matrix_rows import ROWS, Row
from tickets import access, statements
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db

Cell = tuple[Someone, Thing, str, str | None]
"""Who asks about what by which method, and what the answer must be: see `cells_of`."""

NAMES = sorted(name for name, _pattern in routes())
OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
WEAKEST_AND_STRONGEST = ("anonymous", "administrator")
"""Who tries the methods that a route does not have: what these two are refused, all between them are."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once for all cells: each cell takes back what it did."""
    with django_db_blocker.unblock(), passing_world() as made:
        yield made


def test_every_route_has_a_row_and_every_row_a_route():
    assert sorted(set(NAMES)) == sorted(NAMES), "two routes share a name"
    assert set(NAMES) - ROWS.keys() == set(), "write a row for these routes"
    assert ROWS.keys() - set(NAMES) == set(), "these rows have no route"


@pytest.mark.parametrize("name", NAMES)
def test_each_cell_answers_as_the_rules_say(world: World, name: str):
    faults, cells = check(world, name)
    assert faults == []
    assert cells >= len(world.people)


def test_the_matrix_is_large(world: World, capsys: Any):
    """Counts without asking: the cells of all rows."""
    cells = sum(1 for name in ROWS for row in ROWS[name] for _cell in cells_of(world, row))
    with capsys.disabled():
        print(f"\naccess matrix: {len(NAMES)} routes, {len(world.people)} people, {cells} cells")
    assert cells > 3000


def cells_of(world: World, row: Row) -> Iterator[Cell]:
    """(person, thing, method, expected); expected None: no more than reading gives, and no effect."""
    depends = bool(row.args(world, world.things[0]) != row.args(world, world.things[1]))
    first = world.things[0]
    for someone in world.people:
        for method, rule in (("GET", row.get), ("POST", row.post)):
            if rule is None:
                if someone.name in WEAKEST_AND_STRONGEST:
                    yield someone, first, method, None
                continue
            for thing in _one_of_each_relation(someone, world.things) if depends else [first]:
                yield someone, thing, method, rule(someone, thing)
        if row.variant:
            continue
        if someone.name == WEAKEST_AND_STRONGEST[0]:
            yield someone, first, "HEAD", None
        elif someone.name == WEAKEST_AND_STRONGEST[1]:
            yield from ((someone, first, method, None) for method in OTHER_METHODS)


def _one_of_each_relation(someone: Someone, things: list[Thing]) -> Iterable[Thing]:
    """To a person, tickets to which they stand alike are alike."""
    relations = (works, asked, shares, follows)
    return {tuple(holds(someone, thing) for holds in relations): thing for thing in things}.values()


def check(world: World, name: str) -> tuple[list[str], int]:
    """What is wrong with a route's cells, and how many there are.

    A cell that is meant to write takes that back at once. All others of a row share one savepoint and one
    look at what was written: if anything was, they are asked again one by one, to say which it was.
    """
    faults, count = [], 0
    before = _written()
    for row in ROWS[name]:
        cells = list(cells_of(world, row))
        count += len(cells)
        quiet = [cell for cell in cells if not _may_write(cell)]
        with transaction.atomic():
            found = list(_asked(world, name, row, quiet))
            wrote = _written() != before
            transaction.set_rollback(True)
        if found or wrote:
            found = [fault for cell in quiet for fault in _alone(world, name, row, cell, before)]
        faults += found
        faults += [f for cell in cells if _may_write(cell) for f in _alone(world, name, row, cell, before)]
    return faults, count


def first_fault(world: World, name: str, words: str = "") -> str | None:
    """The first fault of a route that says these words: asks no further than that."""
    with transaction.atomic():
        each = (fault for row in ROWS[name] for fault in _asked(world, name, row, list(cells_of(world, row))))
        found = next((fault for fault in each if words in fault), None)
        transaction.set_rollback(True)
    return found


def _may_write(cell: Cell) -> bool:
    _someone, _thing, method, expected = cell
    return expected == IN and method == "POST"


def _asked(world: World, name: str, row: Row, cells: list[Cell]) -> Iterator[str]:
    for someone, thing, method, expected in cells:
        for fault in _faults(world, name, row, someone, thing, method, expected):
            yield f"{method} {name} {row.variant} as {someone.name} on {thing.word}: {fault}"


def _alone(world: World, name: str, row: Row, cell: Cell, before: tuple[int, int]) -> list[str]:
    with transaction.atomic():
        faults = list(_asked(world, name, row, [cell]))
        if not _may_write(cell) and _written() != before:
            someone, thing, method, _expected = cell
            faults.append(
                f"{method} {name} {row.variant} as {someone.name} on {thing.word}: something was written"
            )
        transaction.set_rollback(True)
    return faults


def _faults(
    world: World, name: str, row: Row, someone: Someone, thing: Thing, method: str, expected: str | None
) -> list[str]:
    path = reverse(name, args=row.args(world, thing)) + row.query(world, thing)
    as_json = name.startswith("api:") and name != "api:docs"
    response = ask(world, someone, method, path, row.body(world, thing), as_json, row.is_part)
    found = outcome(response)
    faults = []
    if expected is None:
        reading = row.get(someone, thing) if row.get else NO_METHOD
        if found == IN and reading != IN:
            faults.append(f"let in by a method that is not there ({response.status_code})")
    elif found != expected:
        faults.append(f"expected {expected}, got {found} ({response.status_code})")
    if method != "HEAD":
        faults += _leaks(world, row, someone, words_of(response), found, method)
    return faults


def words_of(response: Any) -> str:
    body = b"".join(response) if response.streaming else response.content
    return bytes(body).decode("utf-8", "replace")


def _written() -> tuple[int, int]:
    """How many events and deliveries there are."""
    with connection.cursor() as cursor:
        tables = (Event._meta.db_table, Delivery._meta.db_table)
        cursor.execute("SELECT {}, {}".format(*(f"(SELECT count(*) FROM {table})" for table in tables)))
        events, deliveries = cursor.fetchone()
        return events, deliveries


def _leaks(world: World, row: Row, someone: Someone, body: str, found: str, method: str) -> list[str]:
    """Words of tickets where they must not stand, and lists without what they must show."""
    faults = []
    for thing in world.things:
        if thing.secret in body and not works(someone, thing):
            faults.append(f"tells the secrets of {thing.word}")
        may_read = sees(someone, thing) or follows(someone, thing)
        if thing.word in body and not may_read:
            faults.append(f"tells of {thing.word}")
    if row.shows and found == IN and method == "GET":
        relevant = _relevant(world, row)
        faults += [
            f"{'lacks' if row.shows(someone, thing) else 'shows'} {thing.word}"
            for thing in relevant
            if (thing.word in body) != row.shows(someone, thing)
        ]
    return faults


def _relevant(world: World, row: Row) -> list[Thing]:
    return world.things if row.args(world, world.things[0]) == row.args(world, world.things[1]) else []


TICKET_ROUTES = sorted(name for name in NAMES if "<int:number>" in str(dict(routes())[name].pattern))


@pytest.mark.parametrize("name", TICKET_ROUTES)
def test_what_is_forbidden_answers_like_what_does_not_exist(world: World, name: str):
    """Same status and same body for a foreign number and an unknown one, whatever the person is."""
    compared = 0
    for row in ROWS[name]:
        for someone in world.people:
            rule, method = (row.get, "GET") if row.get else (row.post, "POST")
            closed = [thing for thing in world.things if rule and rule(someone, thing) == ABSENT]
            for thing in closed[:1]:
                args = row.args(world, thing)
                unknown = [*args[:-1], args[-1] + 900_000] if len(args) == 1 else [args[0] + 900_000, args[1]]
                as_json = name.startswith("api:")
                with transaction.atomic():
                    answers = [
                        ask(world, someone, method, reverse(name, args=each), {}, as_json=as_json)
                        for each in (args, unknown)
                    ]
                    transaction.set_rollback(True)
                kept = [likeness(answers[0], args[0]), likeness(answers[1], unknown[0])]
                assert answers[0].status_code == answers[1].status_code == 404
                assert kept[0] == kept[1], f"{name} as {someone.name} on {thing.word}"
                compared += 1
    assert compared or all(rule_never_hides(row, world) for row in ROWS[name])


def rule_never_hides(row: Row, world: World) -> bool:
    rule = row.get or row.post
    return rule is not None and all(
        rule(someone, thing) in (IN, SIGN_IN, REFUSED) for someone in world.people for thing in world.things
    )


# --- what is filled in wrongly -----------------------------------------------------------------------


NO_FORM = {"setup:wording_preview"}
"""Shown inside a page that has the form; its words stand in a frame of their own."""


def test_ux32_every_form_sent_empty_names_its_problems_where_the_focus_goes(world: World):
    """Answered 422 under a title that says so; the summary takes the focus, and its lines lead to fields."""
    faults, refused = [], 0
    for name in NAMES:
        for row in ROWS[name] if not name.startswith("api:") and name not in NO_FORM else []:
            sender = next((p for p in world.people if row.post and row.post(p, world.things[0]) == IN), None)
            if sender is None:
                continue
            path = reverse(name, args=row.args(world, world.things[0])) + row.query(world, world.things[0])
            with transaction.atomic():
                answer = ask(world, sender, "POST", path, {}, as_json=False)
                transaction.set_rollback(True)
            page = words_of(answer) if answer.get("Content-Type", "").startswith("text/html") else ""
            problem = re.search(r"<div[^>]* data-problem.*?</div>", page, re.DOTALL)
            if answer.status_code == 422 and page:
                refused += 1
                faults += [f"{name}: {fault}" for fault in _unclear(page, problem)]
            elif problem and answer.status_code != 409:
                faults.append(f"{name}: a problem under status {answer.status_code}")
    assert faults == []
    assert refused >= 30


def _unclear(page: str, problem: re.Match[str] | None) -> Iterator[str]:
    if not re.search(r"<title>\s*Error: ", page):
        yield "its title does not begin with “Error: ”"
    if problem is None:
        yield "no summary of the problems"
        return
    if "autofocus" not in problem[0].partition(">")[0]:
        yield "the summary does not take the focus"
    for target in re.findall(r'href="#([^"]+)"', problem[0]):
        if f'id="{target}"' not in page:
            yield f"a line leads to #{target}, which is not there"


# --- the matrix can go red ----------------------------------------------------------------------------


def everything(*args: Any, **kwargs: Any) -> Any:
    return Ticket.objects.all()


OPENED = [
    ("helpdesk.api.parts", "visible_to", "api:ticket"),
    ("helpdesk.api.tickets", "visible_to", "api:tickets"),
    ("helpdesk.api.parts", "visible_to", "api:reply"),
    ("helpdesk.desk.base", "worked_by", "desk:ticket"),
    ("helpdesk.desk.base", "worked_by", "desk:assign"),
    ("helpdesk.desk.views.search", "worked_by", "desk:search"),
    ("helpdesk.portal.base", "asked_by", "portal:ticket"),
    ("helpdesk.portal.base", "asked_by", "portal:received"),
]


@pytest.mark.parametrize(("module", "predicate", "name"), OPENED)
def test_a_view_that_asks_nobody_is_found(
    world: World, monkeypatch: Any, module: str, predicate: str, name: str
):
    """Take the question out of one view, and the cells of its route turn red."""
    forgetful = SimpleNamespace(**vars(access) | {predicate: everything})
    monkeypatch.setattr(f"{module}.access", forgetful)
    monkeypatch.setattr(statements, "_kept", {})  # made while the question was still asked
    assert first_fault(world, name)


def test_a_view_that_lets_a_note_out_is_found(world: World, monkeypatch: Any):
    from tickets.models import Message

    everyone = SimpleNamespace(
        **vars(access) | {"messages_visible_to": lambda user, ticket: Message.objects.filter(ticket=ticket)}
    )
    monkeypatch.setattr("helpdesk.api.tickets.access", everyone)
    assert first_fault(world, "api:ticket", "tells the secrets")


def test_a_setup_page_without_its_guard_is_found(world: World, monkeypatch: Any):
    forgetful = SimpleNamespace(**vars(access) | {"can_administer": lambda user: True})
    monkeypatch.setattr("helpdesk.setup.base.access", forgetful)
    assert first_fault(world, "setup:people", "as agent")
    assert first_fault(world, "setup:people", "as customer")


def test_a_deed_that_forgets_to_ask_is_found_by_what_it_wrote(world: World, monkeypatch: Any):
    """A refusal that comes after the act: the answer is right, the event is there all the same."""
    from helpdesk.api import saying
    from tickets import actions

    original = saying.Note.post

    def eager(self: Any, request: Any, number: int) -> Any:
        ticket = Ticket.objects.filter(pk=number).first()
        if ticket is not None:
            actions.prioritize(ticket, 4, by=None)
        return original(self, request, number)

    monkeypatch.setattr(saying.Note, "post", eager)
    faults, _cells = check(world, "api:note")
    assert any("something was written" in fault for fault in faults)
