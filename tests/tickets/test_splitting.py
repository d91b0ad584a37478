"""Two requests in one ticket: copies begin a ticket of their own, and nothing is lost or let out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.models import Delivery
from sla import actions as sla_actions
from sla.models import Clock
from tests.helpdesk.desk.pages import form, words
from tickets import access, actions, queries
from tickets.actions import NewFile, Words
from tickets.models import Attachment, Blob, Message, Ticket

START = timezone.now() - timedelta(hours=5)


def at(minutes):
    return START + timedelta(minutes=minutes)


@pytest.fixture
def talk(cast, open_ticket):
    """Priya asks, Mira answers, Paul (in copy) asks for something else with a file, Mira notes a secret."""
    sla_actions.install_defaults()
    ticket = open_ticket(at=START)
    actions.reply(ticket, "It left.", by=cast.mira, channel="desk", at=at(20))
    asked = Words("And the printer is on fire.", files=(NewFile("fire.txt", b"fire"),), html="<p>Fire</p>")
    actions.reply(ticket, asked, by=cast.paul, channel="mail", as_customer=True, at=at(60))
    actions.add_note(
        ticket, Words("Kryptonite", files=(NewFile("k.txt", b"secret"),)), by=cast.mira, at=at(70)
    )
    actions.assign(ticket, cast.mira, by=cast.mira, at=at(75))
    ticket.refresh_from_db()
    return ticket


def ids(ticket, *places):
    said = list(ticket.messages.order_by("said_at", "pk").values_list("pk", flat=True))
    return [said[place] for place in places]


def test_the_copies_say_whose_they_are_and_the_ticket_keeps_all_it_has(cast, talk):
    before = list(talk.messages.order_by("pk").values())
    told, blobs = Delivery.objects.count(), Blob.objects.count()
    new = actions.split(talk, ids(talk, 2, 3), subject="Printer", requester=cast.paul, by=cast.mira)
    assert (new.subject, new.requester, new.team, new.assignee) == (
        "Printer",
        cast.paul,
        talk.team,
        cast.mira,
    )
    assert (new.opened_at, new.unanswered_since, new.status, new.channel) == (at(60), at(60), "new", "mail")
    assert list(talk.messages.order_by("pk").values()) == before
    for copy in new.messages.all():
        kept = ("text", "fresh", "html", "public", "author", "by", "said_at", "channel")
        assert all(getattr(copy, name) == getattr(copy.copied_from, name) for name in kept)
    assert [file.name for file in Attachment.objects.filter(message__ticket=new).order_by("pk")] == [
        "fire.txt", "k.txt",
    ]  # fmt: skip
    assert (Delivery.objects.count(), Blob.objects.count()) == (told, blobs)
    assert [other for other, _word in queries.links_of(talk, Ticket.objects.all())] == [new]
    assert [other for other, _word in queries.links_of(new, Ticket.objects.all())] == [talk]
    clock = Clock.objects.get(ticket=new, metric="first_response")
    assert (clock.started_at, clock.state) == (at(60), "running")


def test_the_clocks_of_the_new_ticket_follow_from_its_own_events(cast, talk):
    actions.reply(talk, "We bring water.", by=cast.mira, channel="desk", at=at(90))
    lost = actions.reply(talk, "And sand.", by=cast.mira, channel="desk", at=at(95))
    actions.report_undelivered(lost, delivery=1)
    new = actions.split(talk, ids(talk, 2, 3, 4, 5), by=cast.mira)
    clock = Clock.objects.get(ticket=new, metric="first_response")
    assert (clock.state, clock.started_at, clock.stopped_at) == ("fulfilled", at(60), at(90))
    assert clock.stopped_by == cast.mira
    assert (new.status, new.unanswered_since) == ("open", None)
    kinds = list(new.events.filter(kind__startswith="ticket.carried").values_list("kind", flat=True))
    assert kinds == ["ticket.carried_quietly", "ticket.carried", "ticket.carried_quietly"]


def test_a_note_never_becomes_public_by_a_split(cast, talk):
    new = actions.split(talk, ids(talk, 2, 3), requester=cast.paul, by=cast.mira)
    paul = Client()
    paul.force_login(cast.paul)
    assert "printer is on fire" in words(paul.get(f"/tickets/{new.pk}/"))
    assert "Kryptonite" not in words(paul.get(f"/tickets/{new.pk}/"))
    note = Message.objects.get(ticket=new, text="Kryptonite")
    assert note.is_note
    assert not access.messages_told_to(cast.paul, new).filter(pk=note.pk).exists()
    assert not access.attachments_visible_to(cast.paul, new).filter(message=note).exists()
    file = note.attachments.get().pk
    assert paul.get(f"/tickets/{new.pk}/files/{file}/").status_code == 404
    actions.reply(new, "Coming.", by=cast.mira, channel="desk")
    assert not Delivery.objects.filter(message=note).exists()
    with pytest.raises(ValueError, match="at least one message of the customer"):
        actions.split(talk, ids(talk, 1, 3), by=cast.mira)
    with pytest.raises(actions.NotAllowed, match="has to be one of those who wrote"):
        actions.split(talk, ids(talk, 2), requester=cast.bob, by=cast.mira)
    held = actions.reply(talk, "Wait", by=cast.mira, channel="desk", hold=timedelta(seconds=60))
    with pytest.raises(actions.NotAllowed, match="cannot be split off"):
        actions.split(talk, [*ids(talk, 2), held.pk], by=cast.mira)
    with pytest.raises(actions.NotAllowed):
        actions.split(talk, ids(talk, 2), by=cast.gus)


def test_a_split_is_taken_back_until_somebody_works_on_what_was_split_off(cast, talk):
    first = actions.split(talk, ids(talk, 2), by=cast.mira)
    assert actions.unsplit(first, by=cast.mira) == talk
    assert not Ticket.objects.filter(pk=first.pk).exists()
    assert queries.links_of(talk, Ticket.objects.all()) == []
    second = actions.split(talk, ids(talk, 2), by=cast.mira)
    actions.add_note(second, "Mine", by=cast.mira)
    with pytest.raises(actions.NotAllowed, match=f"Merge it into #{talk.pk} instead"):
        actions.unsplit(second, by=cast.mira)
    with pytest.raises(actions.NotAllowed, match="was not split off"):
        actions.unsplit(talk, by=cast.mira)


def test_the_desk_offers_the_messages_splits_once_and_undoes_it(cast, talk):
    mira, path = Client(), f"/desk/tickets/{talk.pk}/split/"
    mira.force_login(cast.mira)
    assert path in mira.get(f"/desk/tickets/{talk.pk}/").content.decode()
    page = mira.get(path)
    assert "note, team only" in words(page)
    assert "Notes stay notes" in words(page)
    nothing = mira.post(path, form(page, path))
    assert (nothing.status_code, "Choose at least one message" in words(nothing)) == (422, True)
    sent = form(nothing, path) | {
        "message": ids(talk, 2, 3), "subject": "Printer", "requester": cast.paul.pk,
    }  # fmt: skip
    done = mira.post(path, sent, follow=True)
    new = Ticket.objects.latest("pk")
    assert done.redirect_chain[-1][0].startswith(f"/desk/tickets/{new.pk}/")
    assert f"Copied from #{talk.pk}" in words(done)
    assert f"split 2 messages off into #{new.pk}" in words(mira.get(f"/desk/tickets/{talk.pk}/"))
    assert mira.post(path, sent)["Location"].startswith(f"/desk/tickets/{new.pk}/")  # pressed twice
    undone = mira.post(f"/desk/tickets/{new.pk}/unsplit/", follow=True)
    assert f"#{new.pk} is gone" in words(undone)
    assert f"took back that #{new.pk} was split off" in words(undone)
