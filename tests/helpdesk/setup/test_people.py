"""People: invited, changed, let go."""

import pytest
from django.urls import reverse

from helpdesk.models import Delivery
from tests.cast import PersonFactory
from tests.helpdesk.setup.conftest import Browser
from tickets.models import Event, User


def test_somebody_is_invited_by_mail_into_role_and_teams(root, cast):
    fields = {"email": "Nina@Desk.example", "name": "Nina Berg", "role": "agent", "teams": [cast.tech.pk]}
    answer = root.send(reverse("setup:people_invite"), fields)
    assert answer.status_code == 303
    nina = User.objects.get(email="nina@desk.example")
    assert (nina.role, list(nina.teams.all()), nina.name) == ("agent", [cast.tech], "Nina Berg")
    mail = Delivery.objects.get()
    assert (mail.address, mail.template) == ("nina@desk.example", "person.invited")
    assert "Invitation sent to Nina@Desk.example" in root.get(answer["Location"]).content.decode()


def test_a_member_is_not_invited_twice(root, cast):
    fields = {"email": cast.mira.email, "name": "Mira", "role": "agent"}
    answer = root.send(reverse("setup:people_invite"), fields)
    assert answer.status_code == 422
    assert "already on the team" in answer.content.decode()
    assert not Delivery.objects.exists()


def test_an_invitation_is_sent_again_until_it_is_taken(root, cast):
    page = reverse("setup:people_edit", args=[cast.mira.pk])
    again = reverse("setup:people_again", args=[cast.mira.pk])
    assert root.send(again, page=page).status_code == 303
    assert Delivery.objects.count() == 1
    User.objects.filter(pk=cast.mira.pk).update(last_login="2026-11-01T00:00Z")
    assert root.send(again, page=page).status_code == 422
    assert Delivery.objects.count() == 1


def test_role_and_teams_count_from_the_next_request_on(root, cast):
    theirs = Browser(cast.mira)
    page = reverse("setup:people_edit", args=[cast.mira.pk])
    assert theirs.get(reverse("setup:index")).status_code == 404
    fields = {"role": "administrator", "teams": [cast.tech.pk]}
    assert root.send(reverse("setup:people_role", args=[cast.mira.pk]), fields, page=page).status_code == 303
    assert theirs.get(reverse("setup:index")).status_code == 200
    assert list(cast.mira.teams.all()) == [cast.tech]


def test_an_account_is_marked_as_used_by_a_program_and_stays_so_when_the_name_is_mended(root, cast):
    page = reverse("setup:people_edit", args=[cast.sue.pk])
    assert "Used by" in root.get(page).content.decode()
    fields = {"name": "Importer", "phone": "", "organization": "", "account": "program"}
    assert root.send(page, fields).status_code == 303
    assert 'value="program" selected' in root.get(page).content.decode()
    assert root.send(page, {"name": "The importer", "phone": "", "organization": ""}).status_code == 303
    cast.sue.refresh_from_db()
    assert (cast.sue.name, cast.sue.account) == ("The importer", "program")
    assert "Used by" not in root.get(reverse("setup:people_edit", args=[cast.priya.pk])).content.decode()


def test_nobody_changes_their_own_role_or_deactivates_themselves(root, cast):
    page = reverse("setup:people_edit", args=[cast.root.pk])
    role = root.send(reverse("setup:people_role", args=[cast.root.pk]), {"role": "agent"}, page=page)
    off = root.send(reverse("setup:people_deactivate", args=[cast.root.pk]), page=page)
    assert role.status_code == off.status_code == 422
    cast.root.refresh_from_db()
    assert (cast.root.role, cast.root.is_active) == ("administrator", True)


def test_a_deactivated_person_is_out_on_the_next_request(root, cast):
    theirs = Browser(cast.sue)
    page = reverse("setup:people_edit", args=[cast.sue.pk])
    assert theirs.get(reverse("setup:tokens")).status_code == 200
    assert root.send(reverse("setup:people_deactivate", args=[cast.sue.pk]), page=page).status_code == 303
    assert theirs.get(reverse("setup:tokens")).status_code == 302
    assert root.send(reverse("setup:people_reactivate", args=[cast.sue.pk]), page=page).status_code == 303
    cast.sue.refresh_from_db()
    assert cast.sue.is_active


@pytest.mark.parametrize("path", ["setup:people_role", "setup:people_deactivate", "setup:people_again"])
def test_no_button_works_for_an_agent(mira, cast, path):
    before = Event.objects.count()
    answer = mira.client.post(reverse(path, args=[cast.gus.pk]), {"role": "administrator", "once": "k" * 20})
    assert answer.status_code == 404
    assert Event.objects.count() == before


def test_an_unknown_person_is_not_found(root):
    assert root.get(reverse("setup:people_edit", args=[10**17])).status_code == 404
    assert root.get("/setup/people/99999999999999999999999/").status_code == 404


def test_people_are_found_by_name_and_address(root, cast):
    def names(**query):
        html = root.get(reverse("setup:people"), **query).content.decode()
        return {person.name for person in User.objects.all() if f">{person.name}</a>" in html}

    assert names() == {"Mira Koch", "Gus Orlov", "Sue Park", "Root Admin"} - set()
    assert names(who="customers", q="PRIYA") == {"Priya Nair"}
    assert names(who="customers", q="bob@customers") == {"Bob Stone"}
    assert names(q="' OR 1=1 --") == set()
    assert names(who="nonsense", q="mira") == {"Mira Koch"}


def test_a_long_list_is_paged_without_gap_or_repetition(root, cast, django_assert_max_num_queries):
    for number in range(108):
        PersonFactory(name=f"Customer {number % 40:03}")
    seen, after = [], None
    for _page in range(4):
        query = {"who": "customers"} | ({"after": after} if after else {})
        with django_assert_max_num_queries(14):
            answer = root.get(reverse("setup:people"), **query)
        seen += [person.pk for person in answer.context["people"]] if answer.context else _ids(answer)
        after = _after(answer)
        if after is None:
            break
    expected = User.objects.filter(role="customer").count()
    assert len(seen) == len(set(seen)) == expected


def _ids(answer):
    import re

    return re.findall(r'href="/setup/people/(\d+)/"', answer.content.decode())


def _after(answer):
    import re
    from html import unescape
    from urllib.parse import parse_qs, urlsplit

    found = re.search(r'href="([^"]*after=[^"]*)" rel="next"', answer.content.decode())
    return parse_qs(urlsplit(unescape(found[1])).query)["after"][0] if found else None
