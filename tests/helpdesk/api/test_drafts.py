"""Drafts by API: versions, sending now and later, taking back."""

from datetime import timedelta

from django.utils import timezone

from helpdesk.models import Delivery
from tickets import actions
from tickets.models import Draft, Message


def test_a_draft_is_saved_read_given_a_time_and_sent(call, cast, ticket):
    caller, base = call(cast.mira), f"tickets/{ticket.pk}/"
    first = caller.post(f"{base}save-draft/", {"kind": "reply", "version": 0, "text": "Dear"}, key="a")
    assert (first.status_code, first.json()["version"]) == (200, 1)
    again = caller.post(f"{base}save-draft/", {"kind": "reply", "version": 0, "text": "Dear"}, key="a")
    assert again.json() == first.json()
    stale = caller.post(f"{base}save-draft/", {"kind": "reply", "version": 0, "text": "Other"})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "conflict")
    send_at = (timezone.now() + timedelta(days=1)).isoformat()
    timed = caller.post(f"{base}schedule-draft/", {"kind": "reply", "version": 1, "send_at": send_at}).json()
    assert timed["send_at"]
    freed = caller.post(f"{base}schedule-draft/", {"kind": "reply", "version": 2, "send_at": None}).json()
    assert freed["send_at"] is None
    assert [row["text"] for row in caller.get(f"{base}drafts/").json()] == ["Dear"]
    assert call(cast.sue).get(f"{base}drafts/").json() == []
    sent = caller.post(f"{base}send-draft/", {"kind": "reply", "version": 3, "hold_seconds": 60}, key="b")
    assert sent.status_code == 201
    assert (
        caller.post(f"{base}send-draft/", {"kind": "reply", "version": 3, "hold_seconds": 60}, key="b").json()
        == sent.json()
    )
    assert not Draft.objects.exists()
    taken = caller.post(f"{base}messages/{sent.json()['id']}/withdraw/")
    assert taken.json()["withdrawn_at"]
    assert Message.objects.filter(author=cast.mira).count() == 1


def test_what_is_wrong_is_said_by_field(call, cast, ticket):
    caller, base = call(cast.mira), f"tickets/{ticket.pk}/"
    caller.post(f"{base}save-draft/", {"kind": "reply", "version": 0, "text": "Dear"})
    over = {"kind": "reply", "version": 1, "send_at": "2020-01-01T00:00:00Z"}
    assert "send_at" in caller.post(f"{base}schedule-draft/", over).json()["error"]["fields"]
    gone = caller.post(f"{base}send-draft/", {"kind": "note", "version": 1})
    assert gone.status_code == 409
    assert caller.post(f"{base}discard-draft/", {"kind": "reply", "version": 1}).json() == []


def test_what_became_of_a_reply_is_read_and_sent_to_another_address(call, cast, ticket):
    actions.reply(ticket, "Hello", by=cast.mira, channel="mail")
    Delivery.objects.filter(template="ticket.replied").update(
        state="failed", reason="refused", last_error="RCPT: 550 5.1.1 no", ended_at=timezone.now()
    )
    caller, base = call(cast.mira), f"tickets/{ticket.pk}/deliveries/"
    (row,) = [one for one in caller.get(base).json() if one["message"]]
    assert (row["words"], row["reason"]) == ("Not delivered", "this mailbox does not exist")
    bad = caller.post(f"{base}{row['id']}/retry/", {"address": "priya@elsewhere.example", "x": 1})
    assert bad.status_code == 400
    sent = caller.post(f"{base}{row['id']}/retry/", {"address": "priya@elsewhere.example"}).json()
    assert (sent["state"], sent["address"]) == ("queued", "priya@elsewhere.example")
