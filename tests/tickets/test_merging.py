"""One ticket stands for two: promises, mail, who may, and the way back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from helpdesk.mail import tokens
from helpdesk.models import SupportAddress
from sla import actions as sla_actions
from sla.models import Clock
from tests.cast import Cast
from tests.helpdesk.mail.post import SUPPORT, letter, receive
from tests.helpdesk.setup.conftest import Browser
from tickets import actions
from tickets.models import Event, Follower, Ticket

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture
def two(cast: Cast) -> tuple[Ticket, Ticket]:
    """Priya's and Bob's tickets about one fault, half an hour apart."""
    sla_actions.install_defaults()
    SupportAddress.objects.create(address=SUPPORT, team=cast.tech)

    def opened(person, at):
        words = actions.Words(text="It is down.", internet_message_id=f"{person.pk}@customers.example")
        return actions.open_ticket(
            requester=person, subject="Down", team=cast.tech, by=person, channel="mail", words=words, at=at
        )

    return opened(cast.priya, MONDAY), opened(cast.bob, MONDAY + timedelta(minutes=30))


def clocks_of(ticket):
    return dict(Clock.objects.filter(ticket=ticket).values_list("metric", "state"))


def test_the_newer_is_closed_without_a_verdict_and_the_clocks_of_the_older_go_on(cast, two):
    first, second = two
    before = list(Clock.objects.filter(ticket=first).order_by("pk").values())
    assert set(clocks_of(second).values()) == {"running"}
    actions.merge(second, into=first, by=cast.gus, at=MONDAY + timedelta(hours=1))
    second.refresh_from_db()
    assert (second.status, second.merged_into) == ("closed", first)
    assert set(clocks_of(second).values()) == {"cancelled"}
    assert list(Clock.objects.filter(ticket=first).order_by("pk").values()) == before
    assert Follower.objects.get(ticket=first).person == cast.bob
    number = Event.objects.count()
    actions.merge(second, into=first, by=cast.gus)
    assert Event.objects.count() == number
    call_command("rebuild_clocks", "--verify")


def test_a_reply_that_waits_for_its_time_is_not_sent_on_a_merged_ticket(cast, two):
    first, second = two
    draft = actions.save_draft(second, "Soon.", by=cast.gus, kind="reply", version=0)
    actions.schedule_draft(draft, timezone.now() + timedelta(days=1), by=cast.gus, version=draft.version)
    actions.merge(second, into=first, by=cast.gus)
    draft.refresh_from_db()
    assert (draft.send_at, draft.why_not, draft.text) == (None, "merged", "Soon.")


def test_reopening_undoes_it_and_the_promises_run_on(cast, two):
    first, second = two
    actions.merge(second, into=first, by=cast.gus, at=MONDAY + timedelta(hours=1))
    second.refresh_from_db()
    reopened = actions.reopen(second, by=cast.gus, at=MONDAY + timedelta(hours=2))
    assert reopened.merged_into is None
    assert clocks_of(second)["first_response"] == "running"
    call_command("rebuild_clocks", "--verify")


def test_unmerging_brings_back_what_was_and_takes_back_what_the_merge_proposed(cast, two):
    first, second = two
    actions.set_waiting(second, by=cast.gus, at=MONDAY + timedelta(minutes=40))
    actions.merge(second, into=first, by=cast.gus, at=MONDAY + timedelta(hours=1))
    with pytest.raises(actions.NotAllowed):
        actions.unmerge(second, by=cast.mira)
    for _twice in range(2):
        back = actions.unmerge(second, by=cast.gus, at=MONDAY + timedelta(hours=2))
        assert (back.status, back.merged_into) == ("waiting", None)
    assert list(first.events.values_list("kind", flat=True))[-2:] == [
        "ticket.gave_back",
        "ticket.follower_removed",
    ]
    assert not Follower.objects.filter(ticket=first).exists()
    assert clocks_of(second)["first_response"] == "running"
    call_command("rebuild_clocks", "--verify")


def test_unmerging_leaves_closed_what_was_settled_and_keeps_whom_somebody_accepted(cast, two):
    first, second = two
    actions.resolve(second, by=cast.gus, at=MONDAY + timedelta(minutes=40))
    actions.merge(second, into=first, by=cast.gus, at=MONDAY + timedelta(hours=1))
    actions.accept_follower(first, cast.bob, by=cast.gus)
    assert actions.unmerge(second, by=cast.gus).status == "closed"
    assert Follower.objects.get(ticket=first).state == "accepted"


def test_what_cannot_be_merged_is_refused_in_words(cast, two):
    first, second = two
    for ticket, into, by in ((first, second, cast.gus), (second, first, cast.mira)):
        with pytest.raises(actions.NotAllowed):
            actions.merge(ticket, into=into, by=by)
    actions.merge(second, into=first, by=cast.gus)
    second.refresh_from_db()
    with pytest.raises(actions.NotAllowed, match=f"#{first.pk}"):
        actions.reply(second, "Hello", by=cast.gus, channel="desk")
    assert actions.merge(first, into=second, by=cast.gus).merged_into is None


def test_mail_and_words_to_a_merged_ticket_go_down_the_whole_chain(cast, two):
    first, second = two
    third = receive(letter(sender="bob@customers.example")).ticket
    actions.merge(third, into=second, by=cast.gus)
    actions.merge(second, into=first, by=cast.gus)
    to = tokens.reply_address(SUPPORT, third.pk, cast.bob.pk)
    by_token = receive(letter("Still down.", sender="bob@customers.example", to=to))
    by_id = receive(
        letter("And still.", sender="bob@customers.example", in_reply_to=f"<{cast.bob.pk}@customers.example>")
    )
    assert [(row.reason, row.ticket) for row in (by_token, by_id)] == [("reply", first)] * 2
    second.refresh_from_db()
    assert actions.reply(second, "By the portal.", by=cast.bob, channel="portal").ticket == first
    assert second.status == "closed"


def test_a_mail_that_opened_a_ticket_is_filed_on_an_older_one_by_merging(cast, two):
    row = receive(letter(sender="bob@customers.example"))
    page = f"/setup/mail/incoming/{row.pk}/"
    fields = {"go": "file", "mail": row.pk, "one": "1", "ticket": two[0].pk}
    assert Browser(cast.root).send("/setup/mail/incoming/act/", fields, page=page).status_code == 303
    row.ticket.refresh_from_db()
    assert row.ticket.merged_into == two[0]
