"""Deleted tickets: gone from everywhere at once, back as they were, erased for good after their time."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from feedback.actions import install_standard_survey, invite
from feedback.queries import survey_by_token
from feedback.tokens import new_token
from helpdesk import actions as outward
from helpdesk import guests
from helpdesk.mail.tokens import reply_address
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from sla import actions as sla_actions
from sla.models import Clock, Measurement, TicketDue
from tests.helpdesk.desk.pages import form, words
from tests.helpdesk.mail.post import letter, receive
from tests.tickets.test_spam import counted
from tickets import access, actions, queries
from tickets.models import Attachment, Blob, Draft, Event, Message, Tag, Ticket
from tickets.tasks import purge_deleted


@pytest.fixture
def settled(cast, open_ticket):
    """Bob's ticket with a file, a note and a tag, answered and resolved; its survey was sent."""
    sla_actions.install_defaults()
    install_standard_survey()
    file = actions.NewFile("pump.txt", b"A unicorn pump")
    ticket = open_ticket(requester=cast.bob, words=actions.Words(text="Unicornium leaks", files=(file,)))
    actions.reply(ticket, "Yes.", by=cast.mira, channel="desk")
    actions.add_note(ticket, "Unicornium again", by=cast.mira)
    actions.tag(ticket, "unicorn", by=cast.mira)
    actions.resolve(ticket, by=cast.mira)
    survey = ticket.surveys.get()
    invite(survey, at=survey.send_at)
    return ticket


def clocks():
    rows = [Clock.objects, Measurement.objects]
    return [sorted(each.values_list("ticket", "metric", "started_at")) for each in rows]


def test_a_deleted_ticket_is_nowhere_and_restored_it_is_back_as_it_was(cast, settled):
    sue, bob, guest = Client(), Client(), Client()
    sue.force_login(cast.sue)
    bob.force_login(cast.bob)
    link = "/" + guests.make_link(settled, cast.bob).split("/", 3)[3]
    _token, secret = outward.issue_token(cast.sue, by=None)
    survey = new_token(settled.surveys.get().pk)

    def found():
        api = {"Authorization": f"Token {secret}"}
        pages = [
            sue.get("/desk/?view=open&q=is:resolved"), sue.get("/desk/search/?q=unicornium"),
            sue.get(f"/desk/tickets/{settled.pk}/"), sue.get(f"/desk/customers/{cast.bob.pk}/"),
            bob.get("/tickets/?show=solved"), bob.get(f"/tickets/{settled.pk}/"),
            sue.get("/api/v1/tickets/", headers=api), sue.get(f"/api/v1/tickets/{settled.pk}/", headers=api),
        ]  # fmt: skip
        seen = ["Refund missing" in page.content.decode() for page in pages]
        return [*seen[1:], guest.get(link).status_code == 302, survey_by_token(survey) is not None]

    before, reports, kept = found(), counted(), clocks()
    assert all(before)
    assert reports == [1, 1, 1, 1]
    with pytest.raises(actions.NotAllowed, match="Only supervisors and administrators"):
        actions.delete(settled, by=cast.mira)
    actions.delete(settled, by=cast.sue)
    actions.delete(settled, by=cast.sue)
    assert not any(found())
    assert (counted(), clocks()) == ([0, 0, 0, 0], [[], []])
    settled.refresh_from_db()
    assert not access.can_work(cast.sue, settled)
    assert not access.can_speak_as_customer(cast.bob, settled)
    assert not Delivery.objects.filter(event__ticket=settled, state="queued").exists()
    actions.restore(settled, by=cast.root)
    assert (found(), counted(), clocks()[0]) == (before, reports, kept[0])
    assert Delivery.objects.filter(message__ticket=settled, state="queued").exists()


def test_open_clocks_go_on_where_they_were_and_waiting_words_are_not_sent(cast, open_ticket):
    sla_actions.install_defaults()
    start = timezone.now() - timedelta(hours=1)
    ticket = open_ticket(at=start)
    held = actions.reply(ticket, "Wait", by=cast.mira, channel="desk", hold=timedelta(seconds=60))
    with pytest.raises(actions.Conflict, match="just being sent"):
        actions.delete(ticket, by=cast.sue)
    actions.withdraw(held, by=cast.mira)
    draft = actions.save_draft(ticket, by=cast.mira, kind="reply", text="Later", version=0)
    actions.schedule_draft(draft, timezone.now() + timedelta(days=1), by=cast.mira, version=draft.version)
    before = set(Clock.objects.values_list("metric", "state"))
    actions.delete(ticket, by=cast.sue)
    assert not TicketDue.objects.exists()
    assert Draft.objects.get().why_not == "deleted"
    assert queries.view_counts(cast.sue)["open"] == 0
    actions.restore(ticket, by=cast.sue)
    assert set(Clock.objects.values_list("metric", "state")) == before
    assert queries.view_counts(cast.sue)["open"] == 1


def test_mail_to_a_deleted_ticket_opens_a_new_one(cast, ticket, open_ticket):
    SupportAddress.objects.create(address="billing@acme.example", team=cast.billing)
    merged = open_ticket(subject="Refund still missing")
    actions.merge(merged, into=ticket, by=cast.mira)
    actions.delete(ticket, by=cast.sue)
    for number in (ticket.pk, merged.pk):
        mail = receive(letter("Hello?", to=reply_address("billing@acme.example", number, cast.priya.pk)))
        assert mail.state == "filed"
        assert mail.ticket_id not in (ticket.pk, merged.pk)
        assert mail.ticket.events.filter(kind="ticket.related", data={"ticket": ticket.pk}).exists()


def test_after_thirty_days_its_words_files_and_addresses_are_erased_for_good(cast, settled, ticket):
    SupportAddress.objects.create(address="billing@acme.example", team=cast.billing)
    mail = receive(letter("Secret", to=reply_address("billing@acme.example", ticket.pk, cast.priya.pk)))
    same = actions.NewFile("copy.txt", b"A unicorn pump")
    actions.reply(ticket, actions.Words("It", files=(same,)), by=cast.mira, channel="desk")
    for one in (settled, ticket):
        actions.delete(one, by=cast.sue, at=timezone.now() - timedelta(days=31))
    actions.restore(ticket, by=cast.sue)
    late = Ticket.with_deleted.get(pk=settled.pk).deleted_at + queries.RESTORABLE
    events = Event.objects.filter(ticket=settled).count()
    assert purge_deleted() == 0
    assert not actions.purge(settled.pk, at=late - timedelta(seconds=1))
    assert actions.purge(settled.pk, at=late)
    assert not actions.purge(settled.pk, at=late)
    gone = Ticket.with_deleted.get(pk=settled.pk)
    assert (gone.subject, gone.tags.count()) == ("", 0)
    said = Message.objects.filter(ticket=settled).values_list("text", "fresh", "quoted", "html")
    assert {"".join(row) for row in said} == {""}
    assert not Attachment.objects.filter(message__ticket=settled).exists()
    assert Blob.objects.count() == 1  # another ticket has the same file
    assert not Delivery.objects.filter(event__ticket=settled, address__contains="@").exists()
    assert Event.objects.filter(ticket=settled).count() == events + 1
    assert Tag.objects.filter(name="unicorn").exists()
    with pytest.raises(actions.NotAllowed, match="cannot be brought back"):
        actions.restore(settled, by=cast.root)
    assert not access.deleted_visible_to(cast.root).exists()
    actions.delete(ticket, by=cast.sue)
    actions.purge(ticket.pk, at=timezone.now() + timedelta(days=31))
    mail.refresh_from_db()
    assert (mail.state, bytes(mail.raw), mail.from_address) == (InboundEmail.State.DELETED, b"", "")
    assert Blob.objects.count() == 0


def test_the_desk_says_what_deleting_does_lists_the_deleted_and_restores(cast, ticket):
    sla_actions.install_defaults()
    sue, mira, path = Client(), Client(), f"/desk/tickets/{ticket.pk}/"
    sue.force_login(cast.sue)
    mira.force_login(cast.mira)
    assert path + "delete/" not in mira.get(path).content.decode()
    assert path + "delete/" in sue.get(path).content.decode()
    plan = sue.get(path + "delete/")
    assert "For 30 days it can be brought back" in words(plan)
    done = sue.post(path + "delete/", form(plan, path + "delete/"), follow=True)
    assert f"#{ticket.pk} deleted, for good on" in words(done)
    assert f'action="{path}restore/"' in done.content.decode()
    listed = words(sue.get("/desk/deleted/"))
    assert "Refund missing" in listed
    assert "Sue Park" in listed
    assert (mira.get("/desk/deleted/").status_code, mira.post(path + "restore/").status_code) == (404, 404)
    back = sue.post(path + "restore/", follow=True)
    assert back.redirect_chain[-1][0].startswith(path)
    assert "Sue brought the deleted ticket back" in words(back)
    assert "No ticket is deleted." in words(sue.get("/desk/deleted/"))
