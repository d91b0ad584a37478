"""Links for invited people and for the first administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.core.management import CommandError, call_command
from django.test import Client

from helpdesk.accounts import invitations
from tests.helpdesk.mailed import mails_to, path_in
from tests.helpdesk.portal.pages import words
from tickets import actions
from tickets.models import Event, Role, User

FIELDS = {"name": "Ines Haas", "password": "a wholly new sentence"}


@pytest.fixture
def invited(cast):
    person = actions.invite(
        "ines@desk.example", name="Ines", role=Role.AGENT, teams=[cast.billing], by=cast.root
    )
    invitations.mail_invitation(person)
    return person


def later(monkeypatch, term: timedelta) -> None:
    now = signing.time.time
    monkeypatch.setattr(signing.time, "time", lambda: now() + term.total_seconds())


def test_an_invited_person_chooses_name_and_password_and_is_in(invited):
    path = path_in(mails_to("ines@desk.example")[0])
    client = Client()
    swap = client.get(path)
    assert swap["Location"] == "/accounts/join/"
    assert swap["Referrer-Policy"] == "no-referrer"
    assert "You sign in as ines@desk.example" in words(client.get("/accounts/join/"))
    assert client.post("/accounts/join/", FIELDS)["Location"] == "/desk/"
    invited.refresh_from_db()
    assert invited.name == "Ines Haas"
    assert invited.proven_at is not None
    assert Event.objects.filter(kind="person.joined", subject_id=invited.pk).exists()
    again = Client().post("/accounts/login/", {"login": invited.email, "password": FIELDS["password"]})
    assert again.status_code == 302


def test_opening_an_invitation_uses_nothing_up_and_using_it_does(invited):
    path = path_in(mails_to("ines@desk.example")[0])
    for _ in range(3):
        assert "Join" in words(Client().get(path, follow=True))
    first, second = Client(), Client()
    first.get(path)
    second.get(path)
    first.post("/accounts/join/", FIELDS)
    assert second.post("/accounts/join/", FIELDS | {"password": "another sentence"}).status_code == 404
    assert "This link has ended" in words(Client().get(path, follow=True))


def test_a_double_click_leads_on(invited):
    client = Client()
    client.get(path_in(mails_to("ines@desk.example")[0]))
    client.post("/accounts/join/", FIELDS)
    client.get(path_in(mails_to("ines@desk.example")[0]))
    assert client.post("/accounts/join/", FIELDS)["Location"] == "/desk/"


def test_an_invitation_ends_after_three_days(invited, monkeypatch):
    path = path_in(mails_to("ines@desk.example")[0])
    later(monkeypatch, timedelta(hours=71))
    assert Client().get(path, follow=True).status_code == 200
    later(monkeypatch, timedelta(hours=2))
    assert Client().get(path, follow=True).status_code == 404


@pytest.mark.parametrize("change", ["role", "email", "active"])
def test_an_invitation_ends_when_the_person_changes(cast, invited, change):
    path = path_in(mails_to("ines@desk.example")[0])
    if change == "role":
        actions.set_role(invited, Role.SUPERVISOR, by=cast.root)
    elif change == "active":
        actions.deactivate(invited, by=cast.root)
    else:
        User.objects.filter(pk=invited.pk).update(email="other@desk.example")
    assert Client().get(path, follow=True).status_code == 404


@pytest.mark.parametrize("token", ["x", "%20", "null", "0", "a" * 5000, "ImFiYyI:1abc:xyz"])
def test_a_made_up_token_opens_nothing(invited, token):
    assert Client().get(f"/accounts/join/{invited.pk}/{token}/", follow=True).status_code == 404
    assert Client().get(f"/accounts/first/{token}/", follow=True).status_code == 404


def test_a_token_opens_nobody_elses_door_and_no_other_kind(cast, invited):
    token = path_in(mails_to("ines@desk.example")[0]).rstrip("/").split("/")[-1]
    assert Client().get(f"/accounts/join/{cast.root.pk}/{token}/", follow=True).status_code == 404
    assert Client().get(f"/accounts/first/{token}/", follow=True).status_code == 404


def test_a_weak_password_is_refused_in_words(invited):
    client = Client()
    client.get(path_in(mails_to("ines@desk.example")[0]))
    answer = client.post("/accounts/join/", FIELDS | {"password": "short"})
    assert answer.status_code == 422
    assert "at least 8" in words(answer)
    assert 'value="Ines Haas"' in answer.content.decode()


def test_the_first_administrator_is_made_once(db, capsys):
    call_command("first_admin_link")
    path = "/" + capsys.readouterr().out.strip().split("/", 3)[3]
    late = Client()
    late.get(path)
    client = Client()
    assert client.get(path)["Referrer-Policy"] == "no-referrer"
    fields = FIELDS | {"email": "Root@Company.example"}
    assert client.post("/accounts/first/", fields)["Location"] == "/setup/"
    root = User.objects.get()
    assert (root.email, root.role) == ("root@company.example", Role.ADMINISTRATOR)
    assert late.post("/accounts/first/", fields | {"email": "evil@company.example"}).status_code == 404
    assert User.objects.count() == 1
    with pytest.raises(CommandError):
        call_command("first_admin_link")


def test_the_first_link_ends_after_a_day(db, monkeypatch):
    path = "/" + invitations.first_admin_link().split("/", 3)[3]
    later(monkeypatch, timedelta(hours=25))
    assert Client().get(path, follow=True).status_code == 404
