"""Who else is at a ticket, and that two answers do not go out unasked."""

from __future__ import annotations

import pytest

from helpdesk import presence
from tests.helpdesk.desk.pages import form, send, words
from tickets import access, actions, hints
from tickets.models import Ticket, User


def here(client, ticket: Ticket, doing: str, tab: str = "one"):
    return client.post(f"/desk/tickets/{ticket.pk}/here/", {"doing": doing, "tab": tab})


@pytest.fixture
def sue(browser, cast):
    return browser(cast.sue)


def test_the_page_says_who_else_is_here_until_they_leave(mira, sue, ticket):
    path = f"/desk/tickets/{ticket.pk}/"
    here(sue, ticket, "reading")
    assert "Sue is reading this" in words(mira.get(path))
    assert (
        words(here(sue, ticket, "reading", "two")).strip() == "Mira is reading this"
    )  # nobody is told of oneself
    here(sue, ticket, "replying")
    told = words(here(mira, ticket, "reading"))
    assert "Sue is replying" in told
    assert "is reading" not in told
    assert "Sue is replying" in words(mira.get("/desk/?view=open"))
    for tab in ("one", "two"):
        here(sue, ticket, "gone", tab)
    here(sue, ticket, "replying", "two")  # sent before it was left, come after
    assert "Sue" not in words(here(mira, ticket, "reading"))


def test_several_people_are_named_or_counted(cast, ticket):
    for person, doing in ((cast.sue, "replying"), (cast.root, "reading"), (cast.gus, "reading")):
        presence.visit(ticket, person, "tab", doing)
    seen = presence.beside(ticket, cast.mira)
    assert presence.words(seen) == "Sue is replying · Gus and Root are reading this"
    assert presence.short_words(seen) == "Sue is replying"
    assert presence.short_words(seen[1:]) == "2 are reading"


def test_a_reply_beside_another_ones_is_asked_again_once_and_keeps_the_text(mira, sue, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "It is on its way."}
    here(sue, ticket, "replying")
    stopped = mira.post(path, fields)
    assert stopped.status_code == 409
    assert "Sue is replying at this moment. Send again if both answers are to go out." in words(stopped)
    again = form(stopped, path)
    assert again["text"] == "It is on its way."
    assert mira.post(path, again).status_code == 303
    assert mira.post(path, again).status_code == 303  # a second click is no second question
    assert ticket.messages.filter(text="It is on its way.").count() == 1


def test_a_colleagues_answer_since_the_page_was_read_stops_the_send(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "It is on its way."}
    theirs = actions.reply(ticket, "You have it tomorrow.", by=cast.sue, channel="mail")
    stopped = mira.post(path, fields)
    assert stopped.status_code == 409
    assert "Sue replied while you were writing. Read it, then send again." in words(stopped)
    assert "You have it tomorrow." in words(stopped)
    assert mira.post(path, form(stopped, path)).status_code == 303
    assert theirs.withdrawn_at is None


def test_ones_own_answer_and_one_taken_back_stop_nothing(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "And one thing more."}
    send(mira, ticket, "reply", text="It is on its way.")
    actions.withdraw(
        actions.reply(ticket, "Wrong ticket.", by=cast.sue, channel="mail", hold=presence.LASTS), by=cast.sue
    )
    assert mira.post(path, fields).status_code == 303


def test_marks_are_told_only_of_tickets_that_the_reader_may_work_on(browser, cast, ticket):
    presence.visit(ticket, cast.sue, "tab", "reading")
    path = f"/desk/there/?rows={ticket.pk}-x-999999"
    part = {"HX-Request": "true"}
    assert "Sue is reading" in words(browser(cast.mira).get(path, headers=part))
    assert "Sue" not in words(browser(cast.gus).get(path, headers=part))
    assert "Sue" not in words(browser(cast.sue).get(path, headers=part))


def test_without_valkey_nobody_is_seen_and_everything_else_works(mira, cast, ticket, settings, monkeypatch):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    hints._client.cache_clear()
    monkeypatch.setattr(hints, "_silent_until", 0.0)
    try:
        presence.visit(ticket, cast.sue, "tab", "replying")
        assert presence.beside(ticket, cast.mira) == []
        assert send(mira, ticket, "reply", text="It is on its way.").status_code == 303
    finally:
        hints._client.cache_clear()


def test_what_a_line_may_carry_is_what_its_reader_may_work_on(cast, open_ticket):
    tickets = [open_ticket(), open_ticket(team=cast.tech), open_ticket(team=cast.tech, subject="Mine")]
    tickets[2] = actions.assign(tickets[2], cast.sue, by=cast.sue)
    cast.tech.open_to_all_agents = True
    people = list(User.objects.all())
    for is_open in (True, False):
        type(cast.tech).objects.filter(pk=cast.tech.pk).update(open_to_all_agents=is_open)
        reaches = access.reaches_of(people)
        for person in User.objects.all():
            for ticket in tickets:
                reach = reaches.get(person.pk)
                told = reach is not None and reach.covers(ticket.team_id, ticket.assignee_id)
                assert told == access.can_work(person, ticket), (person.name, ticket.subject)
