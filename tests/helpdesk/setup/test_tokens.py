"""A member's own API tokens."""

import re

from django.urls import reverse

from helpdesk.models import ApiToken

TOKENS = "/setup/tokens/"


def test_a_token_is_shown_once_and_works(mira, cast):
    answer = mira.send(TOKENS, {"name": "Export", "days": 30})
    secret = re.search(r'id="secret" readonly value="([^"]+)"', answer.content.decode())[1]
    used = mira.client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"})
    assert used.json()["email"] == cast.mira.email
    assert secret not in mira.get(TOKENS).content.decode()
    token = ApiToken.objects.get()
    assert (token.expires_at - token.created_at).days == 30


def test_a_form_sent_twice_makes_one_token(mira):
    first = mira.send(TOKENS, {"name": "Export", "days": 30}, once="k" * 20)
    again = mira.send(TOKENS, {"name": "Export", "days": 30}, once="k" * 20)
    assert (first.status_code, again.status_code) == (200, 409)
    assert ApiToken.objects.count() == 1


def test_a_token_is_ended_by_its_person_and_by_nobody_else(mira, root):
    mira.send(TOKENS, {"name": "Export", "days": 30})
    token = ApiToken.objects.get()
    end = reverse("setup:tokens_revoke", args=[token.pk])
    assert root.client.post(end, {"once": "k" * 20}).status_code == 404
    assert mira.send(end, page=TOKENS).status_code == 303
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "Export" not in mira.get(TOKENS).content.decode()


def test_a_term_that_is_not_offered_is_refused(mira):
    assert mira.send(TOKENS, {"name": "Export", "days": 99999}).status_code == 422
    assert not ApiToken.objects.exists()
