"""What is done to a ticket by API, guarded against repetition and against others' changes."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from tests.cast import make_cast
from tests.helpdesk.api.conftest import Caller
from tickets import actions
from tickets.actions import NewFile, Words
from tickets.models import Message, Ticket


def test_each_verb_changes_what_it_says(call, cast, ticket):
    caller = call(cast.mira)

    def does(verb, body=None):
        answer = caller.post(f"tickets/{ticket.pk}/{verb}/", body)
        assert answer.status_code == 200, answer.content
        return answer.json()

    assert does("assign", {"assignee": "me"})["assignee"]["email"] == cast.mira.email
    assert does("assign", {"assignee": None})["assignee"] is None
    assert does("assign", {"assignee": cast.sue.email})["assignee"]["id"] == cast.sue.pk
    assert does("prioritize", {"priority": "urgent"})["priority"] == "urgent"
    assert does("retype", {"type": "incident"})["type"] == "incident"
    assert does("tag", {"tag": "VIP"})["tags"] == ["vip"]
    assert does("untag", {"tag": "vip"})["tags"] == []
    older = Ticket.objects.exclude(pk=ticket.pk).first() or ticket
    assert does("merge", {"into": older.pk})["id"] == ticket.pk
    assert caller.post(f"tickets/{ticket.pk}/merge/", {"into": 999999}).status_code == 400
    for verb, status in (
        ("set-waiting", "waiting"),
        ("put-on-hold", "on_hold"),
        ("set-open", "open"),
        ("resolve", "resolved"),
        ("reopen", "open"),
        ("close", "closed"),
    ):
        assert does(verb)["status"] == status
    assert "team" not in does("move", {"team": cast.tech.pk})
    assert Ticket.objects.get(pk=ticket.pk).team == cast.tech
    assert caller.get(f"tickets/{ticket.pk}/").status_code == 404


def test_a_reply_is_said_from_the_side_of_its_writer(call, cast, ticket):
    answer = call(cast.mira).post(f"tickets/{ticket.pk}/reply/", {"text": "Sent.", "then": "waiting"})
    assert answer.status_code == 201
    assert answer.json()["by"] == "agent"
    ticket.refresh_from_db()
    assert ticket.status == "waiting"
    answer = call(cast.priya).post(f"tickets/{ticket.pk}/reply/", {"text": "Thanks."})
    assert answer.json()["by"] == "customer"
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_a_reply_over_a_newer_word_of_the_customer_is_a_conflict(call, cast, ticket):
    caller = call(cast.mira)
    seen = caller.get(f"tickets/{ticket.pk}/").json()["version"]
    actions.reply(ticket, "Never mind", by=cast.priya, channel="portal")
    answer = caller.post(f"tickets/{ticket.pk}/reply/", {"text": "Sent.", "version": seen})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"
    assert Message.objects.filter(ticket=ticket).count() == 2


def test_a_change_over_somebody_elses_change_is_a_conflict(call, cast, ticket):
    caller = call(cast.mira)
    seen = caller.get(f"tickets/{ticket.pk}/").json()["version"]
    actions.prioritize(ticket, 4, by=cast.sue)
    answer = caller.post(f"tickets/{ticket.pk}/prioritize/", {"priority": "low", "version": seen})
    assert answer.status_code == 409
    ticket.refresh_from_db()
    assert ticket.priority == 4


def test_a_customer_resolves_and_reopens_their_own_ticket_and_nothing_more(call, cast, ticket):
    caller = call(cast.priya)
    assert caller.post(f"tickets/{ticket.pk}/resolve/").json()["status"] == "resolved"
    assert caller.post(f"tickets/{ticket.pk}/reopen/").json()["status"] == "open"
    for verb in (
        "assign",
        "prioritize",
        "move",
        "retype",
        "tag",
        "untag",
        "close",
        "set-waiting",
        "put-on-hold",
        "set-open",
        "note",
    ):
        assert caller.post(f"tickets/{ticket.pk}/{verb}/", {}).status_code == 403, verb
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority) == ("open", 2)


def test_what_is_forbidden_and_what_is_absent_answer_alike(call, cast, ticket):
    stranger = call(cast.bob)
    for verb in ("", "messages/"):
        foreign = stranger.get(f"tickets/{ticket.pk}/{verb}")
        absent = stranger.get(f"tickets/{ticket.pk + 1000}/{verb}")
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
    for verb in ("reply", "note", "assign", "resolve", "close"):
        foreign = stranger.post(f"tickets/{ticket.pk}/{verb}/", {"text": "x"})
        absent = stranger.post(f"tickets/{ticket.pk + 1000}/{verb}/", {"text": "x"})
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    ["tickets/{n}/..", "tickets/{n};x/", "tickets//{n}/", "tickets/{n}/.", "tickets/%2e%2e/", "tickets/{n}"],
)
def test_tricks_with_the_path_lead_nowhere(call, cast, ticket, path):
    assert call(cast.bob).get(path.format(n=ticket.pk)).status_code == 404


def test_a_file_is_read_by_whoever_may_read_its_message(call, cast, ticket):
    file = NewFile('a"b.html', b"<script>alert(1)</script>", "text/html")
    note = actions.add_note(ticket, Words("see file", files=(file,)), by=cast.mira)
    public = actions.reply(ticket, Words("see file", files=(file,)), by=cast.mira, channel="desk")
    shown, hidden = public.attachments.get(), note.attachments.get()
    answer = call(cast.priya).get(f"attachments/{shown.pk}/")
    assert answer.content == file.data
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    absent = call(cast.priya).get("attachments/99999999/")
    for person, pk in (
        (cast.priya, hidden.pk),
        (cast.bob, shown.pk),
        (cast.gus, shown.pk),
        (cast.cara, shown.pk),
    ):
        refused = call(person).get(f"attachments/{pk}/")
        assert (refused.status_code, refused.content) == (404, absent.content)
    assert call(cast.mira).get(f"attachments/{hidden.pk}/").status_code == 200


def test_the_same_request_under_one_key_acts_once(call, cast, ticket):
    caller = call(cast.mira)
    answers = [caller.post(f"tickets/{ticket.pk}/reply/", {"text": "Sent."}, key="k1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert Message.objects.filter(by="agent").count() == 1


def test_a_key_with_another_body_or_address_is_refused(call, cast, ticket):
    caller = call(cast.mira)
    caller.post(f"tickets/{ticket.pk}/reply/", {"text": "Sent."}, key="k1")
    other = caller.post(f"tickets/{ticket.pk}/reply/", {"text": "Something else"}, key="k1")
    elsewhere = caller.post(f"tickets/{ticket.pk}/note/", {"text": "Sent."}, key="k1")
    assert other.status_code == elsewhere.status_code == 422
    assert other.json()["error"]["code"] == "key_reused"
    assert Message.objects.filter(by="agent").count() == 1


def test_people_cannot_meet_each_others_keys(call, cast, ticket):
    for person in (cast.mira, cast.sue):
        assert call(person).post(f"tickets/{ticket.pk}/note/", {"text": "Hm."}, key="same").status_code == 201
    assert Message.objects.filter(public=False).count() == 2


@pytest.mark.parametrize(("key", "code"), [("k" * 255, 201), ("k" * 256, 400), ("", 400)])
def test_a_key_has_one_to_255_characters(call, cast, ticket, key, code):
    answer = call(cast.mira).post(f"tickets/{ticket.pk}/note/", {"text": "Hm."}, key=key)
    assert answer.status_code == code


def test_a_refused_request_may_be_mended_under_its_key(call, cast, ticket):
    caller = call(cast.mira)
    assert caller.post(f"tickets/{ticket.pk}/note/", {"text": ""}, key="k").status_code == 400
    assert caller.post(f"tickets/{ticket.pk}/note/", {"text": "Hm."}, key="k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_under_one_key_make_one_ticket():
    cast = make_cast()
    callers = [Caller(cast.mira), Caller(cast.mira)]
    body = {"subject": "Twice", "text": "At once.", "requester_email": "once@client.example"}
    start, answers = Barrier(2), []

    def send(caller):
        start.wait(5)
        answers.append(caller.post("tickets/", body, key="race"))
        connection.close()

    threads = [Thread(target=send, args=[caller]) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Ticket.objects.count() == 1
