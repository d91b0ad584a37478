"""Resolved tickets close by themselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.celery import BEAT_SCHEDULE
from tickets import actions, queries
from tickets.tasks import close_resolved

AGES = [(6, "resolved"), (8, "closed")]


@pytest.mark.parametrize(("days", "status"), AGES)
def test_a_ticket_closes_when_its_teams_days_are_over(cast, open_ticket, days, status):
    at = timezone.now() - timedelta(days=days)
    ticket = open_ticket(at=at - timedelta(hours=1))
    actions.resolve(ticket, by=cast.mira, at=at)
    assert close_resolved() == (status == "closed")
    ticket.refresh_from_db()
    assert ticket.status == status
    assert close_resolved() == 0


def test_a_ticket_that_is_reopened_meanwhile_stays_open(cast, open_ticket, monkeypatch):
    at = timezone.now() - timedelta(days=8)
    ticket = open_ticket(at=at - timedelta(hours=1))
    actions.resolve(ticket, by=cast.mira, at=at)
    asked, looks = queries.due_to_close, []

    def reopened_after_the_first_look(now):
        looks.append(now)
        if len(looks) == 2:
            actions.reopen(ticket, by=cast.priya)
        return asked(now)

    monkeypatch.setattr(queries, "due_to_close", reopened_after_the_first_look)
    assert close_resolved() == 0
    assert len(looks) == 2
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_closing_is_on_the_schedule():
    assert "tickets.close_resolved" in {entry["task"] for entry in BEAT_SCHEDULE.values()}
