"""From an empty database to a helpdesk that works, without a dead end."""

import re

from helpdesk.models import Delivery
from tests.cast import PersonFactory
from tests.helpdesk.setup.conftest import Browser
from tickets.models import Role

ANSWERS = {
    "/setup/company/": {"name": "Acme Support", "time_zone": "Europe/Berlin", "language": "en"},
    "/setup/teams/new/": {"name": "Support", "cc_rule": "propose", "reopen_days": 14, "close_after_days": 7},
    "/setup/addresses/new/": {"address": "support@acme.example"},
    "/setup/people/invite/": {"email": "mira@acme.example", "name": "Mira Koch", "role": "agent"},
}


def test_the_start_page_leads_through_every_step_to_the_end(db):
    browser = Browser(PersonFactory(name="Ada First", role=Role.ADMINISTRATOR))
    for _step in ANSWERS:
        start = browser.get("/setup/").content.decode()
        path = re.search(r'class="button button--primary" href="([^"]+)"', start)[1]
        page = browser.get(path).content.decode()
        fields = dict(ANSWERS[path])
        for name in ("team", "teams"):
            found = re.search(
                rf'name="{name}"[^>]*>\s*<option value=""[^>]*>[^<]*</option>\s*<option value="(\d+)"', page
            )
            box = re.search(rf'type="checkbox" name="{name}" value="(\d+)"', page)
            if found or box:
                fields[name] = (found or box)[1]
        assert browser.send(path, fields).status_code == 303, path
    end = browser.get("/setup/").content.decode()
    assert "Everything needed is set up" in end
    for path in ("company", "teams", "addresses", "people"):
        assert f'<a class="button" href="/setup/{path}/">Review</a>' in end
    assert Delivery.objects.filter(template="person.invited", address="mira@acme.example").exists()


def test_without_a_team_the_address_page_leads_to_making_one(db):
    browser = Browser(PersonFactory(role=Role.ADMINISTRATOR))
    html = browser.get("/setup/addresses/").content.decode()
    assert "A team comes first" in html
    assert 'href="/setup/teams/new/"' in html
