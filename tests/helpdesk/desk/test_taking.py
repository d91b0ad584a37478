"""The button that brings the next ticket."""

import re

from tests.helpdesk.desk.pages import words
from tickets import actions


def test_the_button_opens_the_next_ticket_and_can_be_undone(mira, cast, open_ticket):
    low, high = open_ticket(subject="Low", priority=1), open_ticket(subject="High", priority=4)
    token = re.search(
        r'/desk/take-next/".*?name="once" value="(\w+)"', mira.get("/desk/").content.decode(), re.S
    )
    given = {"once": token[1]}
    taken = mira.post("/desk/take-next/", given)
    assert (taken.status_code, taken["Location"]) == (303, f"/desk/tickets/{high.pk}/?view=mine#latest")
    page = mira.get(taken["Location"])
    assert "It is yours" in words(page)
    assert f'action="/desk/tickets/{high.pk}/assign/?to=0"' in page.content.decode()
    mira.post("/desk/take-next/", given)  # pressed twice
    low.refresh_from_db()
    assert low.assignee is None
    mira.post(f"/desk/tickets/{high.pk}/assign/?to=0")
    high.refresh_from_db()
    assert high.assignee is None


def test_with_nothing_to_take_it_says_what_waits_elsewhere(mira, cast, open_ticket):
    open_ticket(assignee=cast.mira)
    actions.edit_team(cast.tech, by=None, open_to_all_agents=True)
    open_ticket(team=cast.tech)
    said = words(mira.get(mira.post("/desk/take-next/", {"once": "b" * 32})["Location"]))
    assert "No ticket waits for somebody in your teams." in said
    assert "1 open ticket is yours. Waiting in other teams: Tech 1." in said
