"""A ticket that turns out to be somebody else's request: who loses it, who gets it, and the way back."""

from datetime import timedelta

import pytest
from django.test import Client

from feedback.actions import install_standard_survey, invite
from helpdesk import actions as outward
from helpdesk import guests
from helpdesk.file_links import find, make_link
from helpdesk.mail.matching import takes_part
from helpdesk.mail.tokens import reply_address
from helpdesk.models import Delivery, SupportAddress
from sla import actions as sla_actions
from sla.models import Clock
from tests.helpdesk.desk.pages import form, words
from tests.helpdesk.mail.post import letter, receive
from tickets import access, actions, queries
from tickets.actions import NewFile, Words
from tickets.models import Draft, Follower, User


def reply(ticket, text, by, **more):
    return actions.reply(ticket, text, by=by, channel="desk", **more)


def test_the_old_requester_loses_portal_links_mail_and_survey_and_gets_them_back(cast, ticket):
    install_standard_survey()
    SupportAddress.objects.create(address="billing@acme.example", team=cast.billing)
    said = reply(ticket, Words("See the file.", files=(NewFile("a.txt", b"x"),)), cast.mira)
    actions.resolve(ticket, by=cast.mira)
    survey = ticket.surveys.get()
    asked = invite(survey, at=survey.send_at)
    guest, file = guests.make_link(ticket, cast.priya), make_link(said.attachments.get(), cast.priya)[0]
    token = reply_address("billing@acme.example", ticket.pk, cast.priya.pk)

    def reaches():
        row = receive(letter(to=token))
        return {
            access.asked_by(cast.priya).filter(pk=ticket.pk).exists(),
            Client().get("/" + guest.split("/", 3)[3]).status_code == 302,
            find(file.rstrip("/").rpartition("/")[2]) is not None,
            takes_part(cast.priya, ticket),
            (row.ticket == ticket, row.state) == (True, "filed"),
        }

    assert reaches() == {True}
    fresh = actions.change_requester(ticket, cast.bob, by=cast.mira)
    ticket.refresh_from_db()
    assert (fresh.requester, fresh.organization) == (cast.bob, cast.brightmill)
    assert reaches() == {False}
    assert access.asked_by(cast.bob).filter(pk=ticket.pk).exists()
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("cancelled", "requester")
    assert not Delivery.objects.filter(recipient=cast.priya, state="queued").exists()
    told = Delivery.objects.count()
    actions.change_requester(ticket, cast.priya, by=cast.mira)
    ticket.refresh_from_db()
    assert ticket.organization == cast.nordlicht
    assert Delivery.objects.count() == told  # nobody is told of either
    assert reaches() == {True}


def test_kept_in_copy_they_get_what_follows_and_nothing_but_that(cast, ticket):
    actions.change_requester(ticket, cast.bob, keep=True, by=cast.mira)
    message = reply(ticket, "To Bob.", cast.mira)
    rows = Delivery.objects.filter(message=message)
    assert {row.recipient for row in rows} == {cast.bob, cast.priya}
    assert not access.asked_by(cast.priya).filter(pk=ticket.pk).exists()
    ticket.refresh_from_db()
    assert takes_part(cast.priya, ticket)
    actions.change_requester(ticket, cast.priya, by=cast.mira)  # undone: no copy beside the answer
    assert Follower.objects.get(person=cast.priya).state == "removed"


def test_words_for_the_old_requester_reach_nobody_else(cast, ticket):
    held = reply(ticket, "Only for Priya.", cast.mira, hold=timedelta(seconds=60))
    with pytest.raises(actions.NotAllowed, match="A reply to Priya Nair is just being sent"):
        actions.change_requester(ticket, cast.bob, by=cast.mira)
    actions.withdraw(held, by=cast.mira)
    draft = actions.save_draft(ticket, by=cast.mira, kind="reply", text="Dear Priya", version=0)
    actions.schedule_draft(draft, held.said_at + timedelta(days=1), by=cast.mira, version=draft.version)
    ticket.refresh_from_db()
    seen = ticket.event_seq
    actions.change_requester(ticket, cast.bob, by=cast.sue)
    assert (Draft.objects.get().send_at, Draft.objects.get().why_not) == (None, "requester")
    with pytest.raises(actions.Conflict, match="The requester is now Bob Stone"):
        reply(ticket, "Dear Priya", cast.mira, seen_seq=seen)
    cast.bob.is_active = False
    cast.bob.save()
    actions.change_requester(ticket, cast.priya, by=cast.mira)
    with pytest.raises(actions.NotAllowed, match="deactivated"):
        actions.change_requester(ticket, cast.bob, by=cast.mira)
    with pytest.raises(actions.NotAllowed):
        actions.change_requester(ticket, cast.cara, by=cast.gus)


def test_the_policy_follows_the_customer_and_the_planned_survey_the_requester(cast, ticket):
    install_standard_survey()
    calendar = sla_actions.install_defaults()[1].calendar
    spec = sla_actions.default_policy()
    spec["targets"]["first_response"]["2"]["seconds"] = 60
    spec["conditions"] = [{"field": "organization", "operator": "is", "values": [cast.brightmill.pk]}]
    strict = sla_actions.create_policy("Brightmill", spec, calendar=calendar, by=None, position=0)
    actions.change_requester(ticket, cast.bob, by=cast.mira)
    assert Clock.objects.get(ticket=ticket, metric="first_response").policy_version == strict.latest
    reply(ticket, "Done.", cast.mira)
    actions.resolve(ticket, by=cast.mira)
    actions.change_requester(ticket, cast.paul, by=cast.mira)
    assert ticket.surveys.get().person == cast.paul
    ticket.refresh_from_db()
    assert queries.was_requester(cast.priya, ticket)


def test_the_desk_finds_or_meets_who_asks_says_what_happens_and_undoes_it(cast, ticket):
    sla_actions.install_defaults()
    mira, path = Client(), f"/desk/tickets/{ticket.pk}/change-requester/"
    mira.force_login(cast.mira)
    assert path in mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert f"person={cast.bob.pk}" in mira.get(path + "?q=stone").content.decode()
    assert "Enter a whole email address" in words(mira.get(path + "?q=nobody"))
    assert "Somebody new: new@elsewhere.example" in words(mira.get(path + "?q=new@elsewhere.example"))
    plan = mira.get(path + f"?person={cast.bob.pk}")
    for said in ("may read everything public", "The ticket belongs to Brightmill", "Nobody is told"):
        assert said in words(plan)
    done = mira.post(path, form(plan, path) | {"keep": "1"}, follow=True)
    assert "Bob Stone is the requester now" in words(done)
    assert "Mira changed the requester from Priya Nair to Bob Stone" in words(done)
    assert mira.post(path, form(plan, path)).status_code in (409, 422)  # the page was overtaken
    back = mira.post(f"{path}?person={cast.priya.pk}", follow=True)
    assert "Priya Nair is the requester now" in words(back)
    new = mira.get(path + "?address=new@elsewhere.example")
    assert mira.post(path, form(new, path)).status_code == 303
    ticket.refresh_from_db()
    assert ticket.requester == User.objects.get(email="new@elsewhere.example")


def test_the_api_changes_the_requester(cast, ticket):
    _token, secret = outward.issue_token(cast.mira, by=None)
    answer = Client().post(
        f"/api/v1/tickets/{ticket.pk}/change-requester/",
        {"requester_email": "bob@customers.example", "keep": True},
        content_type="application/json",
        headers={"Authorization": f"Token {secret}"},
    )
    assert (answer.status_code, answer.json()["requester"]["email"]) == (200, "bob@customers.example")
