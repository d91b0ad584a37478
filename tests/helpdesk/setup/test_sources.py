"""Setting up where mail is taken from: mailboxes and mail providers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from helpdesk.models import MailSource
from tickets.models import Event

FIELDS = {
    "name": "Sales",
    "host": "127.0.0.1",
    "port": "993",
    "security": "tls",
    "username": "sales@acme.example",
    "sign_in": "password",
    "password": " canary-7f3e ",
    "folder": "",
    "after": "seen",
}
NEW = "/setup/sources/new/"


@pytest.fixture(autouse=True)
def near(settings):
    settings.PRIVATE_TARGETS = ["127.0.0.0/8"]


@pytest.fixture
def box(root):
    assert root.send(NEW, FIELDS).status_code == 303
    return MailSource.objects.get()


def of(box):
    return MailSource.objects.get(pk=box.pk)


def test_a_mailbox_is_added_and_its_password_shown_nowhere(root, box):
    assert (box.folder, box.secret()) == ("INBOX", {"password": " canary-7f3e "})
    assert b"canary" not in bytes(box.sealed)
    pages = [root.get(reverse("setup:sources")), root.get(reverse("setup:sources_edit", args=[box.pk]))]
    assert all("canary" not in page.content.decode() for page in pages)
    assert "sales@acme.example" in pages[0].content.decode()
    (event,) = Event.objects.filter(kind="source.created")
    assert (event.actor.name, event.data) == ("Root", {"source": box.pk}) or event.data == {"source": box.pk}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"host": "169.254.169.254"}, "is not a public address"),
        ({"host": "::1"}, "is not a public address"),
        ({"host": "http://127.0.0.1/"}, "Enter a host name"),
        ({"host": "8.8.8.8", "port": "25"}, "Port 25 is not for this"),
        ({"host": "8.8.8.8", "security": "none"}, "Passwords are not sent without TLS"),
        ({"after": "move"}, "Enter another folder"),
        ({"password": ""}, "without it nobody can sign in"),
        ({"username": ""}, "Enter the name with which"),
        ({"sign_in": "xoauth2", "token_url": "other", "token_url_other": "http://127.0.0.1/",
          "client_id": "us", "refresh_token": "r"}, "beginning with https://"),
        ({"sign_in": "xoauth2", "token_url": "other", "token_url_other": "https://10.0.0.1/",
          "client_id": "us", "refresh_token": "r"}, "10.0.0.1 is not a public address"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_beside_the_form(root, fields, words):
    answer = root.send(NEW, FIELDS | fields)
    assert (answer.status_code, MailSource.objects.count()) == (422, 0)
    assert words in answer.content.decode()


def test_the_same_mailbox_is_not_added_twice(root, box):
    answer = root.send(NEW, FIELDS)
    assert (answer.status_code, "on the list already" in answer.content.decode()) == (422, True)


def test_an_edit_keeps_the_password_and_the_place_reached_unless_it_is_another_mailbox(root, box):
    MailSource.objects.update(uidvalidity=7, last_uid=40, trouble="login")
    path = reverse("setup:sources_edit", args=[box.pk])
    assert root.send(path, FIELDS | {"password": "", "name": "Shop"}).status_code == 303
    row = of(box)
    assert (row.name, row.secret()["password"], row.last_uid, row.trouble) == (
        "Shop",
        " canary-7f3e ",
        40,
        "",
    )
    assert row.revision > box.revision
    root.send(path, FIELDS | {"password": "new", "username": "shop@acme.example"})
    row = of(box)
    assert (row.secret()["password"], row.uidvalidity, row.last_uid) == ("new", None, 0)
    told = [event.data["fields"] for event in Event.objects.filter(kind="source.edited").order_by("pk")]
    assert told == [["name"], ["name", "username", "secret"]]


def test_a_line_break_reaches_no_mail_server(root):
    root.send(NEW, FIELDS | {"folder": "INBOX\r\nA1 DELETE INBOX", "username": "a\r\nb"})
    row = MailSource.objects.get()
    assert (row.folder, row.username) == ("INBOX A1 DELETE INBOX", "a b")


def test_what_is_wrong_stands_in_plain_words_on_the_list_the_page_and_in_the_mailroom(root, box):
    MailSource.objects.update(trouble="login", trouble_since_at=Now())
    words = "127.0.0.1 does not accept this name and password. Enter them anew."
    for name, args in (("sources", []), ("sources_edit", [box.pk])):
        assert words in root.get(reverse(f"setup:{name}", args=args)).content.decode()
    MailSource.objects.update(trouble="", trouble_since_at=None, changed_at=Now() - timedelta(minutes=5))
    assert "It has not been read for some minutes." in root.get(reverse("setup:sources")).content.decode()
    assert "Mailbox Sales: not read yet" in root.get(reverse("setup:mail")).content.decode()


def test_a_trial_says_what_is_wrong_and_nothing_of_what_the_server_said(root, box):
    answer = root.client.post(reverse("setup:sources_test", args=[box.pk]), follow=True)
    assert "127.0.0.1 cannot be reached on port 993." in answer.content.decode()


def test_a_mailbox_is_switched_off_and_on_again_at_the_place_reached(root, box):
    MailSource.objects.update(uidvalidity=7, last_uid=40)
    page = reverse("setup:sources_edit", args=[box.pk])
    root.send(reverse("setup:sources_close", args=[box.pk]), page=page)
    assert not of(box).is_active
    root.send(reverse("setup:sources_open", args=[box.pk]), page=page)
    assert (of(box).is_active, of(box).last_uid) == (True, 40)


def test_a_provider_shows_its_address_and_only_its_own_kind_of_key(root):
    path = "/setup/sources/provider/"
    assert root.send(path, {"name": "Gun", "provider": "mailgun"}).status_code == 422
    root.send(path, {"name": "Gun", "provider": "mailgun", "signing_key": "canary-key"})
    root.send(path, {"name": "Mark", "provider": "postmark"})
    signed, unsigned = MailSource.objects.order_by("pk")
    first = root.get(reverse("setup:sources_edit", args=[signed.pk])).content.decode()
    second = root.get(reverse("setup:sources_edit", args=[unsigned.pk])).content.decode()
    assert f"/hooks/mail/{signed.pk}/{signed.secret()['token']}/mime/" in first
    assert "canary-key" not in first
    assert f"//{unsigned.secret()['basic']}@" in second
    root.send(reverse("setup:sources_edit", args=[signed.pk]), {"name": "Gun 2", "signing_key": ""})
    assert MailSource.objects.get(pk=signed.pk).secret()["key"] == "canary-key"
