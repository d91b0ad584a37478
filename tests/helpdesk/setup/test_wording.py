"""Administrators choose the words of our mails."""

import base64
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from helpdesk import actions
from helpdesk.mail import outbound
from helpdesk.models import Company, Delivery, SupportAddress, Wording
from helpdesk.wording.catalogue import NOTIFICATIONS
from tests.helpdesk.mail.servers import server_at, sink
from tickets import actions as tickets
from tickets.models import Event

KEY = ["ticket.received", "en"]
SECRET = "zanzibar-4711"


def fields(page):
    """The hidden fields of the first form."""
    tags = re.findall(r'<input[^>]*name="(?:once|version)"[^>]*>', page.content.decode())
    pairs = [(re.search(r'name="(\w+)"', tag)[1], re.search(r'value="([^"]*)"', tag)[1]) for tag in tags]
    return dict(reversed(pairs))


def save(client, **given):
    path = reverse("setup:wording_edit", args=KEY)
    return client.client.post(path, fields(client.get(path)) | given)


def test_own_words_are_sent_kept_as_versions_and_given_back(root, cast, open_ticket, settings):
    SupportAddress.objects.create(address="billing@acme.example", team=cast.billing)
    Company.objects.update_or_create(pk=1, defaults={"name": "Acme"})
    first = save(
        root, subject="Got it: {subject} [{reference}]", body="Dear {name}!\n\nBy {aim}.\n\nYours, {company}"
    )
    assert first.status_code == 303
    assert save(root, subject="Got it: {subject}", body="Moin {name}").status_code == 303
    assert [row.version for row in Wording.objects.order_by("pk")] == [1, 2]
    with sink() as server:
        settings.MAIL_SERVER = server_at(server.port)
        ticket = open_ticket()
        tickets.add_note(ticket, SECRET, by=cast.mira)
        outbound.deliver_due()
        (mail,) = server.mails("priya@customers.example")
        assert mail["Subject"] == "Got it: We have your message"
        assert mail.get_body(("plain",)).get_content().strip() == "Moin Priya"
        assert "Moin Priya" in mail.get_body(("html",)).get_content()
        path = reverse("setup:wording_reset", args=KEY)
        root.client.post(path, fields(root.get(reverse("setup:wording_edit", args=KEY))))
        Delivery.objects.all().delete()
        tickets.prove_address(cast.priya)
        open_ticket()
        outbound.deliver_due()
        assert "We have your message, reference" in server.mails("priya@customers.example")[1].as_string()
    assert Wording.objects.latest("version").is_reset
    assert Event.objects.filter(kind="wording.changed").count() == 3


def test_bad_words_come_back_with_the_reason_and_change_nothing(root):
    answer = save(root, subject="Hi", body="Hello {note}")
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "“{note}” is not a placeholder of this text" in html
    assert "Hello {note}" in html
    assert not Wording.objects.exists()


def test_two_who_edit_at_once_do_not_overwrite_each_other(root, cast):
    path = reverse("setup:wording_edit", args=KEY)
    seen = fields(root.get(path))
    actions.change_wording(*KEY, subject="{subject}", body="First", by=cast.root, version=0)
    answer = root.client.post(path, seen | {"subject": "{subject}", "body": "Second"})
    assert "changed meanwhile" in answer.content.decode()
    assert Wording.objects.get().body == "First"


def test_the_preview_is_the_mail_itself_in_both_themes_without_being_saved(root):
    path = reverse("setup:wording_preview", args=KEY)
    page = root.get(path)
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    posted = root.client.post(path, {"subject": "{subject}!", "body": "Dear {name} <script>"})
    html = posted.content.decode()
    assert "Refund missing!" in html
    assert html.count("Dear Priya &amp;lt;script&amp;gt;") == 2
    assert "Dear Priya &lt;script&gt;" in html
    assert html.count("&lt;iframe") == 0
    for theme in ("light", "dark"):  # each looks the same whatever the reader's own theme is
        assert html.count(f"name=&#34;color-scheme&#34; content=&#34;{theme}&#34;") == 1
    assert not Wording.objects.exists()
    assert root.client.post(path, {"subject": "x", "body": "{nope}"}).status_code == 422


def test_every_mail_is_listed_and_can_be_opened(root, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        page = root.get(reverse("setup:wording"))
    links = set(re.findall(r'href="(/setup/wording/[^"]+)"', page.content.decode()))
    assert len(links) == 2 * len(NOTIFICATIONS)  # every mail in two languages
    for link in sorted(links)[:3]:
        assert root.get(link).status_code == 200
    assert root.get(reverse("setup:wording_edit", args=["ticket.noted", "en"])).status_code == 404


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_teams_mails_have_its_address_colour_logo_and_foot(root, cast, open_ticket, settings):
    for address in ("first@acme.example", "billing@acme.example"):
        row = SupportAddress.objects.create(address=address, team=cast.billing)
    other = SupportAddress.objects.create(address="tech@acme.example", team=cast.tech)
    path = reverse("setup:teams_look", args=[cast.billing.pk])
    said = {"sender": row.pk, "accent": "#aa3300", "footer": "Acme GmbH\nMain Street 1", "logo_choice": "own"}
    for wrong, words in (
        ({}, "Choose a picture"),
        ({"accent": "red;}"}, "Enter a colour such as"),
        ({"sender": other.pk}, "Select a valid choice"),
    ):
        answer = root.send(path, said | wrong)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert root.send(path, said | {"logo": SimpleUploadedFile("logo.png", PIXEL)}).status_code == 303
    preview = root.get(reverse("setup:wording_preview", args=KEY), team=cast.billing.pk).content.decode()
    assert "Acme GmbH" in preview
    assert "data:image/png;base64," in preview
    with sink() as server:
        settings.MAIL_SERVER = server_at(server.port)
        ticket = open_ticket()
        outbound.deliver_due()
        tickets.move(ticket, cast.tech, by=cast.root)
        tickets.reply(ticket, "Hello.", by=cast.gus, channel="desk")
        outbound.deliver_due()
        mail, plain = server.mails("priya@customers.example")
    assert mail["From"].addresses[0].addr_spec == "billing@acme.example"
    assert "Acme GmbH\nMain Street 1" in mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    html = mail.get_body(("html",)).get_content()
    assert "#aa3300" in html
    (logo,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert f'src="cid:{logo["Content-ID"].strip("<>")}"' in html
    assert not list(mail.iter_attachments())
    assert plain["From"].addresses[0].addr_spec == "tech@acme.example"
    assert "Acme GmbH" not in plain.as_string()
    assert "image/png" not in plain.as_string()
