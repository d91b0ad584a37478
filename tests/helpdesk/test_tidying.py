"""Nothing grows without bound: what has served its time is deleted, what has not stays."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from helpdesk import guests, limits, submissions
from helpdesk.models import GuestLink, HeldSubmission, OnceKey, Tally
from helpdesk.tidying import tidy
from tickets.models import Ticket

KEPT = (GuestLink, HeldSubmission, OnceKey, Tally, Session)


def fill(cast, ticket: Ticket) -> None:
    now = timezone.now()
    guests.make_link(ticket, cast.priya)
    submissions.hold("nina@elsewhere.example", subject="S", text="T")
    OnceKey.objects.create(owner="user:1", key="k", body_hash="x", answer={})
    limits.wait_for("a", 1, limit=1, per=timedelta(hours=1))
    Session.objects.create(session_key="s", session_data="", expire_date=now + timedelta(hours=1))


def test_what_is_still_needed_stays(cast, ticket):
    fill(cast, ticket)
    before = [model.objects.count() for model in KEPT]
    assert set(tidy().values()) == {0}
    assert [model.objects.count() for model in KEPT] == before


def test_what_has_served_its_time_goes(cast, ticket):
    fill(cast, ticket)
    old = timezone.now() - timedelta(days=31)
    Ticket.objects.filter(pk=ticket.pk).update(closed_at=old)
    HeldSubmission.objects.update(expires_at=old)
    OnceKey.objects.update(created_at=old)
    Tally.objects.update(since=old)
    Session.objects.update(expire_date=old)
    tidy()
    assert [model.objects.count() for model in KEPT] == [0, 0, 0, 0, 0]
