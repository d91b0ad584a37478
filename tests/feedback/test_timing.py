"""A survey is sent in working time after the resolution."""

from datetime import UTC, datetime, timedelta

from feedback import actions as feedback
from sla.actions import create_calendar
from tests.surveyed import TUESDAY

OFFICE = {
    "timezone": "Europe/Berlin",
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}


def test_four_working_hours_go_by_before_it_is_sent(cast, resolve):
    create_calendar("Office", OFFICE, by=cast.root, is_default=True)
    friday = resolve(at=datetime(2026, 11, 6, 13, tzinfo=UTC))  # resolved at 15:00 in Berlin
    assert friday.send_at == datetime(2026, 11, 9, 10, tzinfo=UTC)  # Monday, 11:00


def test_without_a_calendar_every_hour_is_a_working_hour(resolve):
    survey = resolve(at=TUESDAY)
    assert survey.send_at - survey.resolved_at == timedelta(hours=4)


def test_without_a_delay_it_is_sent_at_once(cast, resolve):
    create_calendar("Office", OFFICE, by=cast.root, is_default=True)
    definition = feedback.install_standard_survey()
    feedback.change_survey(definition, by=cast.root, delay=timedelta(0))
    survey = resolve(at=datetime(2026, 11, 7, 13, tzinfo=UTC))
    assert survey.send_at == survey.resolved_at
