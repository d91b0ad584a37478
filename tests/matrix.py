"""The world, the people and the rules of the access matrix (`tests/test_access_matrix.py`).

A cell is one request: a route, a method, a person, an object. What it must answer is said by a rule about the
person and their relation to the object. The rules here know nothing of `tickets.access`; they repeat in a few
lines what the product promises, so that the two can be held against each other.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from feedback.actions import answer, install_standard_survey, invite
from feedback.models import Cause, Survey
from feedback.tokens import new_token
from followup.actions import NewRule, send, set_rules
from followup.models import FollowUp, Kind
from followup.queries import TOKEN
from helpdesk import actions as outward
from helpdesk import guests
from helpdesk.models import Delivery, InboundEmail, MailSource, ReportMail, SentMail
from sla.actions import install_defaults
from sla.models import Calendar, Clock, Escalation, Policy
from tests.cast import PASSWORD, Cast, PersonFactory, make_cast
from tickets import actions, jobs
from tickets.actions import NewFile, Words
from tickets.models import Event, Message, Role, Ticket, User

HOLD = timedelta(hours=1)

IN, SIGN_IN, REFUSED, ABSENT, NO_METHOD = "in", "sign in", "refused", "absent", "no such method"
"""What an answer can be: let in (even if the form is then found wanting), led to the sign-in, told no, told
that there is nothing, told that there is no such method."""


@dataclass(frozen=True)
class Someone:
    """A column of the matrix. `person` is None for strangers; a guest holds the link to one ticket."""

    name: str
    person: User | None
    guest_of: Ticket | None = None
    is_deactivated: bool = False

    @property
    def user(self) -> User | None:
        """Whose sign-in holds: nobody's after deactivation."""
        return None if self.is_deactivated else self.person

    @property
    def is_member(self) -> bool:
        return self.user is not None and self.user.role != Role.CUSTOMER

    @property
    def is_overseer(self) -> bool:
        return self.user is not None and self.user.role in (Role.SUPERVISOR, Role.ADMINISTRATOR)

    @property
    def is_administrator(self) -> bool:
        return self.user is not None and self.user.role == Role.ADMINISTRATOR


@dataclass
class Thing:
    """A ticket with one of everything that hangs on it, and words that stand nowhere else."""

    ticket: Ticket
    word: str
    secret: str
    customer_message: int
    held_message: int
    undoable_message: int
    public_file: int
    note_file: int
    delivery: int
    copied: User
    side_talk: int
    side_message: int


@dataclass
class World:
    cast: Cast
    people: list[Someone]
    things: list[Thing]
    ids: dict[str, int]
    guest_token: str = ""
    survey_token: str = ""
    solved_token: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    """One for all requests: it loads the middleware once and gets each person's cookies."""


# --- relations: what the product promises -------------------------------------------------------------


def works(someone: Someone, thing: Thing) -> bool:
    """Supervisors and administrators work on all tickets, agents on those of their teams."""
    user = someone.user
    if someone.is_overseer:
        return True
    return someone.is_member and user is not None and thing.ticket.team in user.teams.all()


def asked(someone: Someone, thing: Thing) -> bool:
    return someone.user is not None and thing.ticket.requester_id == someone.user.pk


def shares(someone: Someone, thing: Thing) -> bool:
    """Customers of an organisation that shares its tickets."""
    user, theirs = someone.user, thing.ticket.organization
    if user is None or someone.is_member or theirs is None:
        return False
    return user.organization_id == theirs.pk and theirs.shares_tickets


def follows(someone: Someone, thing: Thing) -> bool:
    """May follow it from the customer's side. Being in copy is not enough: that is told by mail."""
    return asked(someone, thing) or shares(someone, thing) or someone.guest_of == thing.ticket


def sees(someone: Someone, thing: Thing) -> bool:
    """May see it with an account."""
    return works(someone, thing) or asked(someone, thing) or shares(someone, thing)


# --- rules: what a route answers ----------------------------------------------------------------------

Rule = Callable[[Someone, Thing], str]


def anyone(someone: Someone, thing: Thing) -> str:
    return IN


def nobody(someone: Someone, thing: Thing) -> str:
    return ABSENT


def signed_in(someone: Someone, thing: Thing) -> str:
    return IN if someone.user else SIGN_IN


def members(someone: Someone, thing: Thing) -> str:
    if someone.user is None:
        return SIGN_IN
    return IN if someone.is_member else ABSENT


def overseers(someone: Someone, thing: Thing) -> str:
    if someone.user is None:
        return SIGN_IN
    return IN if someone.is_overseer else ABSENT


def administrators(someone: Someone, thing: Thing) -> str:
    if someone.user is None:
        return SIGN_IN
    return IN if someone.is_administrator else ABSENT


def sue_alone(someone: Someone, thing: Thing) -> str:
    """What belongs to the supervisor and nobody else, whatever their role."""
    if someone.user is None:
        return SIGN_IN
    return IN if someone.name == "supervisor" else ABSENT


def mira_alone(someone: Someone, thing: Thing) -> str:
    """What belongs to her and nobody else, whatever their role."""
    if someone.user is None:
        return SIGN_IN
    return IN if someone.name == "agent" else ABSENT


def desk(someone: Someone, thing: Thing) -> str:
    """The desk shows a ticket to who works on it."""
    if someone.user is None:
        return SIGN_IN
    return IN if works(someone, thing) else ABSENT


def portal(someone: Someone, thing: Thing) -> str:
    """The portal shows a ticket to who follows it; strangers may sign in first."""
    if someone.user is None and someone.guest_of is None:
        return SIGN_IN
    return IN if follows(someone, thing) else ABSENT


def portal_part(someone: Someone, thing: Thing) -> str:
    """Parts of a portal page, and files, lead nobody to a sign-in."""
    return IN if follows(someone, thing) else ABSENT


def api(someone: Someone, thing: Thing) -> str:
    if someone.user is None:
        return SIGN_IN
    return IN if sees(someone, thing) else ABSENT


def api_work(someone: Someone, thing: Thing) -> str:
    """Who sees a ticket without working on it is told no; for the others there is nothing."""
    if someone.user is None:
        return SIGN_IN
    if works(someone, thing):
        return IN
    return REFUSED if sees(someone, thing) else ABSENT


def hidden_from_customers(rule: Rule) -> Rule:
    """The rule for something internal of a ticket: absent for who does not work on it."""

    def answer(someone: Someone, thing: Thing) -> str:
        given = rule(someone, thing)
        return given if given == SIGN_IN or works(someone, thing) else ABSENT

    return answer


# --- the world ----------------------------------------------------------------------------------------


@contextmanager
def passing_world() -> Iterator[World]:
    """A world of its own in a transaction that is taken back: nothing of it stays."""
    many = {"request": 1_000_000, "search": 1_000_000}
    logging.disable(logging.WARNING)  # thousands of refusals, each meant
    with override_settings(API_LIMITS=many, MAILBOX=False), transaction.atomic():
        yield make_world(make_cast())
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)


def make_world(cast: Cast) -> World:
    dora = PersonFactory(name="Dora Gone", role=Role.AGENT, teams=[cast.billing], password=PASSWORD)
    things = [
        _thing(cast, cast.priya, "billing", "Quokka", cast.cara),
        _thing(cast, cast.bob, "tech", "Axolotl", PersonFactory(name="Copy Two")),
        _thing(cast, cast.mira, "tech", "Pangolin", PersonFactory(name="Copy Three")),
    ]
    people = [
        Someone("anonymous", None),
        Someone("guest", None, guest_of=things[0].ticket),
        Someone("customer", cast.priya),
        Someone("colleague", cast.paul),
        Someone("other customer", cast.bob),
        Someone("person in copy", cast.cara),
        Someone("agent", cast.mira),
        Someone("agent of another team", cast.gus),
        Someone("supervisor", cast.sue),
        Someone("administrator", cast.root),
        Someone("deactivated agent", dora, is_deactivated=True),
    ]
    # The rules ask for everybody's teams at every cell.
    prefetch_related_objects([one.person for one in people if one.person is not None], "teams")
    world = World(cast, people, things, _ids(cast))
    for someone in people:
        world.clients[someone.name] = _browser(world, someone)
        if someone.person is not None:
            _token, world.secrets[someone.name] = outward.issue_token(someone.person, by=None)
            # A sign-in is written down with its first request; each cell takes back what it did.
            world.clients[someone.name].get("/")
    actions.deactivate(dora, by=None)
    world.survey_token = _survey(cast)
    world.solved_token = _solved(cast)
    link = guests.make_link(things[0].ticket, cast.priya)
    world.guest_token = link.rstrip("/").rpartition("/")[2]
    world.clients["guest"].get(f"/g/{world.guest_token}/")
    return world


def _thing(cast: Cast, requester: User, team: str, word: str, copied: User) -> Thing:
    """A ticket of `requester` with words, files, a held mail, a note and somebody in copy."""
    agent = cast.mira if team == "billing" else cast.gus
    ticket = actions.open_ticket(
        requester=requester,
        subject=f"Matrix {word}",
        team=getattr(cast, team),
        by=requester,
        channel="mail",
        words=Words(text=f"Hello {word}", html=f"<p>Hello {word}</p>"),
    )
    file = NewFile("facts.txt", b"facts", "text/plain")
    secret = f"Secretnote{word}"
    note = actions.add_note(ticket, Words(text=secret, files=(file,)), by=agent)
    public = actions.reply(ticket, Words(text="We look.", files=(file,)), by=agent, channel="desk")
    held = actions.hold_message(ticket, f"I am somebody else {secret}", author=copied)
    undoable = actions.reply(ticket, f"Wait {secret}", by=agent, channel="desk", hold=HOLD)
    actions.accept_follower(ticket, copied, by=agent)
    aside = actions.ask_outside(
        ticket, Words(f"Ask {secret}", files=(file,)), address="kim@supplier.example", by=agent, hold=HOLD
    )
    ticket.refresh_from_db()
    first = ticket.messages.order_by("pk").first()
    InboundEmail.objects.create(
        state="filed", source="smtp", raw=b"x", sha256="1" * 64, size=1, ticket=ticket, message=first
    )
    return Thing(
        ticket=ticket,
        word=word,
        secret=secret,
        customer_message=ticket.messages.order_by("pk").first().pk,  # type: ignore[union-attr]
        held_message=held.pk,
        undoable_message=undoable.pk,
        public_file=public.attachments.get().pk,
        note_file=note.attachments.get().pk,
        delivery=_undelivered(public),
        copied=copied,
        side_talk=aside.side_talk_id or 0,
        side_message=aside.pk,
    )


def _deleted(cast: Cast) -> int:
    """A ticket of Bob's that is deleted."""
    ticket = actions.open_ticket(
        requester=cast.bob, subject="Gone", team=cast.billing, by=cast.bob, channel="mail", words="Hm"
    )
    return actions.delete(ticket, by=None).pk


def _bulk(cast: Cast) -> int:
    """A change of several tickets that Mira asked for."""
    job = actions.change_many([0], "resolve", by=cast.mira)
    jobs.run(job.pk)
    return job.pk


def _undelivered(message: Message) -> int:
    """The mail of a reply, given up."""
    row = message.deliveries.order_by("pk").first()
    assert row is not None
    row.state, row.ended_at = Delivery.State.FAILED, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    return row.pk


def _survey(cast: Cast) -> str:
    """The token of a survey that was sent the other day."""
    return new_token(_invited(cast, cast.bob).pk)


def _invited(cast: Cast, requester: User) -> Survey:
    install_standard_survey()
    at = timezone.now() - timedelta(days=3)
    ticket = actions.open_ticket(
        requester=requester,
        subject="Settled",
        team=cast.tech,
        by=requester,
        channel="mail",
        words="Hm",
        at=at,
    )
    actions.reply(ticket, "Done.", by=cast.gus, channel="desk", at=at + timedelta(minutes=5))
    actions.resolve(ticket, by=cast.gus, at=at + timedelta(minutes=6))
    survey = invite(ticket.surveys.get(), at=ticket.surveys.get().send_at)
    assert survey is not None
    return survey


def _solved(cast: Cast) -> str:
    """The token of the question whether it stayed solved, asked of Bob."""
    at = timezone.now()
    rule = NewRule(Kind.FIXED, True, 1, 9, 9, None, None)
    set_rules([rule], by=None, at=at - timedelta(days=9))
    _invited(cast, cast.bob)
    row = send(FollowUp.objects.get(kind=Kind.FIXED), at=at)
    assert row is not None
    assert row.token_hash
    set_rules([NewRule(Kind.FIXED, False, 1, 9, 9, None, None)], by=None)
    return new_token(row.pk, TOKEN)


def _low_score(cast: Cast) -> dict[str, int]:
    """A survey with a low score that counts for Gus, and the case that it opened."""
    survey = answer(_invited(cast, PersonFactory()), score=1, comment="Too slow")
    return {"scored": survey.pk, "case": survey.recovery.pk}


def _ids(cast: Cast) -> dict[str, int]:
    """One row of everything that setup is about."""
    install_defaults()
    mail = InboundEmail.objects.create(state="quarantined", source="smtp", raw=b"x", sha256="0" * 64, size=1)
    sent = Delivery.objects.create(
        state="failed", address="a@b.example", template="person.invited", internet_message_id="m@x.example",
        send_at=cast.mira.created_at,
    )  # fmt: skip
    SentMail.objects.create(delivery=sent, envelope_to="a@b.example", raw=b"x")
    token, _secret = outward.issue_token(cast.mira, by=None)
    return {
        "team": cast.tech.pk,
        "organization": cast.nordlicht.pk,
        "person": cast.gus.pk,
        "source": MailSource.objects.create(kind="imap", name="Sales", host="127.0.0.1", username="s").pk,
        "address": outward.create_address("support@desk.example", cast.billing, by=None).pk,
        "reply": outward.create_saved_reply("Hello", "Thank you.", by=None).pk,
        "topic": outward.create_topic({"en": {"name": "Refunds"}}, cast.billing, by=None).pk,
        "cause": Cause.objects.get(code="other").pk,
        "blocked": outward.block_sender("ads.example", by=None).pk,
        "incoming": mail.pk,
        "deleted": _deleted(cast),
        "outgoing": sent.pk,
        "calendar": Calendar.objects.get().pk,
        "policy": Policy.objects.get().pk,
        "survey": install_standard_survey().pk,
        "clock": Clock.objects.order_by("pk")[0].pk,
        "escalation": _escalation(),
        "job": actions.ask_job("sla.recompute", by=cast.sue).pk,
        "bulk": _bulk(cast),
        "view": actions.create_view("Matrix", "is:open", by=cast.mira).pk,
        "report_mail": ReportMail.objects.create(
            person=cast.sue, report="sla", rhythm="daily", next_at=timezone.now() + timedelta(days=1)
        ).pk,
        "roots_job": actions.ask_job("sla.recompute", by=cast.root).pk,
        "token": token.pk,
    } | _low_score(cast)


def _escalation() -> int:
    """An action of an escalation level that could not be run."""
    event = Event.objects.filter(kind="ticket.opened")[0]
    row = Escalation.objects.create(
        event=event, ticket=event.ticket, metric="resolution", instance=1, steps=[], fault="KeyError: 7",
        next_try_at=event.at + timedelta(days=1),
    )  # fmt: skip
    return row.pk


def _browser(world: World, someone: Someone) -> Client:
    client = Client(raise_request_exception=False)
    if someone.person is not None:
        client.force_login(someone.person)
    return client


# --- asking -------------------------------------------------------------------------------------------


def ask(
    world: World,
    someone: Someone,
    method: str,
    path: str,
    body: Any = None,
    as_json: bool = False,
    as_part: bool = False,
) -> Any:
    """One request as somebody: with their token at the API, else with their cookies."""
    client, headers = world.browser, {"HX-Request": "true"} if as_part else {}
    client.cookies = SimpleCookie()
    if not as_json:
        client.cookies = deepcopy(world.clients[someone.name].cookies)
    elif someone.name in world.secrets:
        headers["Authorization"] = f"Token {world.secrets[someone.name]}"
    if method in ("GET", "HEAD", "OPTIONS"):
        return getattr(client, method.lower())(path, headers=headers)
    if as_json or method != "POST":
        kind = "application/json"
        return client.generic(method, path, _json(body), content_type=kind, headers=headers)
    return client.post(path, body or {}, headers=headers)


def _json(body: Any) -> bytes:
    return json.dumps(body or {}).encode()


DOORS = ("/accounts/login/",)


def outcome(response: Any) -> str:
    """Which of the five an answer is; anything unforeseen is told by its status."""
    code, location = response.status_code, response.headers.get("Location", "")
    if code == 401 or (code in (302, 303) and location.startswith(DOORS)):
        return SIGN_IN
    if code in (200, 201, 202, 204, 302, 303, 304, 400, 409, 422, 503):
        return IN
    return {403: REFUSED, 404: ABSENT, 405: NO_METHOD}.get(code, f"status {code}")


_CHANGING = re.compile(rb'(name="(?:csrfmiddlewaretoken|once)" value=")[^"]*|nonce="[^"]*')


def likeness(response: Any, number: int) -> bytes:
    """An answer without what differs between any two requests, and without the ticket's number."""
    body = _CHANGING.sub(rb"\1", response.content)
    return body.replace(str(number).encode(), b"N")


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every route of the URL configuration by its name with namespaces."""
    yield from _below(get_resolver(), "")


def _below(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _below(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            yield f"{space}{entry.name or str(entry.pattern)}", entry
