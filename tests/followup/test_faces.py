"""What people see of follow-ups: the mails, the page behind the question, set-up, the ticket."""

import re
from email import message_from_bytes, policy

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from followup import queries
from followup.models import FollowUp, Rule
from helpdesk.mail import compose
from helpdesk.mail.letter import NotToBeSent
from helpdesk.models import Delivery
from tests.followup.conftest import DAY, TUESDAY, due, send
from tests.helpdesk.setup.conftest import root
from tickets import actions

__all__ = ["root"]


def mail(kind: str) -> tuple[str, str]:
    """The subject and the words of the mail."""
    row = Delivery.objects.get(template=f"followup.{kind}")
    written = message_from_bytes(compose.write(row).content, policy=policy.SMTP)
    return written["Subject"], written.get_body(("plain",)).get_content()


@pytest.fixture
def question(cast, switch, resolve) -> FollowUp:
    """“Did it stay solved?”, sent to Priya a moment ago."""
    actions.prove_address(cast.priya)
    switch("fixed", after=1)
    resolve(at=timezone.now() - DAY)
    FollowUp.objects.update(due_at=timezone.now())
    Rule.objects.update(window_from=None, window_to=None)
    return send("fixed", at=timezone.now())


@pytest.fixture
def path(question) -> str:
    return queries.letter(question.pk)["path"]


def test_a_reminder_is_written_in_the_language_of_its_reader_and_not_after_their_answer(cast, switch, wait):
    switch("waiting", "silence")
    actions.prove_address(cast.priya)
    actions.edit_person(cast.priya, by=cast.priya, language="de")
    ticket = wait()
    send("waiting")
    subject, text = mail("waiting")
    assert subject == f"Re: Refund missing [#{ticket.pk}]"
    assert "am 5. Nov haben wir Sie etwas zu „Refund missing“ gefragt" in text
    send("silence")
    _subject, text = mail("silence")
    assert "Antworten Sie bis 27. Nov auf diese Mail, und sie ist wieder offen." in text
    with pytest.raises(NotToBeSent):
        mail("waiting")
    actions.reply(ticket, "It is 12.", by=cast.priya, channel="mail", at=TUESDAY + 20 * DAY)
    with pytest.raises(NotToBeSent):
        mail("silence")


def test_words_of_an_address_that_nobody_has_proven_are_not_repeated(cast, switch, wait):
    switch("waiting")
    wait()
    send("waiting")
    subject, text = mail("waiting")
    assert "Refund" not in subject + text


@pytest.mark.tampers
def test_opening_the_question_records_nothing_and_its_button_does(client, question, path):
    before = question.ticket.events.count()
    for query in ("", "?stayed=yes", "?stayed=no", "?stayed=<x>"):
        page = client.get(path + query)
        assert page.status_code == client.head(path + query).status_code == 200
        checked = re.findall(r'value="(\w+)"[^>]* checked', page.content.decode())
        assert checked == [word for word in ("yes", "no") if word in query]
        client.get(path + query, headers={"Sec-Purpose": "prefetch"})
    question.refresh_from_db()
    assert (question.stayed, question.ticket.events.count()) == (None, before)
    assert client.post(path, {"stayed": "maybe"}).status_code == 422
    for _twice in range(2):
        answer = client.post(path, {"stayed": "no", "words": "Again <b>"}, follow=True)
        assert "Your request is open again." in answer.content.decode()
    question.ticket.refresh_from_db()
    assert question.ticket.status == "open"
    assert question.ticket.messages.filter(text__contains="Again <b>").count() == 1
    assert client.get(path[:-3] + "xx/").status_code == 404
    FollowUp.objects.update(expires_at=timezone.now())
    assert client.post(path, {"stayed": "yes"}).status_code == 410


@pytest.mark.tampers
def test_who_wants_no_such_question_says_so_by_a_post(cast, client, question, path):
    assert client.get(f"{path}stop/").status_code == 200
    cast.priya.refresh_from_db()
    assert "surveys" not in cast.priya.preferences
    assert client.post(f"{path}stop/").status_code == 200
    cast.priya.refresh_from_db()
    assert cast.priya.preferences["surveys"] is False


def test_administrators_set_the_rules_of_a_team_and_of_the_company(cast, root):
    path = reverse("setup:teams_silence", args=[cast.billing.pk])
    given = {"waiting_after": 2, "waiting_at_most": 1, "waiting_within": 5, "window_from": "09:00"}
    given |= {"silence_after": 4, "silence_at_most": 1, "silence_within": 5, "window_to": "18:00"}
    assert root.send(path, given | {"window_to": "08:00"}).status_code == 422
    assert not Rule.objects.exists()
    assert root.send(path, given | {"waiting_on": "on"}).status_code == 303
    rules = {rule.kind: rule for rule in Rule.objects.all()}
    assert [(rule.is_on, rule.after, rule.team) for rule in rules.values()] == [
        (True, 2, cast.billing),
        (False, 4, cast.billing),
    ]
    since = rules["waiting"].on_since
    assert root.send(path, given | {"waiting_on": "on", "waiting_after": 3}).status_code == 303
    assert Rule.objects.get(kind="waiting").on_since == since
    page = root.get(reverse("setup:surveys_mail")).content.decode()
    assert 'name="sorry_on"' in page
    assert "checked" not in page


def test_a_ticket_that_waits_says_when_the_next_mail_goes_out_at_no_further_query(cast, switch, wait):
    client = Client()
    client.force_login(cast.mira)
    quiet = wait(at=timezone.now() - DAY)
    switch("waiting")
    told = wait(at=timezone.now() - DAY)
    assert due("waiting").ticket == told
    seen = {}
    for ticket in (told, quiet, told, quiet):
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
        seen[ticket.pk] = ("Reminder goes out" in page, len(queries))
    assert seen[told.pk] == (True, seen[quiet.pk][1])
    assert not seen[quiet.pk][0]
