"""The list and the page of a ticket, as its customer sees them."""

import re
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback import actions as feedback
from tests.helpdesk.portal.pages import once_key, send, words
from tickets import actions
from tickets.models import Message, Status, Ticket


def path(ticket: Ticket, name: str = "ticket") -> str:
    return reverse(f"portal:{name}", args=[ticket.pk])


def test_the_list_shows_what_waits_for_me_first_and_then_the_newest(cast, open_ticket, signed_in):
    waiting, *_others = (open_ticket(subject=s) for s in ("Waiting one", "Older one", "Newer one"))
    actions.set_waiting(waiting, by=cast.mira)
    page = words(signed_in(cast.priya).get("/tickets/"))
    places = [page.index(subject) for subject in ("Waiting one", "Newer one", "Older one")]
    assert places == sorted(places)
    assert "Open 3" in page
    assert "Waiting for you" in page


def test_the_list_is_empty_in_words_that_help(cast, signed_in):
    page = words(signed_in(cast.bob).get("/tickets/"))
    assert "You have no tickets." in page
    assert "New ticket" in page


def test_solved_tickets_stand_under_their_own_tab(cast, open_ticket, signed_in):
    done = open_ticket(subject="Done one")
    actions.resolve(done, by=cast.mira)
    client = signed_in(cast.priya)
    assert "Done one" not in words(client.get("/tickets/"))
    assert "Done one" in words(client.get("/tickets/?show=solved"))


def test_a_long_list_goes_on_behind_show_older(cast, open_ticket, signed_in):
    for number in range(27):
        open_ticket(subject=f"Case {number:02}")
    client = signed_in(cast.priya)
    first = client.get("/tickets/")
    after = first.content.decode().split("after=")[1].split('"')[0]
    rest = words(client.get(f"/tickets/?after={after}"))
    assert "Case 26" in words(first)
    assert "Case 01" in rest
    assert "Case 00" in rest
    assert "Case 02" not in rest


def test_people_of_an_organisation_that_shares_see_each_others_tickets(cast, ticket, signed_in):
    client = signed_in(cast.paul)
    assert "Refund missing" not in words(client.get("/tickets/"))
    assert "Refund missing" in words(client.get("/tickets/organization/"))
    assert client.get(path(ticket)).status_code == 200
    assert signed_in(cast.bob).get("/tickets/organization/").status_code == 404


def test_the_cost_of_the_list_does_not_grow_with_its_length(
    cast, open_ticket, signed_in, django_assert_num_queries
):
    client = signed_in(cast.priya)
    client.get("/tickets/")
    for count in (1, 9):
        for _ in range(count):
            open_ticket()
        with django_assert_num_queries(8):
            assert client.get("/tickets/").status_code == 200


def test_ux35_the_ticket_shows_four_plain_words_and_nothing_of_the_desk(cast, ticket, signed_in):
    actions.add_note(ticket, "zebra-note", by=cast.mira)
    actions.reply(ticket, "Could you send the number?", by=cast.mira, channel="desk", then=Status.WAITING)
    page = words(signed_in(cast.priya).get(path(ticket)))
    assert "Waiting for you Mira asked a question today" in page
    assert "Mira, Support" in page
    assert "Could you send the number?" in page
    for hidden in ("zebra-note", "Billing", "Normal", "due", "NOTE"):
        assert hidden not in page
    actions.put_on_hold(ticket, by=cast.mira)
    assert "We are on it" in words(signed_in(cast.priya).get(path(ticket)))


def test_a_held_answer_shows_when_its_hold_is_over(cast, ticket, signed_in):
    message = actions.reply(
        ticket, "Not yet to be read", by=cast.mira, channel="desk", hold=timedelta(seconds=30), then="waiting"
    )
    client = signed_in(cast.priya)
    assert "Not yet to be read" not in words(client.get(path(ticket)))
    for page in ("/tickets/", path(ticket)):
        assert "Waiting for you" not in words(client.get(page))
    Message.objects.filter(pk=message.pk).update(visible_at=message.said_at)
    assert "Not yet to be read" in words(client.get(path(ticket)))


def test_earlier_messages_are_folded(cast, ticket, signed_in):
    for text in ("Second", "Third"):
        actions.reply(ticket, text, by=cast.priya, channel="portal")
    page = signed_in(cast.priya).get(path(ticket)).content.decode()
    assert "Show 1 earlier message" in page
    assert page.index("It is now two weeks.") < page.index("</details>", page.index("earlier"))


def test_a_reply_is_a_word_of_the_customer(cast, ticket, signed_in):
    actions.reply(ticket, "Which account?", by=cast.mira, channel="desk", then=Status.WAITING)
    client = signed_in(cast.priya)
    file = SimpleUploadedFile("number.txt", b"4471", content_type="text/plain")
    answer = send(client, path(ticket, "reply"), path(ticket), message="It ends in 4471.", files=file)
    message = ticket.messages.latest("pk")
    assert answer.status_code == 302
    assert answer["Location"] == path(ticket) + f"#m{message.pk}"
    assert (message.author, message.by, message.channel) == (cast.priya, "customer", "portal")
    assert message.attachments.get().name == "number.txt"
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_the_same_reply_sent_twice_is_said_once(cast, ticket, signed_in):
    client = signed_in(cast.priya)
    fields = {"once": once_key(client.get(path(ticket))), "message": "Twice?"}
    first, second = (client.post(path(ticket, "reply"), fields) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert ticket.messages.filter(text="Twice?").count() == 1


def test_another_text_under_a_used_key_is_asked_about_and_kept(cast, ticket, signed_in):
    client = signed_in(cast.priya)
    fields = {"once": once_key(client.get(path(ticket))), "message": "First text"}
    client.post(path(ticket, "reply"), fields)
    answer = client.post(path(ticket, "reply"), fields | {"message": "Second text"})
    assert answer.status_code == 422
    assert "Second text" in answer.content.decode()
    again = client.post(path(ticket, "reply"), {"once": once_key(answer), "message": "Second text"})
    assert again.status_code == 302
    assert ticket.messages.count() == 3


def test_an_empty_reply_is_refused_with_the_words_beside_the_field(cast, ticket, signed_in):
    answer = send(signed_in(cast.priya), path(ticket, "reply"), path(ticket), message="  ")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error:" in page
    assert page.count("Write a reply") == 2
    assert ticket.messages.count() == 1


def test_the_customer_marks_it_as_solved_and_reopens_by_writing(cast, ticket, signed_in):
    client = signed_in(cast.priya)
    client.post(path(ticket, "resolve"))
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    assert "Solved" in words(client.get(path(ticket)))
    send(client, path(ticket, "reply"), path(ticket), message="Not quite.")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_a_reply_to_a_long_closed_ticket_opens_a_new_one(cast, ticket, signed_in):
    actions.resolve(ticket, by=cast.mira)
    actions.close(ticket, by=cast.mira)
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=ticket.opened_at - timedelta(days=60))
    client = signed_in(cast.priya)
    answer = send(client, path(ticket, "reply"), path(ticket), message="Again the same.")
    new = Ticket.objects.latest("pk")
    assert new.follows == ticket
    assert answer["Location"].startswith(path(new))
    assert "opened a new one" in words(client.get(path(new)))


def test_a_solved_ticket_is_rated_on_its_page_by_its_requester_alone(cast, ticket, signed_in):
    client = signed_in(cast.priya)
    client.post(path(ticket, "resolve"))
    survey = ticket.surveys.get()
    assert 'id="rate"' not in client.get(path(ticket)).content.decode()
    feedback.invite(survey, at=survey.send_at)
    page = client.get(path(ticket) + "?score=5").content.decode()
    assert "How was our help" in page
    assert "checked" not in page
    survey.refresh_from_db()
    assert survey.answer is None
    assert 'id="rate"' not in signed_in(cast.paul).get(path(ticket)).content.decode()
    asked = re.search(r'action="(/survey/[^"]+)"', page)
    assert asked
    thanks = client.post(asked[1], {"score": "4", "comment": "Quick."}, follow=True)
    assert f'href="{path(ticket)}"' in thanks.content.decode()
    page = client.get(path(ticket))
    assert "Your rating of our help: 4 Good" in words(page)
    assert re.search(r'value="4" checked', page.content.decode())
    send(client, path(ticket, "reply"), path(ticket), message="Not quite.")
    assert 'id="rate"' not in client.get(path(ticket)).content.decode()


def test_what_people_write_is_shown_as_they_wrote_it(cast, open_ticket, signed_in):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    cast.priya.name = hostile
    cast.priya.save()
    ticket = open_ticket(subject=hostile, words=hostile)
    for where in ("/tickets/", path(ticket), path(ticket, "received")):
        page = signed_in(cast.priya).get(where).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_unknown_and_forbidden_tickets_are_answered_alike(cast, ticket, signed_in):
    client = signed_in(cast.bob)
    for name in ("ticket", "received", "news"):
        foreign, unknown = (client.get(reverse(f"portal:{name}", args=[pk])) for pk in (ticket.pk, 999_999))
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content.replace(str(ticket.pk).encode(), b"999999") == unknown.content
    for name in ("reply", "resolve"):
        assert client.post(path(ticket, name), {"message": "x"}).status_code == 404
    assert ticket.messages.count() == 1


def test_a_colleague_at_the_desk_finds_only_own_requests_in_the_portal(cast, ticket, open_ticket, signed_in):
    actions.add_note(ticket, "zebra-note", by=cast.mira)
    client = signed_in(cast.mira)
    assert client.get(path(ticket)).status_code == 404
    own = open_ticket(requester=cast.mira, subject="My own")
    actions.add_note(own, "zebra-note", by=cast.sue)
    page = words(client.get(path(own)))
    assert "My own" in page
    assert "zebra-note" not in page


def test_a_visitor_is_asked_to_sign_in_alike_for_every_number(ticket, browser):
    for pk in (ticket.pk, 999_999):
        answer = browser.get(reverse("portal:ticket", args=[pk]))
        assert answer["Location"] == f"/accounts/login/code/?next=%2Ftickets%2F{pk}%2F"


def test_a_reply_after_the_sign_in_has_ended_gives_the_text_back(ticket, browser):
    answer = browser.post(path(ticket, "reply"), {"message": "Long text"})
    assert answer.status_code == 401
    assert "Long text" in answer.content.decode()
    assert ticket.messages.count() == 1


def test_the_cost_of_a_ticket_does_not_grow_with_its_conversation(
    cast, ticket, signed_in, django_assert_num_queries
):
    client = signed_in(cast.priya)
    client.get(path(ticket))
    for count in (1, 9):
        for _ in range(count):
            words_with_file = actions.Words(text="See file", files=(actions.NewFile("a.txt", b"x"),))
            actions.reply(ticket, words_with_file, by=cast.mira, channel="desk")
        with django_assert_num_queries(8):
            assert client.get(path(ticket)).status_code == 200


def test_odd_paths_find_nothing(cast, ticket, signed_in):
    client = signed_in(cast.bob)
    number = ticket.pk
    for odd in (
        f"{number};x",
        f"{number}%2f..",
        f"%2e%2e/{number}",
        f"/{number}",
        f"{number}.",
        "0",
        "9" * 30,
    ):
        assert client.get(f"/tickets/{odd}/").status_code == 404


def test_a_page_lists_files_without_fetching_their_bytes(cast, ticket, signed_in):
    large = actions.Words(text="See file", files=(actions.NewFile("a.bin", b"x" * 1000),))
    actions.reply(ticket, large, by=cast.mira, channel="desk")
    client = signed_in(cast.priya)
    with CaptureQueriesContext(connection) as queries:
        assert "a.bin 1 kB" in words(client.get(path(ticket))).replace("\u00a0", " ")
    assert not [query["sql"] for query in queries if '"tickets_blob"."data"' in query["sql"]]
