"""Colleagues named with an @, from the composer."""

from __future__ import annotations

from tests.helpdesk.desk.pages import send, words
from tickets.models import Message


def test_a_reply_that_names_a_colleague_comes_back_once_with_its_words(mira, cast, ticket):
    text = "Thanks, @Sue Park will look."
    back = send(mira, ticket, "reply", text=text)
    page = words(back)
    assert back.status_code == 422
    assert "It names Sue Park with an @" in page
    assert text in page
    assert not Message.objects.filter(text=text).exists()
    assert send(mira, ticket, "reply", text=text, named="1").status_code == 303
    assert Message.objects.get(text=text).public


def test_the_note_offers_who_may_see_the_ticket_and_the_view_holds_what_names_me(mira, cast, ticket, browser):
    page = mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    offered = page[page.index('id="mention-list"') :].split("</ul>")[0]
    assert ("Sue Park" in offered, "Gus Orlov" in offered, "Mira Koch" in offered) == (True, False, False)
    assert send(mira, ticket, "note", text="@Sue, see this").status_code == 303
    assert "Refund missing" in words(browser(cast.sue).get("/desk/?view=mentions"))
    assert "Refund missing" not in words(mira.get("/desk/?view=mentions"))
