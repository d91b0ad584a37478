"""The page on which mail is read where no mail server is set."""

import pytest

from helpdesk.mail import outbound
from helpdesk.models import SentMail
from tickets import actions


@pytest.fixture
def kept(ticket, cast, support, settings):
    """Priya's acknowledgement and Mira's answer, kept instead of sent."""
    settings.MAIL_SERVER, settings.MAILBOX = None, True
    actions.reply(ticket, "See https://acme.example/help <b>now</b>", by=cast.mira, channel="desk")
    outbound.deliver_due()
    return list(SentMail.objects.order_by("pk"))


def test_it_lists_the_newest_first_and_by_recipient(kept, client):
    page = client.get("/mailbox/").content.decode()
    assert page.index("We have your message") < page.index("Re: Refund missing")
    assert "priya@customers.example" in client.get("/mailbox/?to=PRIYA").content.decode()
    assert "No mail to this address" in client.get("/mailbox/?to=nobody").content.decode()


def test_it_goes_on_to_older_mail(kept, client, monkeypatch):
    monkeypatch.setattr("helpdesk.mail.mailbox.PAGE", 1)
    assert f"before={kept[1].pk}" in client.get("/mailbox/").content.decode()
    older = client.get(f"/mailbox/?before={kept[1].pk}").content.decode()
    assert "Re: Refund missing" in older
    assert "We have your message" not in older


def test_a_mail_shows_headers_text_and_source(kept, client):
    page = client.get(f"/mailbox/{kept[0].pk}/").content.decode()
    assert "Mira at Acme Support" in page
    assert '<a href="https://acme.example/help"' in page
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert client.get(f"/mailbox/{kept[0].pk}/raw/").content == bytes(kept[0].raw)


def test_its_html_stands_in_a_sandbox(kept, client):
    assert "<iframe" in client.get(f"/mailbox/{kept[0].pk}/").content.decode()
    answer = client.get(f"/mailbox/{kept[0].pk}/html/")
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["", "{}/", "{}/html/", "{}/raw/"])
def test_it_does_not_exist_where_mail_is_sent_or_others_could_look(kept, client, settings, path):
    settings.MAILBOX = False
    assert client.get("/mailbox/" + path.format(kept[0].pk)).status_code == 404


@pytest.mark.parametrize("path", ["999999999/", "99999999999999999999/", "?before=x", "?before=²"])
def test_odd_numbers_are_no_errors(kept, client, path):
    assert client.get("/mailbox/" + path).status_code in (200, 404)
