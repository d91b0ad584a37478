"""Everybody reads their own language: pages, mail, surveys; and lines may run from right to left."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from config import env
from feedback import actions as feedback
from feedback import queries
from helpdesk import actions as house
from helpdesk import languages
from helpdesk.mail import compose
from helpdesk.models import Company, Delivery
from tests.cast import Cast
from tests.helpdesk.mailed import mails_to, path_in
from tickets import actions
from tickets.models import Ticket

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}
SHEETS = sorted((env.ROOT / "helpdesk" / "static" / "css").glob("*.css"))


def test_a_german_customer_reads_german_from_the_form_to_the_survey(client, cast: Cast):
    page = client.get("/new/", headers=GERMAN).content.decode()
    assert '<html lang="de" dir="ltr"' in page
    assert "Sagen Sie uns, was geschehen ist." in page
    form = {
        "subject": "Rückzahlung",
        "message": "Wo bleibt sie?",
        "email": "jan@kunde.example",
        "once": "a" * 32,
    }
    client.post("/new/", form, headers=GERMAN)
    [mail] = mails_to("jan@kunde.example")
    assert "Bestätigen Sie Ihre Nachricht" in compose.subject_of(compose.write(mail).content)
    page = client.get(path_in(mail), headers=GERMAN, follow=True).content.decode()
    held = re.search(r'name="form" value="(\d+)"', page)
    assert held is not None
    client.post("/confirm/", {"form": held[1]}, headers=GERMAN)
    ticket = Ticket.objects.get(requester__email="jan@kunde.example")
    assert ticket.requester.language == "de"
    actions.reply(ticket, "Sie ging heute ab.", by=cast.mira, channel="desk")
    actions.resolve(ticket, by=cast.mira)
    planned = ticket.surveys.get()
    feedback.invite(planned, at=planned.send_at)
    [invited] = mails_to("jan@kunde.example", "survey.invited")
    assert compose.subject_of(compose.write(invited).content) == "Wie war unsere Hilfe bei „Rückzahlung“?"
    asked = queries.invitation(planned.pk)
    assert asked is not None
    question = client.get(asked["path"], headers=GERMAN).content.decode()
    assert "Wie war unsere Hilfe" in question
    assert "Sehr gut" in question


def test_an_agent_reads_their_own_language_whatever_the_browser_asks_for(client, cast: Cast, ticket: Ticket):
    actions.edit_person(cast.mira, by=cast.mira, language="de")
    client.force_login(cast.mira)
    page = client.get(f"/desk/tickets/{ticket.pk}/", headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="de"' in page
    assert "Antwort an Priya" in page
    assert "Nur Ihr Team sieht das. Priya bekommt nichts." in page
    assert "Warteschlange" in page


def test_a_visitors_choice_is_kept_and_leads_back(client, cast: Cast):
    answer = client.post("/language/", {"language": "de", "next": "/new/?x=1"})
    assert answer["Location"] == "/new/?x=1"
    assert 'lang="de"' in client.get("/new/").content.decode()
    assert client.post("/language/", {"language": "de", "next": "https://evil.example/"})["Location"] == "/"


def test_a_mail_is_in_its_readers_language_else_the_pages_else_the_companys(cast: Cast):
    company = Company.objects.create(pk=1, name="Acme")
    assert languages.of_mail(Delivery(recipient=cast.priya), company) == "en"
    house.edit_company(by=cast.root, language="de")
    company.refresh_from_db()
    assert languages.of_mail(Delivery(recipient=cast.priya), company) == "de"
    cast.priya.language = "en-gb"
    assert languages.of_mail(Delivery(recipient=cast.priya), company) == "en"
    with pytest.raises(ValueError, match="xx"):
        house.edit_company(by=cast.root, language="xx")


def test_programs_are_answered_in_english_unless_they_ask(client, cast: Cast):
    actions.edit_person(cast.mira, by=cast.mira, language="de")
    client.force_login(cast.mira)
    english = client.get("/api/v1/tickets/999999/").json()
    german = client.get("/api/v1/tickets/999999/", headers=GERMAN).json()
    assert english != german


def test_styles_name_sides_by_the_direction_of_reading():
    physical = re.compile(
        r"(?<![\w-])(?:(?:margin|padding|border|inset|scroll-margin)-(?:left|right)[\w-]*|left|right|float)\s*:"
        r"|text-align\s*:\s*(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius"
    )
    uneven = re.compile(
        r"(?:margin|padding|inset)\s*:\s*((?:[^\s;(]|\([^)]*\))+(?:\s+(?:[^\s;(]|\([^)]*\))+){3})\s*;"
    )
    found = []
    for sheet in SHEETS:
        text = sheet.read_text()
        found += [f"{sheet.name}: {one.group()}" for one in physical.finditer(text)]
        for one in uneven.finditer(text):
            _top, end, _bottom, start = re.findall(r"(?:[^\s(]|\([^)]*\))+", one[1])
            if start != end:
                found.append(f"{sheet.name}: {one.group()}")
    assert SHEETS
    assert not found, "\n".join(found)
    assert settings.LANGUAGES
