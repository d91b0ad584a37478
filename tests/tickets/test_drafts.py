"""Words that are not said yet: two tabs, a time of their own, a customer who is faster."""

from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk.models import Delivery
from sla.models import Clock
from tickets import access, actions
from tickets.actions import Conflict, NewFile, NotAllowed
from tickets.models import Blob, Draft, Message
from tickets.tasks import release_drafts

FILE = NewFile("facts.txt", b"facts", "text/plain")


@pytest.fixture
def later(ticket, cast):
    """Mira's reply that waits for tomorrow."""
    draft = actions.save_draft(
        ticket, "Your refund left.", by=cast.mira, kind="reply", version=0, files=[FILE]
    )
    tomorrow = timezone.now() + timedelta(days=1)
    return actions.schedule_draft(draft, tomorrow, by=cast.mira, version=draft.version)


def due(draft):
    Draft.objects.filter(pk=draft.pk).update(send_at=timezone.now() - timedelta(minutes=1))


def test_a_draft_is_kept_and_another_tabs_newer_words_are_never_overwritten(ticket, cast):
    first = actions.save_draft(ticket, "Dear", by=cast.mira, kind="reply", version=0, files=[FILE])
    second = actions.save_draft(ticket, "Dear Priya", by=cast.mira, kind="reply", version=first.version)
    with pytest.raises(Conflict):
        actions.save_draft(ticket, "Hello", by=cast.mira, kind="reply", version=first.version)
    with pytest.raises(Conflict):
        actions.discard_draft(ticket, by=cast.mira, kind="reply", version=first.version)
    kept = Draft.objects.get()
    assert (kept.text, kept.version) == ("Dear Priya", second.version)
    assert [row.name for row in kept.files.all()] == ["facts.txt"]
    actions.save_draft(ticket, "Dear Priya", by=cast.mira, kind="reply", version=kept.version, keep=[])
    assert not kept.files.exists()


def test_a_draft_is_nobody_elses_and_no_event(ticket, cast):
    before = ticket.events.count()
    draft = actions.save_draft(ticket, "Dear", by=cast.mira, kind="note", version=0)
    assert list(access.drafts_visible_to(cast.mira, ticket)) == [draft]
    for other in (cast.sue, cast.root, cast.gus, cast.priya, None):
        assert not access.drafts_visible_to(other, ticket).exists()
    for other in (cast.gus, cast.priya):
        with pytest.raises(NotAllowed):
            actions.save_draft(ticket, "Dear", by=other, kind="reply", version=0)
    with pytest.raises(NotAllowed):
        actions.send_draft(draft, by=cast.sue, version=draft.version)
    assert ticket.events.count() == before


def test_a_sent_draft_is_said_once_with_its_files(ticket, cast):
    draft = actions.save_draft(
        ticket, "Sent.", by=cast.mira, kind="reply", version=0, files=[FILE], then="waiting"
    )
    message = actions.send_draft(draft, by=cast.mira, version=draft.version)
    ticket.refresh_from_db()
    assert (message.text, ticket.status) == ("Sent.", "waiting")
    assert [row.blob for row in message.attachments.all()] == [Blob.objects.get()]
    with pytest.raises(Conflict):
        actions.send_draft(draft, by=cast.mira, version=draft.version)
    assert not Draft.objects.exists()


def test_until_its_time_a_reply_is_no_reply(later, ticket, cast):
    assert release_drafts() == 0
    ticket.refresh_from_db()
    assert ticket.unanswered_since == ticket.opened_at
    assert not Message.objects.filter(author=cast.mira).exists()
    assert Clock.objects.filter(ticket=ticket, metric="first_response", stopped_at=None).count() <= 1
    assert ticket.events.filter(kind="draft.scheduled", data__draft=later.pk).count() == 1


@pytest.mark.tampers
def test_when_its_time_comes_it_is_said_once_at_that_moment(later, ticket, cast):
    due(later)
    before = timezone.now()
    assert (release_drafts(), release_drafts()) == (1, 0)
    message = Message.objects.get(author=cast.mira)
    assert message.said_at >= before
    assert message.visible_at == message.said_at
    assert [row.name for row in message.attachments.all()] == ["facts.txt"]
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None
    assert not Draft.objects.exists()
    assert Delivery.objects.filter(message=message, recipient=cast.priya).count() == 1


@pytest.mark.tampers
@pytest.mark.parametrize("how", ["reply", "accepted"])
def test_when_the_customer_writes_first_it_is_not_sent_and_the_author_is_told(later, ticket, cast, how):
    if how == "reply":
        actions.reply(ticket, "Never mind.", by=cast.priya, channel="portal")
    else:
        actions.accept_message(actions.hold_message(ticket, "Hm", author=cast.bob), by=cast.sue)
    later.refresh_from_db()
    assert (later.send_at, later.why_not, later.text) == (None, "customer_wrote", "Your refund left.")
    assert ticket.events.filter(kind="draft.cancelled", data__draft=later.pk).count() == 1
    assert Delivery.objects.get(template="draft.cancelled").recipient == cast.mira
    assert release_drafts() == 0
    again = actions.schedule_draft(
        later, timezone.now() + timedelta(hours=1), by=cast.mira, version=later.version
    )
    due(again)
    assert release_drafts() == 1


def test_robots_and_strangers_do_not_cancel_it(later, ticket, cast):
    actions.hear_automatic(ticket, "I am away.", author=cast.priya)
    actions.hold_message(ticket, "I am somebody else", author=cast.bob)
    actions.add_note(ticket, "Hm.", by=cast.sue)
    later.refresh_from_db()
    assert later.send_at


@pytest.mark.tampers
def test_an_author_who_no_longer_works_there_sends_nothing_and_holds_up_nobody(later, ticket, cast):
    actions.assign(ticket, None, by=cast.sue)
    other = actions.save_draft(ticket, "Mine.", by=cast.sue, kind="reply", version=0)
    other = actions.schedule_draft(
        other, timezone.now() + timedelta(days=1), by=cast.sue, version=other.version
    )
    cast.billing.members.remove(cast.mira)
    due(later)
    due(other)
    assert release_drafts() == 1
    later.refresh_from_db()
    assert (later.send_at, later.why_not) == (None, "not_allowed")


def test_its_time_can_be_taken_back_and_must_be_to_come(later, ticket, cast):
    with pytest.raises(ValueError, match="still to come"):
        actions.schedule_draft(later, timezone.now(), by=cast.mira, version=later.version)
    freed = actions.schedule_draft(later, None, by=cast.mira, version=later.version)
    assert freed.send_at is None
    note = actions.save_draft(ticket, "Hm.", by=cast.mira, kind="note", version=0)
    with pytest.raises(NotAllowed):
        actions.schedule_draft(note, timezone.now() + timedelta(days=1), by=cast.mira, version=note.version)
    kinds = ticket.events.filter(kind__startswith="draft.").order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["draft.scheduled", "draft.unscheduled"]
