"""Files of drafts and saved replies by API."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from helpdesk.models import SavedReply
from tickets.models import Draft


def upload(caller: Any, ticket: Any, name: str, data: bytes, **headers: str) -> Any:
    fields = {"kind": "reply", "file": SimpleUploadedFile(name, data, "text/plain")}
    path = f"/api/v1/tickets/{ticket.pk}/add-draft-file/"
    return caller.client.post(path, fields, headers=caller.headers | headers)


def test_a_file_is_sent_up_once_taken_away_and_goes_with_the_draft(call, cast, ticket, settings):
    caller, base = call(cast.mira), f"tickets/{ticket.pk}/"
    first = upload(caller, ticket, "facts.txt", b"facts", **{"Idempotency-Key": "k"})
    again = upload(caller, ticket, "facts.txt", b"facts", **{"Idempotency-Key": "k"})
    assert (first.status_code, first.json()["version"]) == (201, 0)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    large = upload(caller, ticket, "large.bin", b"x" * 3_000_000)  # more than a body of words may have
    assert large.status_code == 201
    number = next(file["id"] for file in large.json()["files"] if file["name"] == "large.bin")
    (left,) = caller.post(f"{base}remove-draft-file/", {"file": number}).json()
    assert [file["name"] for file in left["files"]] == ["facts.txt"]
    saved = caller.post(f"{base}save-draft/", {"kind": "reply", "version": 0, "text": "See it"}).json()
    sent = caller.post(f"{base}send-draft/", {"kind": "reply", "version": saved["version"]}).json()
    assert [file["name"] for file in sent["attachments"]] == ["facts.txt"]


def test_what_cannot_be_taken_is_said_at_the_file(call, cast, ticket, settings):
    settings.FILE_BYTES = 4
    caller = call(cast.mira)
    refused = upload(caller, ticket, "five.txt", b"12345")
    assert refused.status_code == 400
    assert "five.txt" in refused.json()["error"]["fields"]["file"][0]
    json = caller.post(f"tickets/{ticket.pk}/add-draft-file/", {"kind": "reply"})
    assert "file" in json.json()["error"]["fields"]
    assert upload(call(cast.priya), ticket, "a.txt", b"a").status_code == 403
    assert not Draft.objects.exists()


def test_saved_replies_are_listed_for_the_ticket_and_filled(call, cast, ticket):
    row = SavedReply.objects.create(title="Refund sent", text="{customer.first_name}, {foo}", folder="Money")
    SavedReply.objects.create(title="Refund of tech", text="x", team=cast.tech)
    caller, base = call(cast.mira), f"tickets/{ticket.pk}/"
    (found,) = caller.get(f"{base}saved-replies/", q="refund").json()
    assert (found["id"], found["folder"], found["uses"]) == (row.pk, "Money", 0)
    filled = caller.post(f"{base}fill-reply/", {"saved_reply": row.pk}).json()
    assert filled == {"text": "Priya, {foo}", "left": ["{foo}"]}
    assert caller.get(f"{base}saved-replies/").json()[0]["uses"] == 1
    assert call(cast.priya).get(f"{base}saved-replies/").status_code == 403
