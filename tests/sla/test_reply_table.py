"""The table of what stops a reply clock and what un-stops it, row by row, through the product's actions."""

import re
from datetime import timedelta

import pytest
from django.db import transaction

from sla import actions as sla_actions
from sla import clockwork, tasks
from sla.models import Clock
from tests.sla.conftest import after
from tests.sla.test_examples import DOC
from tickets import actions
from tickets.events import record
from tickets.models import Account, Event

ROWS = {}
SAID = after(hours=1)  # three hours before the first reply is due
STOPPED, RUNNING = "fulfilled", "running"


def row(words):
    """The test of one row of the table, by what stands in its first column."""

    def keep(test):
        ROWS.setdefault(words, []).append(test)
        return test

    return keep


class Scene:
    """A ticket with the people around it, and its first reply's clock."""

    def __init__(self, ticket, cast, policy):
        self.ticket, self.cast, self.policy = ticket, cast, policy

    @property
    def clock(self):
        return Clock.objects.get(ticket=self.ticket, metric="first_response")

    def answer(self, at=SAID, **more):
        given = {"by": self.cast.mira, "channel": "desk", "at": at} | more
        return actions.reply(self.ticket, "We look into it", **given)

    def switch(self, **switches):
        """Let these switches hold for the ticket from its opening on, as far as the clocks can tell."""
        spec = self.policy.latest.spec | {"switches": switches}
        sla_actions.edit_policy(self.policy, spec=spec, by=None)
        apply_latest(self.ticket, self.policy)


def apply_latest(ticket, policy):
    with transaction.atomic():
        data = {
            "policy_version": policy.latest.pk,
            "calendar_version": policy.calendar.latest.pk,
        }
        record("sla.applied", ticket=ticket, subject=ticket, at=ticket.opened_at, data=data)


@row("public message of a person of ours")
def by_a_person(scene):
    message = scene.answer()
    clock = scene.clock
    assert (clock.state, clock.stopped_at, clock.stopped_by_message) == (STOPPED, SAID, message)


@row("note, automatic mail, program, survey, notification")
def by_nothing_else(scene):
    actions.add_note(scene.ticket, "Psst", by=scene.cast.mira, at=SAID)
    actions.hear_automatic(scene.ticket, "I am away", author=scene.cast.priya, at=SAID)
    scene.answer(human=False)
    with transaction.atomic():
        record("survey.scheduled", ticket=scene.ticket, at=SAID, data={"survey": 1})
    tasks.sweep_clocks()
    assert scene.clock.state == RUNNING


@row("note, automatic mail, program, survey, notification")
def unless_notes_count(scene):
    scene.switch(note_answers=True)
    actions.add_note(scene.ticket, "Called them", by=scene.cast.mira, at=SAID)
    assert scene.clock.state == STOPPED


@row("note, automatic mail, program, survey, notification")
def unless_programs_count(scene):
    scene.switch(automatic_answers=True)
    scene.answer(human=False)
    assert scene.clock.state == STOPPED


@row("public message from a shared account")
def by_a_shared_account(scene):
    scene.answer(by=actions.edit_person(scene.cast.mira, by=None, account=Account.SHARED))
    assert scene.clock.state == STOPPED


@row("public message from a shared account")
def unless_it_must_be_by_name(scene):
    scene.switch(shared_answers=False)
    scene.answer(by=actions.edit_person(scene.cast.mira, by=None, account=Account.SHARED))
    assert scene.clock.state == RUNNING


@row("status move")
def by_no_status(scene):
    for number, move in enumerate((actions.set_waiting, actions.put_on_hold, actions.set_open)):
        move(scene.ticket, by=scene.cast.mira, at=SAID + timedelta(minutes=number))
        assert (scene.clock.state, scene.clock.due_at) == (RUNNING, after(hours=4))


@row("status move")
def unless_moves_count(scene):
    scene.switch(status_move_answers=True)
    actions.put_on_hold(scene.ticket, by=scene.cast.mira, at=SAID)
    assert scene.clock.state == STOPPED


@row("`message.withdrawn`, `delivery.failed`")
def taken_back(scene):
    message = scene.answer(hold=timedelta(minutes=3))
    assert scene.clock.state == STOPPED
    actions.withdraw(message, by=scene.cast.mira, at=SAID + timedelta(minutes=2))
    assert (scene.clock.state, scene.clock.due_at, scene.clock.stopped_at) == (RUNNING, after(hours=4), None)


@row("`message.withdrawn`, `delivery.failed`")
def refused_after_the_due_time(scene):
    actions.report_undelivered(scene.answer(), delivery=1, at=after(hours=6))
    assert (scene.clock.state, scene.clock.breached_at) == (RUNNING, after(hours=4))
    breach = Event.objects.get(ticket=scene.ticket, kind="sla.breached", data__metric="first_response")
    assert breach.at == after(hours=4)


@row("`delivery.recovered`")
def delivered_after_all(scene):
    message = scene.answer()
    actions.report_undelivered(message, delivery=1, at=after(hours=2))
    actions.report_delivered_after_all(message, delivery=1, at=after(hours=3))
    assert (scene.clock.state, scene.clock.stopped_at, scene.clock.breached_at) == (STOPPED, SAID, None)


@row("uncertain delivery, no address, portal")
def nobody_reported_anything(scene):
    scene.cast.priya.email = None
    scene.cast.priya.save(update_fields=["email"])
    scene.answer(channel="portal")
    tasks.sweep_clocks()
    assert scene.clock.state == STOPPED


@row("an answer lost together with its resolution")
def lost_with_its_resolution(scene):
    message = scene.answer(then="resolved")
    assert scene.clock.state == STOPPED
    actions.report_undelivered(message, delivery=1, at=after(hours=2))
    assert (scene.clock.state, scene.clock.due_at) == (RUNNING, after(hours=4))


@row("draft, message held for later")
def held_for_somebody_to_judge(scene):
    scene.answer()
    message = actions.hold_message(scene.ticket, "And I?", author=scene.cast.cara, at=after(hours=2))
    waiting = Clock.objects.filter(ticket=scene.ticket, metric="next_response")
    assert not waiting.exists()
    actions.accept_message(message, by=scene.cast.mira, at=after(hours=3))
    assert waiting.get().started_at == after(hours=3)


def rows_of_the_page():
    table = DOC.read_text(encoding="utf-8").partition("## What stops a reply clock")[2].partition("\n## ")[0]
    return [words for words in re.findall(r"^\| (.+?) \| ", table, re.M) if words != "event"]


def test_every_row_of_the_page_is_tried_and_nothing_else():
    assert sorted(rows_of_the_page()) == sorted(ROWS)


CASES = [(words, test) for words, tests in ROWS.items() for test in tests]


@pytest.mark.parametrize(
    ("_words", "happens"), CASES, ids=[f"{words}-{test.__name__}" for words, test in CASES]
)
def test_a_row_of_the_table(_words, happens, opened, cast, policy):
    scene = Scene(opened(), cast, policy)
    happens(scene)
    assert list(clockwork.differences([scene.ticket.pk])) == []
