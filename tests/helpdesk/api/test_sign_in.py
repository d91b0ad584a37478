"""Tokens: what lets somebody in, and that it ends with the next request."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from helpdesk import actions
from helpdesk.models import ApiToken
from tickets import actions as domain
from tickets.models import Event


def test_without_a_token_nobody_gets_in(call):
    answer = call(None).get("tickets/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json()["error"]["code"] == "not_signed_in"


def test_the_command_prints_a_token_that_works(call, cast, capsys):
    call_command("issue_token", "Mira@Desk.example")
    secret = capsys.readouterr().out.strip()
    caller = call(None)
    caller.headers["Authorization"] = f"Token {secret}"
    assert caller.get("me/").json()["email"] == "mira@desk.example"


def test_the_command_refuses_an_unknown_address(cast):
    with pytest.raises(CommandError, match="Nobody"):
        call_command("issue_token", "nobody@desk.example")


def test_only_the_digest_of_a_token_is_kept(cast):
    token, secret = actions.issue_token(cast.mira, by=cast.mira)
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert secret not in str(list(Event.objects.values()))
    assert len(secret) >= 43


@pytest.mark.parametrize("wrong", ["", "null", "0", "x" * 5000, "Ä", "\u00a0", "a b"])
def test_every_wrong_token_is_refused_alike(call, cast, wrong):
    caller = call(None)
    caller.headers["Authorization"] = f"Token {wrong}".encode().decode("latin-1")
    answer = caller.get("tickets/")
    unknown = call(None)
    unknown.headers["Authorization"] = "Token unknown"
    assert answer.status_code == 401
    assert answer.content == unknown.get("tickets/").content


def test_a_revoked_token_is_dead_on_the_next_request(call, cast):
    caller = call(cast.mira)
    assert caller.get("me/").status_code == 200
    actions.revoke_token(ApiToken.objects.get(), by=cast.mira)
    assert caller.get("me/").status_code == 401


def test_a_token_ends_at_its_term(call, cast):
    caller = call(cast.mira)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert caller.get("me/").status_code == 401


def test_a_deactivated_person_is_out_on_the_next_request(call, cast):
    caller = call(cast.mira)
    domain.deactivate(cast.mira, by=cast.root)
    assert caller.get("me/").status_code == 401


def test_a_role_change_counts_on_the_next_request(call, cast, ticket):
    caller = call(cast.mira)
    assert caller.get(f"tickets/{ticket.pk}/").status_code == 200
    domain.set_role(cast.mira, "customer", by=cast.root)
    assert caller.get(f"tickets/{ticket.pk}/").status_code == 404


def test_nobody_makes_or_ends_tokens_of_others(cast):
    token, _secret = actions.issue_token(cast.mira, by=cast.mira)
    with pytest.raises(domain.NotAllowed):
        actions.issue_token(cast.gus, by=cast.mira)
    with pytest.raises(domain.NotAllowed):
        actions.revoke_token(token, by=cast.gus)
    assert actions.revoke_token(token, by=cast.root).revoked_at


def test_the_last_use_is_noted_once_a_minute(call, cast, django_assert_num_queries):
    caller = call(cast.mira)
    caller.get("me/")
    first = ApiToken.objects.get().last_used_at
    caller.get("me/")
    assert ApiToken.objects.get().last_used_at == first
    assert first is not None


def test_a_session_does_not_sign_in_at_the_api(client, cast):
    client.force_login(cast.mira)
    assert client.get("/api/v1/tickets/").status_code == 401
