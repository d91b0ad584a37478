"""Every routed account page is ours: it renders in our bases, in Jinja2, and nothing else is routed."""

from collections.abc import Iterator

import pytest
from allauth.account.urls import urlpatterns as allauth_patterns
from django.test import Client
from django.urls import NoReverseMatch, reverse

from helpdesk.accounts.urls import urlpatterns
from tests.cast import Cast

ARGUMENTS = {
    "account_reset_password_from_key": ["1", "x-y"],
    "account_join": [1, "x"],
    "account_first_admin": ["x"],
}


def routes() -> Iterator[str]:
    for pattern in urlpatterns:
        yield str(pattern.name)


@pytest.mark.parametrize("name", list(routes()))
@pytest.mark.parametrize("who", ["nobody", "customer", "member", "without_password"])
def test_an_account_page_is_one_of_ours(cast: Cast, name: str, who: str):
    client = Client()
    if who == "without_password":
        client.force_login(cast.bob)
    elif who != "nobody":
        person = cast.priya if who == "customer" else cast.mira
        person.set_password("a good long one")
        person.save()
        client.force_login(person)
    page = client.get(reverse(name, args=ARGUMENTS.get(name, [])))
    if page.status_code in (301, 302):
        page = client.get(page["Location"], follow=True)
    text = page.content.decode()
    assert page.status_code in (200, 404, 503)
    assert 'data-face="' in text
    assert text.count("<h1") == 1
    foreign = [template.name for template in page.templates if "forms/widgets" not in str(template.name)]
    assert not foreign  # nothing fell back to the bare pages that allauth brings along


def test_no_other_page_of_allauth_is_routed():
    ours = set(routes())
    for pattern in allauth_patterns:
        if pattern.name not in ours:
            with pytest.raises(NoReverseMatch):
                reverse(pattern.name)
