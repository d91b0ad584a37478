"""Distributing and clearing work by API: take the next, put off, spam, several at once, what one was told."""

from datetime import timedelta

from django.utils import timezone

from helpdesk.models import BlockedSender
from sla.actions import install_defaults
from tickets import actions
from tickets.models import Ticket


def test_the_next_ticket_is_taken_once_and_then_there_is_none(call, cast, open_ticket):
    install_defaults()
    low, high = open_ticket(priority=1), open_ticket(priority=4)
    mira = call(cast.mira)
    for _turn in range(2):
        taken = mira.post("tickets/take-next/", key="one").json()["ticket"]
        assert (taken["id"], taken["assignee"]["id"]) == (high.pk, cast.mira.pk)
    assert mira.post("tickets/take-next/").json()["ticket"]["id"] == low.pk
    assert mira.post("tickets/take-next/").json() == {"ticket": None}
    mira.post("me/go-away/")
    assert mira.post("tickets/take-next/").json()["error"]["code"] == "not_allowed"


def test_a_ticket_is_put_off_taken_up_and_called_spam_and_none(call, cast, ticket):
    mira, path = call(cast.mira), f"tickets/{ticket.pk}"
    until = timezone.now() + timedelta(hours=2)
    assert mira.post(f"{path}/snooze/", {"until": "2020-01-01T00:00:00Z"}).status_code == 400
    assert mira.post(f"{path}/snooze/", {"until": until.isoformat()}).status_code == 200
    assert Ticket.objects.get().snoozed_until == until
    seen = mira.get(f"{path}/").json()["version"]
    assert mira.post(f"{path}/unsnooze/", {"version": seen - 1}).status_code == 409
    assert mira.post(f"{path}/unsnooze/", {"version": seen}).status_code == 200
    assert Ticket.objects.get().snoozed_until is None
    assert mira.post(f"{path}/mark-spam/").json()["status"] == "closed"
    assert BlockedSender.objects.get().value == cast.priya.email
    assert mira.post(f"{path}/unmark-spam/").json()["status"] == "open"
    assert not BlockedSender.objects.exists()


def test_several_tickets_are_changed_in_one_go_told_and_put_back(call, cast, open_ticket):
    ours, theirs = [open_ticket().pk for _turn in range(3)], open_ticket(team=cast.tech).pk
    mira = call(cast.mira)
    body = {"tickets": [*ours, theirs], "do": "prioritize", "priority": "urgent"}
    for _turn in range(2):
        answer = mira.post("bulk/", body, key="all of them")
        change = answer.json()
        assert (answer.status_code, change["state"]) == (202, "done")
        assert change["counts"] == {"changed": 3, "skipped": 1}
    assert mira.get(f"bulk/{change['id']}/").json() == change
    assert call(cast.sue).get(f"bulk/{change['id']}/").status_code == 404
    assert mira.post(f"bulk/{change['id']}/undo/").json()["counts"] == {"put_back": 3}
    assert set(Ticket.objects.values_list("priority", flat=True)) == {2}
    for wrong, field in (
        ({"tickets": ours, "do": "prioritize"}, "priority"),
        ({"tickets": ours, "do": "resolve", "tag": "red"}, "tag"),
        ({"tickets": ours, "do": "snooze", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"tickets": [], "do": "resolve"}, "tickets"),
    ):
        assert list(mira.post("bulk/", wrong).json()["error"]["fields"]) == [field]
    settled = mira.post("bulk/", {"tickets": ours, "do": "resolve"}).json()
    skipped = mira.post("bulk/", {"tickets": ours, "do": "set_waiting"}).json()
    assert settled["counts"] == {"changed": 3}
    assert skipped["skipped"] == [{"ticket": pk, "why": "settled"} for pk in ours]


def test_what_somebody_was_told_is_listed_by_ticket_and_marked_read(call, cast, open_ticket):
    tickets = [actions.assign(open_ticket(), cast.mira, by=cast.sue) for _turn in range(3)]
    actions.reply(tickets[0], "Any news?", by=cast.priya, channel="portal")
    mira = call(cast.mira)
    page = mira.get("notifications/", page_size=2).json()
    assert (page["unread"], [group["ticket"] for group in page["results"]]) == (
        3,
        [tickets[0].pk, tickets[2].pk],
    )
    assert [line["kind"] for line in page["results"][0]["notifications"]] == [
        "ticket.answered",
        "ticket.assigned",
    ]
    rest = mira.client.get(page["next"], headers=mira.headers).json()
    assert ([group["ticket"] for group in rest["results"]], rest["next"]) == ([tickets[1].pk], None)
    assert mira.post("notifications/mark-read/", {"ticket": tickets[0].pk}).json() == {"unread": 2}
    newest = page["results"][1]["notifications"][0]["id"]
    actions.reply(tickets[1], "And now?", by=cast.priya, channel="portal")
    assert mira.post("notifications/mark-read/", {"up_to": newest}).json() == {"unread": 1}
    assert call(cast.priya).get("notifications/").status_code == 404
