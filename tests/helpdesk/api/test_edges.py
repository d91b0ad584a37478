"""Bad input, limits, and what every answer has in common."""

import json

import pytest
from django.test import Client

from helpdesk import actions as outward
from helpdesk.api import changes, represent, urls
from tickets.models import Ticket


def send(caller, path, data, content_type="application/json"):
    return caller.client.post(f"/api/v1/{path}", data, content_type=content_type, headers=caller.headers)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b'{"text": NaN}', 400),
        (b'{"text": "a", "text": "b"}', 400),
        (b"[" * 200_000, 400),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"text": {"a": 1}}', 400),
        (b'{"text": 12345678901234567890123}', 201),
        (b'{"text": "\\ud800 \\u0000 end"}', 400),
        (b'{"text": "\\ud800 end"}', 400),
        (b'{"text": "' + b"x" * 3_000_000 + b'"}', 413),
        (b'{"text": "' + b"x" * 600_000 + b'"}', 400),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_cannot_be_meant_gets_a_plain_answer(call, cast, ticket, data, code):
    answer = send(call(cast.mira), f"tickets/{ticket.pk}/note/", data)
    assert answer.status_code == code, answer.content[:300]
    assert ("error" in answer.json()) == (code != 201)
    assert b"Traceback" not in answer.content


def test_a_form_is_not_json(call, cast, ticket):
    answer = send(
        call(cast.mira), f"tickets/{ticket.pk}/note/", b"text=x", "application/x-www-form-urlencoded"
    )
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported_media_type"


def test_an_unknown_address_answers_like_an_unknown_ticket(call, cast):
    caller = call(cast.mira)
    unknown = caller.get("nothing/here/")
    assert unknown.status_code == 404
    assert unknown.content == caller.get("tickets/99999999/").content
    assert call(None).get("nothing/here/").status_code == 401


def test_a_method_that_is_not_there_says_so(call, cast, ticket):
    caller = call(cast.mira)
    answer = caller.client.delete(f"/api/v1/tickets/{ticket.pk}/", headers=caller.headers)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert Ticket.objects.filter(pk=ticket.pk).exists()


def test_reading_changes_nothing(call, cast, ticket):
    caller = call(cast.mira)
    for verb in ("resolve", "reply", "note", "assign"):
        assert caller.get(f"tickets/{ticket.pk}/{verb}/").status_code == 405
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    caller.get(f"tickets/{ticket.pk}/")
    assert Ticket.objects.filter(pk=ticket.pk).values().get() == before


def test_a_token_has_so_many_requests_a_minute_and_no_more(call, cast, settings):
    settings.API_LIMITS = {"request": 3, "search": 60}
    caller = call(cast.mira)
    assert [caller.get("me/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = caller.get("me/")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer.json()["error"]["code"] == "too_many"
    assert call(cast.mira).get("me/").status_code == 200


def test_searching_has_a_limit_of_its_own(call, cast, settings):
    settings.API_LIMITS = {"request": 600, "search": 2}
    caller = call(cast.mira)
    codes = [caller.get("tickets/", search="refund").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert caller.get("tickets/").status_code == 200


def test_a_fault_of_ours_tells_no_details(cast, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(represent, "named", broken)
    _token, secret = outward.issue_token(cast.mira, by=None)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/teams/", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "failed"
    assert b"secret" not in answer.content


def test_answers_are_not_kept_by_browsers_or_proxies(call, cast):
    answer = call(cast.mira).get("me/")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"


def test_the_document_names_every_address_and_needs_sign_in(call, cast, client):
    assert client.get("/api/v1/schema/").status_code == 401
    document = call(cast.priya).get("schema/").json()
    assert document["openapi"].startswith("3.")
    paths = set(document["paths"])
    assert "/api/v1/tickets/{number}/reply/" in paths
    assert len(paths) == len(urls.urlpatterns) - 3  # all but the document, its page, and what is not there
    text = json.dumps(document)
    assert "Idempotency-Key" in text
    client.force_login(cast.mira)
    assert client.get("/api/v1/schema/").status_code == 200


def test_the_reference_page_shows_every_operation_within_the_content_policy(client, cast):
    assert client.get("/api/v1/docs/").status_code == 302
    client.force_login(cast.mira)
    answer = client.get("/api/v1/docs/")
    html = answer.content.decode()
    assert answer.status_code == 200
    for verb in changes.CHANGES:
        assert f"/api/v1/tickets/{{number}}/{verb}/" in html
    assert "low, normal, high, urgent" in html
    assert " style=" not in html
    assert "https://" not in html
