"""What our mails look like on arrival."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail as django_mail
from django.urls import resolve
from django.utils import timezone

from feedback import actions as surveys
from feedback.models import Survey
from helpdesk import file_links
from helpdesk.mail import anchor, tokens
from helpdesk.mail.threads import ids_in
from helpdesk.models import Delivery, FileLink, GuestLink
from helpdesk.wording import rendering
from sla.actions import install_defaults
from tickets import actions
from tickets.actions import NewFile, Words
from tickets.models import Blob

PRIYA = "priya@customers.example"


@pytest.fixture
def arrived(send_all):
    """What has arrived at an address, after sending everything that is due."""
    return lambda address=PRIYA: send_all().mails(address)


def text(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html(mail):
    return mail.get_body(("html",)).get_content()


def mailed(open_ticket, cast, **given):
    words = Words(
        "It is now two weeks.", internet_message_id="first@nordlicht.example", references="<zero@x>"
    )
    return open_ticket(words=words, **given)


def test_an_answer_threads_with_the_customers_own_mail(open_ticket, cast, support, arrived):
    ticket = mailed(open_ticket, cast)
    (ack,) = arrived()
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    answer = arrived()[1]
    assert ack["In-Reply-To"] == answer["In-Reply-To"] == "<first@nordlicht.example>"
    assert ids_in(answer["References"]) == ["zero@x", ack["Message-ID"][1:-1], "first@nordlicht.example"]
    assert answer["Subject"] == f"Re: Refund missing [#{ticket.pk}]"
    assert str(answer["From"]) == "Mira at Acme Support <billing@acme.example>"


def test_the_answers_to_an_answer_go_on_in_the_thread(open_ticket, cast, support, arrived):
    ticket = mailed(open_ticket, cast)
    first = arrived()[0]["Message-ID"]
    words = Words("More.", internet_message_id="second@nordlicht.example", references=f"<first@n> {first}")
    actions.reply(ticket, words, by=cast.priya, channel="mail")
    actions.reply(ticket, "Thanks.", by=cast.mira, channel="desk")
    answer = arrived()[1]
    assert answer["In-Reply-To"] == "<second@nordlicht.example>"
    assert ids_in(answer["References"])[-1] == "second@nordlicht.example"
    assert len(set(ids_in(answer["References"]))) == len(ids_in(answer["References"]))


def test_a_ticket_from_the_portal_threads_on_our_own_mails(open_ticket, cast, support, arrived):
    ticket = open_ticket(channel="portal")
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    arrived()
    actions.reply(ticket, "Done.", by=cast.mira, channel="desk")
    mails = arrived()
    assert mails[2]["In-Reply-To"] == mails[0]["Message-ID"]


def test_a_whole_exchange_hangs_together_for_every_mail_program(open_ticket, cast, support, arrived):
    """Apple Mail and Gmail go by References, Gmail also by the subject behind “Re:”, Outlook by In-Reply-To:
    each mail of ours answers one that its reader has, under one subject."""
    actions.prove_address(cast.priya)
    ticket = mailed(open_ticket, cast)
    known = {"first@nordlicht.example", "zero@x"}
    for n in range(3):
        actions.reply(ticket, f"Answer {n}.", by=cast.mira, channel="desk")
        mails = arrived()
        known |= {mail["Message-ID"].strip("<>") for mail in mails}
        own, last = f"customer{n}@nordlicht.example", mails[-1]["Message-ID"]
        words = Words("More.", internet_message_id=own, references=f"{mails[-1]['References']} {last}")
        actions.reply(ticket, words, by=cast.priya, channel="mail")
        known.add(own)
    ours = arrived()
    assert len(ours) == 4
    assert len({mail["Message-ID"] for mail in ours}) == 4
    assert {mail["Subject"] for mail in ours} == {f"Re: Refund missing [#{ticket.pk}]"}
    for mail in ours:
        chain = ids_in(mail["References"])
        assert ids_in(mail["In-Reply-To"]) == chain[-1:]
        assert set(chain) <= known
        assert "first@nordlicht.example" in chain


def test_long_foreign_ids_and_many_of_them_stay_readable_and_bounded(open_ticket, cast, support, arrived):
    long = "x" * 200 + "@very.long.example"
    many = " ".join(f"<{n}.{long}>" for n in range(30))
    ticket = open_ticket(words=Words("Hi", internet_message_id=long, references=many))
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    references = arrived()[-1]["References"]
    assert "=?" not in references
    assert len(ids_in(references)) <= 20
    assert ids_in(references)[0].startswith("0.x")


def test_answers_come_back_with_a_signed_address_of_this_person_and_ticket(ticket, cast, support, arrived):
    (ack,) = arrived()
    address = ack["Reply-To"].addresses[0].addr_spec
    assert address.startswith("billing+r")
    assert tokens.read_reply_address(address) == (ticket.pk, cast.priya.pk)


def test_the_envelope_says_which_delivery_a_bounce_is_about(ticket, cast, support, send_all):
    Delivery.objects.all().delete()
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    (sender,) = {sender for sender, _to, _body in send_all().bodies}
    assert tokens.read_bounce_address(sender) == Delivery.objects.get().pk
    assert tokens.read_bounce_address(sender.replace("+b", "+b1")) is None


def test_only_automatic_mail_says_that_it_is(ticket, cast, support, arrived):
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    answer, ack = arrived()
    assert ack["Auto-Submitted"] == "auto-replied"
    assert ack["X-Auto-Response-Suppress"] == "All"
    assert not {"Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"} & set(answer.keys())


def test_an_unproven_address_gets_none_of_its_words_back_by_itself(open_ticket, cast, support, arrived):
    open_ticket(subject="Buy cheap watches", words="at https://evil.example")
    (ack,) = arrived()
    assert "watches" not in ack.as_string()
    assert "evil" not in ack.as_string()
    assert f"reference {Delivery.objects.get().event.ticket_id}" in text(ack)


def test_to_a_proven_address_the_acknowledgement_carries_its_subject(open_ticket, cast, support, arrived):
    actions.prove_address(cast.priya)
    ticket = open_ticket()
    assert arrived()[0]["Subject"] == f"Re: Refund missing [#{ticket.pk}]"


def test_the_answer_stands_first_then_signature_link_and_what_it_answers(ticket, cast, support, arrived):
    actions.prove_address(cast.priya)
    actions.reply(ticket, "Hello Priya,\n\nwe sent it again.", by=cast.mira, channel="desk")
    answer = arrived()[0]
    plain = text(answer)
    order = ["Hello Priya,", "Mira Koch", "Acme Support", f"Ticket {ticket.pk}: http", "Priya Nair wrote:"]
    places = [plain.index(part) for part in [*order, "> It is now two weeks."]]
    assert places == sorted(places)
    assert plain.startswith("Hello Priya,")
    for part in (*order[:3], "Priya Nair wrote:", "It is now two weeks."):
        assert part in html(answer)


def test_who_follows_is_quoted_nothing_from_before(ticket, cast, support, arrived):
    actions.prove_address(cast.cara)
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    (first,) = arrived("cara@customers.example")
    assert "two weeks" not in first.as_string()
    assert "/tickets/" not in text(first)
    assert [str(one) for one in first["Cc"].addresses] == [f"Priya Nair <{PRIYA}>"]
    actions.reply(ticket, "Found it.", by=cast.mira, channel="desk")
    assert "> We look into it." in text(arrived("cara@customers.example")[1])


def test_our_own_addresses_are_never_in_copy(ticket, cast, support, arrived):
    own = actions.meet("billing@acme.example")
    actions.accept_follower(ticket, own, by=cast.mira)
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    assert "Cc" not in arrived()[0]


def test_the_html_is_one_narrow_column_for_light_and_dark_without_anything_remote(
    ticket, cast, support, arrived
):
    actions.reply(ticket, "See https://acme.example/help & <b>so</b>", by=cast.mira, channel="desk")
    page = html(arrived()[0])
    assert '<meta name="color-scheme" content="light dark">' in page
    assert 'lang="en"' in page
    assert "max-width: 600px" in page or "max-width:600px" in page
    assert 'role="presentation"' in page
    assert '<a href="https://acme.example/help"' in page
    assert "&lt;b&gt;so&lt;/b&gt;" in page
    assert page.index(anchor.ANCHOR_ID) < page.index("See ")
    assert anchor.ANCHOR_TEXT in page
    for remote in ("src=", "<link", "url(", "<script"):
        assert remote not in page


def test_a_very_long_answer_is_whole_in_the_text_and_cut_with_a_word_in_the_html(
    ticket, cast, support, arrived
):
    long = "Line of the manual & more.\n" * 8000
    actions.reply(ticket, long, by=cast.mira, channel="desk")
    answer = arrived()[0]
    assert text(answer).count("Line of the manual") == 8000
    assert len(html(answer).encode()) < 90_000
    assert "Open the ticket to read all of it" in html(answer)


def test_files_go_along_up_to_the_limit_and_the_others_as_links_that_end(
    ticket, cast, support, arrived, settings, client
):
    settings.MAIL_ATTACHMENTS_BYTES = 1000
    files = (
        NewFile("größe.txt", b"a" * 400, "text/plain"),
        NewFile("film.bin", b"b" * 2000, "video/mp4"),
        NewFile("bad.eml", b"c" * 100, "message/rfc822; x=\r\ny"),
    )
    message = actions.reply(ticket, Words("Here.", files=files), by=cast.mira, channel="desk")
    answer = arrived()[0]
    parts = {part.get_filename(): part for part in answer.iter_attachments()}
    assert parts.keys() == {"größe.txt", "bad.eml"}
    assert parts["größe.txt"].get_payload(decode=True) == b"a" * 400
    assert parts["bad.eml"].get_content_type() == "application/octet-stream"
    (link,) = [one for one in links(answer) if "/files/" in one]
    assert "film.bin" in text(answer)
    assert link in html(answer)
    path = link.removeprefix(settings.PUBLIC_URL)
    shown = client.get(path)
    assert "film.bin" in shown.content.decode()
    assert shown["Referrer-Policy"] == "no-referrer"
    fetched = client.get(f"{path}download/")
    assert fetched.content == b"b" * 2000
    assert fetched["Content-Disposition"].startswith("attachment")
    kept = FileLink.objects.get()
    assert link.rstrip("/").rpartition("/")[2] not in kept.token_hash
    for ended in ({"expires_at": timezone.now()}, {"revoked_at": timezone.now()}):
        before = {name: getattr(kept, name) for name in ended}
        FileLink.objects.update(**ended)
        assert client.get(path).status_code == client.get(f"{path}download/").status_code == 404
        FileLink.objects.update(**before)
    assert client.get(f"/g/{path.split('/')[2]}/").status_code == 404
    with pytest.raises(actions.NotAllowed):
        file_links.revoke(message, by=cast.gus)
    assert file_links.revoke(message, by=cast.mira) == 1
    assert client.get(path).status_code == 404
    assert ticket.events.filter(kind="message.links_revoked").count() == 1
    assert file_links.forget_ended() == 1


def test_a_mail_that_is_tried_again_carries_the_same_file_link_each_recipient_their_own(
    ticket, cast, support, mail_server, send_all, settings
):
    settings.MAIL_ATTACHMENTS_BYTES = 10
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    Delivery.objects.all().delete()
    file = NewFile("film.bin", b"b" * 2000, "video/mp4")
    actions.reply(ticket, Words("Here.", files=(file,)), by=cast.mira, channel="desk")
    mail_server.faults[PRIYA] = "DATA 451 later"
    for _ in range(2):
        send_all()
        Delivery.objects.filter(state="retrying").update(send_at=timezone.now())
    sent = [tuple(one for one in links(mail) if "/files/" in one) for mail in mail_server.mails()]
    assert (len(sent), len(set(sent))) == (3, 2)
    assert FileLink.objects.count() == 2


def test_a_large_file_that_is_damaged_holds_the_mail_back_too(
    ticket, cast, support, mail_server, send_all, settings
):
    settings.MAIL_ATTACHMENTS_BYTES = 10
    Delivery.objects.all().delete()
    file = NewFile("film.bin", b"b" * 2000, "video/mp4")
    actions.reply(ticket, Words("Here.", files=(file,)), by=cast.mira, channel="desk")
    Blob.objects.update(data=b"other")
    assert send_all().recipients == []
    assert Delivery.objects.get().state == "held"


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: all@x.example", "Ünïcode 漢字 🙂", "x" * 499, "=?utf-8?q?x?="]
)
def test_no_subject_breaks_out_of_its_header(open_ticket, cast, support, arrived, subject):
    ticket = open_ticket(subject=subject)
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    answer = arrived()[0]
    assert "Bcc" not in answer
    assert answer["Subject"].endswith(f"[#{ticket.pk}]")


def test_hostile_names_stay_names(ticket, cast, support, arrived):
    cast.priya.name = 'Eve" <evil@x.example>,\r\nBcc: all@x.example'
    cast.priya.save()
    (ack,) = arrived()
    assert [one.addr_spec for one in ack["To"].addresses] == [PRIYA]
    assert "Bcc" not in ack


def test_a_customers_quoted_words_bring_no_link_to_life(open_ticket, cast, support, arrived):
    actions.prove_address(cast.priya)
    ticket = open_ticket(words="<img src=http://evil.example/x> https://evil.example/login")
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    page = html(arrived()[0])
    assert "evil.example" in page
    assert 'href="https://evil' not in page
    assert "<img" not in page


def test_times_are_in_the_readers_zone(open_ticket, cast, support, arrived):
    actions.prove_address(cast.priya)
    actions.edit_person(cast.priya, by=cast.priya, time_zone="Asia/Tokyo")
    at = timezone.now().replace(hour=1, minute=30) - timedelta(days=1)
    ticket = open_ticket(at=at)
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    assert "10:30 JST, Priya Nair wrote:" in text(arrived()[0])


def test_the_signature_of_the_address_wins(ticket, cast, support, arrived):
    support.signature = "{name}\nAcme Billing, Main Street 1"
    support.save()
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    assert "Mira Koch\nAcme Billing, Main Street 1" in text(arrived()[0])


def test_every_template_has_both_forms_of_its_pieces():
    names = {
        form: set(dir(rendering._environment(form).get_template(f"mail/_kit.{form}.jinja").module))
        for form in ("txt", "html")
    }
    assert names["txt"] == names["html"]


def test_nothing_leaves_by_another_door(ticket, cast, support, arrived):
    arrived()
    assert django_mail.outbox == []


def test_the_acknowledgement_says_until_when_we_aim_to_answer(ticket, cast, support, arrived, monkeypatch):
    due_at = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr("sla.queries.public_target", lambda ticket: due_at)
    assert f"We aim to answer by {due_at:%a} {due_at.day} {due_at:%b, %H:%M} UTC." in text(arrived()[0])


def links(mail):
    return re.findall(r"http://\S+", text(mail))


def test_who_never_signed_in_follows_by_a_link_of_their_own(ticket, cast, support, arrived, client):
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    answer, ack = arrived()
    assert links(ack) == [f"{settings.PUBLIC_URL}/tickets/{ticket.pk}/"]
    (own,) = links(answer)
    assert "/g/" in own
    assert (
        "We look into it." in client.get(own.removeprefix(settings.PUBLIC_URL), follow=True).content.decode()
    )


def test_a_mail_that_is_tried_again_carries_the_same_link(ticket, cast, support, mail_server, send_all):
    Delivery.objects.all().delete()
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    mail_server.faults[PRIYA] = "DATA 451 later"
    for _ in range(2):
        send_all()
        Delivery.objects.update(send_at=timezone.now())
    assert len({tuple(links(mail)) for mail in mail_server.mails(PRIYA)}) == 1
    assert GuestLink.objects.count() == 1
    mail_server.faults.clear()
    send_all()
    assert Delivery.objects.get().secret is None


def test_who_has_signed_in_gets_the_plain_address(ticket, cast, support, arrived):
    cast.priya.last_login = timezone.now()
    cast.priya.save()
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    assert links(arrived()[0]) == [f"{settings.PUBLIC_URL}/tickets/{ticket.pk}/"]
    assert not GuestLink.objects.exists()


def test_an_invitation_opens_the_page_on_which_a_password_is_chosen(cast, support, arrived, client):
    actions.invite("nina@desk.example", name="Nina Roth", role="agent", by=cast.root)
    (mail,) = arrived("nina@desk.example")
    assert mail["Subject"] == "You are invited to Acme Support"
    (link,) = links(mail)
    page = client.get(link.removeprefix(settings.PUBLIC_URL), follow=True)
    assert page.status_code == 200
    assert 'type="password"' in page.content.decode()


@pytest.mark.parametrize("path", ["/tickets/1/", "/desk/tickets/1/", "/survey/abc/", "/mailbox/"])
def test_the_paths_in_our_mails_exist(path):
    assert resolve(path)


def test_a_survey_mail_preselects_and_records_nothing(ticket, cast, support, arrived, client):
    actions.prove_address(cast.priya)
    actions.reply(ticket, "Done.", by=cast.mira, channel="desk")
    actions.resolve(ticket, by=cast.mira)
    Survey.objects.update(send_at=timezone.now())
    for survey in Survey.objects.all():
        surveys.invite(survey)
    mail = arrived()[-1]
    assert mail["Subject"] == "How was our help with “Refund missing”?"
    ratings = [link for link in links(mail) if "?score=" in link]
    assert [link[-1] for link in ratings] == ["1", "2", "3", "4", "5"]
    assert "Nothing is recorded until you press Send" in text(mail)
    page = client.get(ratings[3].removeprefix(settings.PUBLIC_URL))
    assert page.status_code == 200
    assert Survey.objects.get().answer is None
    (stop,) = [link for link in links(mail) if link.endswith("/stop/")]
    assert mail["List-Unsubscribe"] == f"<{stop}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_mails_follow_what_their_reader_chose_on_the_page_of_their_details(
    client, cast, open_ticket, support, arrived
):
    install_defaults(zone="Europe/Berlin")
    actions.prove_address(cast.priya)
    client.force_login(cast.priya)
    chosen = {"language": "de", "time_zone": "Asia/Tokyo", "salutation": "Frau\nNair", "plain_mail": "on"}
    assert client.post("/accounts/preferences/", {"name": "Priya Nair"} | chosen).status_code == 302
    ticket = open_ticket()
    (ack,) = arrived()
    assert ack.get_content_type() == "text/plain"
    assert ack.get_content().startswith("Guten Tag Frau Nair,")
    assert " JST" in ack.get_content()
    page = client.get("/accounts/preferences/").content.decode()
    assert 'value="Frau Nair"' in page
    assert re.search(r'name="plain_mail"[^>]* checked', page)
    client.post("/accounts/preferences/", {"name": "Priya Nair", "language": "en"})
    actions.reply(ticket, "Your refund left.", by=cast.mira, channel="desk")
    assert "Your refund left." in html(arrived()[1])
