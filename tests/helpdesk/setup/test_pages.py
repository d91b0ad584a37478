"""Every page of setup: who may enter, how it answers, what is wrong in a form."""

import re

import pytest
from django.urls import reverse

from feedback.actions import install_standard_survey
from feedback.models import Cause
from helpdesk import actions as outward
from helpdesk.setup.urls import urlpatterns
from sla.actions import install_defaults, recompute_open
from tests.helpdesk.setup.conftest import Browser
from tickets.models import Event, Team

PLAIN = [
    "index", "company", "company_brand", "teams", "teams_new", "organizations", "organizations_new",
    "people", "people_invite",
    "addresses", "addresses_new", "sources", "sources_new", "sources_webhook",
    "replies", "replies_new", "mail", "mail_incoming", "mail_outgoing",
    "mail_floods", "mail_blocked", "hours", "hours_calendar_new",
    "hours_policy_new", "jobs", "jobs_simulate", "faults",
    "surveys", "surveys_causes", "surveys_causes_new", "surveys_mail",
    "tokens", "topics", "topics_new", "wording",
]  # fmt: skip


@pytest.fixture
def world(cast):
    """One row of everything, and the path of each page about it."""
    address = outward.create_address("support@desk.example", cast.billing, by=None)
    saved = outward.create_saved_reply("Hello", "Thank you for writing.", by=None)
    calendar, policy = install_defaults()
    return {
        "teams_edit": cast.billing.pk,
        "teams_look": cast.billing.pk,
        "teams_sharing": cast.billing.pk,
        "teams_silence": cast.billing.pk,
        "organizations_edit": cast.nordlicht.pk,
        "people_edit": cast.mira.pk,
        "addresses_edit": address.pk,
        "replies_edit": saved.pk,
        "topics_edit": outward.create_topic({"en": {"name": "Refunds"}}, cast.billing, by=None).pk,
        "sources_edit": outward.add_webhook("Mailgun", "mailgun", key="signing-key", by=None).pk,
        "hours_calendar": calendar.pk,
        "hours_calendar_edit": calendar.pk,
        "hours_calendar_day": calendar.pk,
        "hours_calendar_public": calendar.pk,
        "hours_calendar_ical": calendar.pk,
        "hours_policy": policy.pk,
        "surveys_causes_edit": Cause.objects.get(code="wait").pk,
        "surveys_edit": install_standard_survey().pk,
        "surveys_new": "ces",
        "jobs_one": recompute_open(cast.sue, policy=policy).pk,
    }


def paths(world):
    return [reverse(f"setup:{name}") for name in PLAIN] + [
        reverse(f"setup:{name}", args=[pk]) for name, pk in world.items()
    ]


def test_every_page_opens_with_one_heading_and_no_inline_style(root, world):
    for path in paths(world):
        answer = root.get(path)
        html = answer.content.decode()
        assert answer.status_code == 200, path
        assert html.count("<h1") == 1, path
        assert not re.search(r"\s(style|on[a-z]+)=", html), path
        assert "· Setup</title>" in html, path
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), (path, sorted(found for found in ids if ids.count(found) > 1))
        assert answer["Cache-Control"].find("no-store") >= 0


def test_the_plain_pages_are_all_that_there_are(world):
    known = {*PLAIN, *world}
    posts = {pattern.name for pattern in urlpatterns} - known
    assert all(
        re.search(
            r"_(close|open|logo|remove|role|deactivate|reactivate|again|cancel|delete|revoke|defaults|unblock|move|switch|test|act|one|raw|delivery|edit|reset|preview)$",
            name,
        )
        for name in posts
    )


@pytest.mark.parametrize("person", ["mira", "sue", "priya"])
def test_for_everybody_but_administrators_setup_does_not_exist(cast, world, person):
    """Supervisors have the calendars, the policies and the work they asked for, everybody who works here the
    own tokens."""
    browser = Browser(getattr(cast, person))
    for path in paths(world):
        if path == reverse("setup:tokens") and person != "priya":
            continue
        if path.startswith((reverse("setup:hours"), reverse("setup:jobs"))) and person == "sue":
            assert browser.get(path).status_code == 200, path
            continue
        answer = browser.get(path)
        assert answer.status_code == 404, path


def test_signed_out_readers_are_led_to_the_sign_in(client, world):
    for path in paths(world):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=/setup/")


EMPTY = {
    "company": "Enter a name.",
    "teams_new": "Enter a name.",
    "organizations_new": "Enter a name.",
    "people_invite": "Enter an email address.",
    "addresses_new": "Enter an email address.",
    "replies_new": "Enter a title.",
    "topics_new": "Enter a name.",
    "surveys_causes_new": "Enter a name.",
    "hours_calendar_new": "Enter a name.",
    "tokens": "Say what the token is for.",
}


@pytest.mark.parametrize(("name", "words"), EMPTY.items())
def test_an_empty_form_comes_back_with_a_summary_that_leads_to_its_fields(root, world, name, words):
    before = Event.objects.count()
    answer = root.send(reverse(f"setup:{name}"), {})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error: " in html
    assert "data-problem" in html
    assert html.count(words) == 2
    link = re.search(r'href="#(id_[a-z_]+)">' + re.escape(words), html)
    assert link
    assert f'id="{link[1]}"' in html
    assert Event.objects.count() == before


def test_values_are_kept_in_a_form_that_comes_back(root):
    answer = root.send(reverse("setup:addresses_new"), {"address": "not an address", "name": "Acme <b>"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="not an address"' in html
    assert 'value="Acme &lt;b&gt;"' in html


def test_a_form_sent_twice_acts_once(root):
    path = reverse("setup:teams_new")
    fields = {"name": "Partners", "cc_rule": "propose", "reopen_days": 14, "close_after_days": 7}
    for _ in range(2):
        assert root.send(path, fields, once="k" * 20).status_code == 303
    assert Team.objects.filter(name="Partners").count() == 1
    other = root.send(path, fields | {"name": "Other"}, once="k" * 20)
    assert other.status_code == 409
    assert "k" * 20 not in other.content.decode()
    assert not Team.objects.filter(name="Other").exists()


def test_a_name_that_is_taken_is_told_at_its_field(root, cast):
    fields = {"name": "Billing", "cc_rule": "propose", "reopen_days": 14, "close_after_days": 7}
    answer = root.send(reverse("setup:teams_new"), fields)
    assert answer.status_code == 422
    assert "This name is taken" in answer.content.decode()


@pytest.mark.parametrize("once", ["", "short", "x" * 65])
def test_a_form_without_a_usable_key_is_asked_for_again(root, once):
    answer = root.client.post(
        reverse("setup:teams_new"),
        {"name": "Partners", "once": once, "cc_rule": "propose", "reopen_days": 1, "close_after_days": 1},
    )
    assert answer.status_code == 422
    assert not Team.objects.filter(name="Partners").exists()
    assert 'name="once"' in answer.content.decode()


def test_reading_pages_changes_nothing_and_buttons_take_posts_only(root, world, cast):
    before = Event.objects.count()
    for pattern in urlpatterns:
        if pattern.name in PLAIN or pattern.name in world:
            continue
        args = [1] * str(pattern.pattern).count("<")
        assert root.get(reverse(f"setup:{pattern.name}", args=args)).status_code in (404, 405), pattern.name
    assert Event.objects.count() == before


def test_a_stranger_form_is_refused_without_its_csrf_token(cast):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.root)
    answer = client.post(reverse("setup:teams_new"), {"name": "Partners", "once": "k" * 20})
    assert answer.status_code == 403
