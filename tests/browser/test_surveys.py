"""Surveys in a real browser: a scanner that opens every link scores nothing, a thumb answers."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from feedback import actions as feedback
from feedback import queries
from feedback.models import Answer, Cadence, Survey
from followup import actions as followup
from followup.models import FollowUp, Kind
from helpdesk.mail import compose
from helpdesk.models import Company
from tests import axe
from tests.cast import Cast
from tests.helpdesk.mailed import mails_to
from tickets import actions
from tickets.models import Ticket

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PREFETCH = ({"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"})
REASONS = [
    {"key": "slow", "texts": {"en": "It took too long"}},
    {"key": "forms", "texts": {"en": "Too many forms"}},
]
QUESTIONS = [
    {"key": "rating", "kind": "csat"},
    {"key": "why", "kind": "many", "choices": REASONS, "when": {"key": "rating", "low": 1, "high": 2}},
    {"key": "comment", "kind": "text", "limit": 500},
]


@pytest.fixture
def mailed(live_server, cast: Cast, open_ticket, settings) -> set[str]:
    """Every link of the mails that put a survey to Priya and to Paul, the recommendation, and the question
    whether it stayed solved."""
    settings.PUBLIC_URL = live_server.url
    Company.objects.create(pk=1, name="Acme Support", time_zone="Europe/Berlin", default_team=cast.billing)
    feedback.change_survey(feedback.install_standard_survey(), by=None, questions=QUESTIONS)
    nps = feedback.create_survey(
        "NPS", "nps", by=None, questions=[{"key": "rating", "kind": "nps"}], cool_down=timedelta(0)
    )
    feedback.switch_survey(nps, True, by=None)
    rule = followup.NewRule(Kind.FIXED, True, 2, 1, 1, None, None)
    followup.set_rules([rule], by=None, at=timezone.now() - timedelta(days=2))
    for person in (cast.priya, cast.paul):
        actions.prove_address(person)
        ticket = open_ticket(requester=person, at=timezone.now() - timedelta(days=1))
        actions.resolve(ticket, by=cast.mira, at=timezone.now() - timedelta(hours=20))
        feedback.invite(ticket.surveys.get())
    for cadence in Cadence.objects.all():
        Cadence.objects.filter(pk=cadence.pk).update(due_at=timezone.now())
        survey = feedback.plan_round(cadence)
        assert survey is not None
        feedback.invite(survey)
    asked = FollowUp.objects.filter(kind=Kind.FIXED)
    assert [followup.send(row, at=row.due_at) for row in asked]
    people = [str(person.email) for person in (cast.priya, cast.paul)]
    mails = [mail for one in people for mail in (*mails_to(one, "survey."), *mails_to(one, "followup."))]
    html = "".join(
        part.get_content()
        for mail in mails
        for part in message_from_bytes(compose.write(mail).content, policy=policy.SMTP).walk()
        if part.get_content_type() == "text/html"
    )
    links = set(re.findall(r'href="([^"]+)"', html))
    assert len([link for link in links if "score=" in link]) == 2 * (5 + 11)
    assert len([link for link in links if "stayed=" in link]) == 2 * 2
    return links


def test_ux33_a_scanner_that_opens_every_link_scores_nothing(mailed: set[str], browser: Browser, client):
    before = list(Survey.objects.order_by("pk").values("state", "answered_at", "person__preferences"))
    context = browser.new_context()
    page = context.new_page()
    for link in sorted(mailed):
        path = "/" + link.split("/", 3)[3]
        client.head(path, REMOTE_ADDR="198.51.100.1")
        for headers in PREFETCH:
            client.get(path, headers=headers, REMOTE_ADDR="198.51.100.2")
        page.goto(link, wait_until="load")
    rounds = {link.partition("?")[0] for link in mailed if link.endswith("score=10")}
    rated = next(link for link in sorted(mailed) if link.endswith("score=1") and link[:-8] not in rounds)
    page.goto(rated)
    expect(page.get_by_role("group", name="What were the reasons?")).to_be_visible()
    assert not axe.faults(page)
    context.close()
    assert not Answer.objects.exists()
    assert not FollowUp.objects.exclude(stayed=None).exists()
    assert set(Ticket.objects.values_list("status", flat=True)) == {"resolved"}
    after = list(Survey.objects.order_by("pk").values("state", "answered_at", "person__preferences"))
    assert after == before

    # The same links under a thumb: a low score asks why at once, and only Send records.
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(rated[:-1] + "5")
    why = page.get_by_role("group", name="What were the reasons?")
    expect(why).to_be_hidden()
    page.get_by_role("radio", name="1 Very poor").check()
    expect(why).to_be_visible()
    page.get_by_role("checkbox", name="Too many forms").check()
    for choice in page.locator("label.choice:visible").all():
        box = choice.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you.")
    expect(page.get_by_text("Too many forms")).to_be_visible()
    assert Answer.objects.get().score == 1
    page.goto(next(link for link in sorted(mailed) if link.endswith("score=10")))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("radio", name="10 Extremely likely")).to_be_checked()

    # Did it stay solved? No, it did not.
    page.goto(next(link for link in sorted(mailed) if link.endswith("stayed=yes")))
    expect(page.get_by_label("What is wrong now?")).to_be_hidden()
    page.get_by_role("radio", name="No, it came back.").check()
    page.get_by_label("What is wrong now?").fill("The same error.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your request is open again.")
    assert Ticket.objects.filter(status="open").count() == 1
    context.close()


def test_the_preview_follows_what_is_typed_and_steps_do_their_own(
    live_server, browser: Browser, client, cast: Cast
):
    standard = feedback.install_standard_survey()
    client.force_login(cast.root)
    context = browser.new_context()
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/setup/surveys/{standard.pk}/")
    page.get_by_label("Preview in").select_option("de")
    expect(page.locator("#preview")).to_contain_text("Sehr gut")
    page.get_by_role("combobox", name="Add a question").select_option("many")
    page.locator("#do-add-question").click()
    page.locator("#question-1").get_by_label("Reasons (Deutsch)").fill("Zu langsam\nUnfreundlich")
    page.locator("#question-1").get_by_label("Put to").select_option("low")
    page.locator("#preview").get_by_role("radio").first.check()
    expect(page.locator("#preview")).to_contain_text("Unfreundlich")
    page.get_by_role("button", name="Remove the question “Free words”").click()
    expect(page.locator("#question-0")).to_have_count(0)
    page.get_by_role("button", name="Save survey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Surveys")
    asked = queries.latest_version(standard).questions
    assert [one["kind"] for one in asked] == ["csat", "many"]
    context.close()
