"""Replies leave, notes stay, nothing typed is lost and nothing is sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from helpdesk.models import Delivery, SavedReply
from tests.helpdesk.desk.pages import form, send, words
from tickets import actions
from tickets.models import Draft, Message, Ticket


def said(ticket: Ticket) -> list[str]:
    return list(ticket.messages.order_by("pk").values_list("text", flat=True))[1:]


def test_a_reply_is_public_held_for_some_seconds_and_sets_the_chosen_status(mira, cast, ticket):
    response = send(mira, ticket, "reply", text="We look into it.", then="waiting")
    message = ticket.messages.latest("pk")
    assert response.status_code == 303
    assert response["Location"].endswith(f"#message-{message.pk}")
    assert message.public
    assert message.author == cast.mira
    assert message.visible_at - message.said_at == timedelta(seconds=10)
    ticket.refresh_from_db()
    assert ticket.status == "waiting"


def test_a_note_is_never_public(mira, ticket):
    send(mira, ticket, "note", text="Bank file was rejected.")
    message = ticket.messages.latest("pk")
    assert not message.public
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    assert "message--note" in page.content.decode()
    assert "NOTE" in words(page)


def test_ux26_reply_and_note_name_their_readers_and_have_addresses_of_their_own(mira, ticket):
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    reply = form(page, f"/desk/tickets/{ticket.pk}/reply/")
    note = form(page, f"/desk/tickets/{ticket.pk}/note/")
    assert reply["once"] != note["once"]
    assert "Only your team sees this. Priya gets nothing." in words(page)
    assert "Send to Priya" in words(page)
    assert "Add note" in words(page)


def test_the_same_form_sent_twice_speaks_once(mira, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "Once."}
    first, second = mira.post(path, fields), mira.post(path, fields)
    assert said(ticket) == ["Once."]
    assert first["Location"] == second["Location"]


def test_the_same_form_with_other_words_is_shown_again_instead_of_lost(mira, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "First."}
    mira.post(path, fields)
    answer = mira.post(path, fields | {"text": "Second."})
    assert answer.status_code == 409
    assert said(ticket) == ["First."]
    again = form(answer, path)
    assert again["text"] == "Second."
    assert mira.post(path, again).status_code == 303
    assert said(ticket) == ["First.", "Second."]


def test_ux27_a_newer_word_of_the_customer_stops_the_send_and_keeps_the_text(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "Please wait."}
    actions.reply(ticket, "It has arrived, thank you.", by=cast.priya, channel="mail")
    stopped = mira.post(path, fields)
    assert stopped.status_code == 409
    assert "It has arrived, thank you." in words(stopped)
    assert "Your reply was not sent." in words(stopped)
    assert "Please wait." not in said(ticket)
    again = form(stopped, path)
    assert again["text"] == "Please wait."
    assert mira.post(path, again).status_code == 303
    assert said(ticket)[-1] == "Please wait."


def test_a_note_is_not_stopped_by_the_customer(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/note/"
    fields = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "For us."}
    actions.reply(ticket, "More.", by=cast.priya, channel="mail")
    assert mira.post(path, fields).status_code == 303


def test_a_ticket_that_is_merged_or_taken_away_while_somebody_writes_loses_no_word(
    mira, cast, ticket, open_ticket
):
    older = ticket
    double = open_ticket(subject="The same")
    path = f"/desk/tickets/{double.pk}/reply/"
    fields = form(mira.get(f"/desk/tickets/{double.pk}/"), path) | {"text": "Long and careful."}
    actions.merge(double, into=older, by=cast.sue)
    stopped = mira.post(path, fields)
    assert stopped.status_code == 409
    assert form(stopped, path)["text"] == "Long and careful."
    actions.unmerge(double, by=cast.sue)
    actions.move(double, cast.tech, by=cast.sue)
    gone = mira.post(path, fields)
    assert gone.status_code == 404
    assert "Nothing was sent" in words(gone)
    assert ">\nLong and careful.</textarea>" in gone.content.decode()
    assert not double.messages.filter(by="agent").exists()


@pytest.mark.parametrize(("kind", "asked"), [("reply", "Write a reply."), ("note", "Write a note.")])
def test_an_empty_form_asks_for_words(mira, ticket, kind, asked):
    answer = send(mira, ticket, kind, text="  \n ")
    assert answer.status_code == 422
    assert asked in words(answer)
    assert "<title>Error:" in answer.content.decode()
    assert said(ticket) == []


def test_ux29_undo_within_the_hold_brings_words_files_and_status_back_and_no_mail_leaves(mira, cast, ticket):
    actions.set_open(ticket, by=cast.mira)
    proof = SimpleUploadedFile("proof.txt", b"proof", "text/plain")
    send(mira, ticket, "reply", text="Too early.", then="resolved", files=proof)
    message = ticket.messages.latest("pk")
    back = mira.post(f"/desk/tickets/{ticket.pk}/messages/{message.pk}/withdraw/")
    assert back.status_code == 303
    page = mira.get(back["Location"].split("#")[0])
    fields = form(page, f"/desk/tickets/{ticket.pk}/reply/")
    assert (fields["text"], fields["then"]) == ("Too early.", "resolved")
    file = Draft.objects.get(text="Too early.", author=cast.mira).files.get().pk
    assert f'name="keep_draft" value="{file}"' in page.content.decode()
    assert set(Delivery.objects.filter(message=message).values_list("state", flat=True)) == {"suppressed"}
    ticket.refresh_from_db()
    assert ticket.status == "open"
    kept = fields | {"text": "Now.", "keep_draft": file}
    mira.post(f"/desk/tickets/{ticket.pk}/reply/", kept)
    sent = ticket.messages.latest("pk")
    assert bytes(sent.attachments.get().blob.data) == b"proof"


def test_a_reply_that_has_left_cannot_be_taken_back(mira, cast, ticket):
    message = actions.reply(ticket, "Gone.", by=cast.mira, channel="mail")
    answer = mira.post(f"/desk/tickets/{ticket.pk}/messages/{message.pk}/withdraw/")
    assert answer.status_code == 409
    assert "This message has already been sent." in words(answer)


def test_files_of_somebody_elses_message_cannot_be_sent_along(mira, cast, ticket):
    secret = actions.add_note(
        ticket, actions.Words(text="n", files=(actions.NewFile("secret.txt", b"secret"),)), by=cast.sue
    )
    send(mira, ticket, "reply", text="Hello", keep=secret.attachments.get().pk)
    assert not ticket.messages.latest("pk").attachments.exists()


def test_a_file_above_the_limit_is_refused_and_the_text_kept(mira, ticket, settings):
    settings.FILE_BYTES = 10
    answer = send(mira, ticket, "reply", text="See file", files=SimpleUploadedFile("big.bin", b"x" * 11))
    assert answer.status_code == 422
    assert "“big.bin” is 11 B large; the limit is 10 B." in words(answer)
    assert form(answer, f"/desk/tickets/{ticket.pk}/reply/")["text"] == "See file"
    assert said(ticket) == []


def test_a_file_of_exactly_the_limit_goes_out(mira, ticket, settings):
    settings.FILE_BYTES = 10
    send(mira, ticket, "reply", text="See file", files=SimpleUploadedFile("ok.bin", b"x" * 10))
    assert ticket.messages.latest("pk").attachments.get().name == "ok.bin"


def test_a_saved_reply_goes_in_with_its_places_filled(mira, cast, ticket):
    saved = SavedReply.objects.create(title="Hello", text="Hello {customer}, this is {agent}.")
    answer = mira.post(f"/desk/tickets/{ticket.pk}/insert/", {"saved": saved.pk, "text": "Before"})
    fields = form(answer, f"/desk/tickets/{ticket.pk}/reply/")
    assert fields["text"] == "Before\n\nHello Priya, this is Mira."
    assert said(ticket) == []


def test_a_saved_reply_of_another_team_is_not_offered(mira, cast, ticket):
    saved = SavedReply.objects.create(title="Secret", text="secret words", team=cast.tech)
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    assert "secret words" not in page.content.decode()
    assert (
        "secret words"
        not in mira.post(f"/desk/tickets/{ticket.pk}/insert/", {"saved": saved.pk}).content.decode()
    )


def test_an_agent_of_another_team_cannot_speak(browser, cast, ticket):
    gus = browser(cast.gus)
    for kind in ("reply", "note"):
        answer = gus.post(f"/desk/tickets/{ticket.pk}/{kind}/", {"text": "x", "once": "1"})
        assert answer.status_code == 404
    assert said(ticket) == []


def test_the_hold_is_a_personal_choice_within_a_minute(mira, cast, ticket):
    for wanted, seconds in ((0, 0), (30, 30), (600, 60), (-5, 0), ("x", 10)):
        cast.mira.preferences = {"hold_seconds": wanted}
        cast.mira.save()
        send(mira, ticket, "reply", text=f"wait {wanted}")
        message: Message = ticket.messages.latest("pk")
        assert message.visible_at - message.said_at == timedelta(seconds=seconds)


def test_a_held_message_says_so_and_offers_undo(mira, ticket):
    send(mira, ticket, "reply", text="Held.")
    message = ticket.messages.latest("pk")
    page = mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert "message--held" in page
    assert f'action="/desk/tickets/{ticket.pk}/messages/{message.pk}/withdraw/' in page
    Message.objects.filter(pk=message.pk).update(visible_at=timezone.now() - timedelta(seconds=1))
    page = mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert "message--held" not in page
    assert "withdraw/" not in page


def failed_delivery(ticket: Ticket, message: Message) -> Delivery:
    row = Delivery.objects.get(message=message, recipient=ticket.requester)
    row.state, row.last_error = Delivery.State.FAILED, "550 no such address"
    row.ended_at = timezone.now()
    row.save()
    return row


def test_mail_that_did_not_arrive_says_so_and_can_be_sent_again(mira, cast, ticket):
    message = actions.reply(ticket, "Hello", by=cast.mira, channel="mail")
    row = failed_delivery(ticket, message)
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    assert "Not delivered" in words(page)
    assert "550 no such address" in words(page)
    assert "Not delivered" in words(mira.get("/desk/?view=open"))
    path = f"/desk/tickets/{ticket.pk}/deliveries/{row.pk}/retry/"
    assert mira.post(path, {"address": "priya@elsewhere.example"}).status_code == 303
    row.refresh_from_db()
    assert (row.state, row.address) == ("queued", "priya@elsewhere.example")
    cast.priya.refresh_from_db()
    assert cast.priya.email == "priya@customers.example"


def test_one_list_holds_what_did_not_arrive_until_somebody_is_done_with_it(browser, mira, cast, ticket):
    row = failed_delivery(ticket, actions.reply(ticket, "Hello", by=cast.mira, channel="mail"))
    page = words(mira.get("/desk/undelivered/"))
    assert f"Refund missing #{ticket.pk}" in page
    assert "priya@customers.example: the mail server refused it" in page
    assert "Refund missing" not in words(browser(cast.gus).get("/desk/undelivered/"))
    path = f"/desk/tickets/{ticket.pk}/deliveries/{row.pk}/"
    assert mira.post(f"{path}dismiss/")["Location"] == "/desk/undelivered/"
    assert "Everything has arrived" in words(mira.get("/desk/undelivered/"))
    assert mira.post(f"{path}retry/", {"from": "list"})["Location"] == "/desk/undelivered/"


def test_each_recipient_of_a_reply_is_told_apart(mira, cast, ticket, open_ticket):
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    message = actions.reply(ticket, "Hello", by=cast.mira, channel="mail")
    failed_delivery(ticket, message)
    Delivery.objects.filter(message=message, recipient=cast.cara).update(
        state="sent", sent_at=timezone.now(), lost_answers=1
    )
    page = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "Not delivered priya@customers.example" in page
    assert "Sent, may have arrived twice: cara@customers.example" in page


def test_a_bad_address_is_refused_with_a_reason(mira, cast, ticket):
    row = failed_delivery(ticket, actions.reply(ticket, "Hello", by=cast.mira, channel="mail"))
    path = f"/desk/tickets/{ticket.pk}/deliveries/{row.pk}/retry/"
    answer = mira.post(path, {"address": "nowhere"})
    assert answer.status_code == 422
    assert "is not an email address" in words(answer)


def test_mail_of_another_teams_ticket_cannot_be_sent_again(browser, cast, ticket):
    row = failed_delivery(ticket, actions.reply(ticket, "Hello", by=cast.mira, channel="mail"))
    path = f"/desk/tickets/{ticket.pk}/deliveries/{row.pk}/retry/"
    assert browser(cast.gus).post(path).status_code == 404
    row.refresh_from_db()
    assert row.state == "failed"


def test_signed_out_while_writing_the_way_leads_back_to_the_ticket(client, ticket):
    answer = client.post(f"/desk/tickets/{ticket.pk}/reply/", {"text": "Not lost", "once": "1"})
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next=/desk/tickets/{ticket.pk}/")
    assert said(ticket) == []


def test_a_draft_is_kept_on_the_server_with_its_files_and_sent_from_another_browser(browser, cast, ticket):
    first, second = browser(cast.mira), browser(cast.mira)
    path = f"/desk/tickets/{ticket.pk}/reply/"
    typed = form(first.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "Half a", "then": "on_hold"}
    file = SimpleUploadedFile("facts.txt", b"facts")
    saved = first.post(path.replace("reply", "save-draft"), typed | {"files": file})
    assert saved.status_code == 303
    there = form(second.get(f"/desk/tickets/{ticket.pk}/"), path)
    assert (there["text"], there["draft"], there["then"]) == ("Half a", "1", "on_hold")
    stale = first.post(
        path.replace("reply", "save-draft"), typed | {"text": "Other", "once": f"{typed['once']}2"}
    )
    assert stale.status_code == 409
    assert "changed in another window" in words(stale)
    assert "Other" in stale.content.decode()
    keep = Draft.objects.get().files.get().pk
    second.post(path, there | {"text": "Half a word.", "keep_draft": str(keep)})
    assert said(ticket) == ["Half a word."]
    assert ticket.messages.latest("pk").attachments.get().name == "facts.txt"
    assert not Draft.objects.exists()


def test_a_reply_for_later_says_when_it_leaves_and_why_it_did_not(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/reply/"
    typed = form(mira.get(f"/desk/tickets/{ticket.pk}/"), path) | {"text": "Good morning."}
    wrong = mira.post(path.replace("reply", "send-later"), typed | {"send_at": "2020-01-01T09:00"})
    assert wrong.status_code == 422
    assert "still to come" in words(wrong)
    assert not Draft.objects.exists()
    mira.post(path.replace("reply", "send-later"), typed | {"send_at": "2090-01-02T09:00"})
    assert "Sends by itself" in words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert said(ticket) == []
    actions.reply(ticket, "Never mind.", by=cast.priya, channel="portal")
    page = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "The customer wrote first" in page
    assert "Good morning." in page
    mira.post(f"/desk/tickets/{ticket.pk}/discard-draft/")
    assert not Draft.objects.exists()
