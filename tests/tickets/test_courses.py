"""What is kept of a settled ticket's course is what its events add up to."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from tickets import actions
from tickets.models import Course

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_course_is_kept_from_the_first_resolution_on_and_is_what_the_events_say(cast, open_ticket):
    ticket, other = open_ticket(at=MONDAY), open_ticket(at=MONDAY)
    actions.assign(ticket, cast.mira, by=cast.mira, at=MONDAY + HOUR)
    said = actions.reply(ticket, "Not this.", by=cast.mira, channel="desk", at=MONDAY + HOUR, hold=HOUR)
    actions.withdraw(said, by=cast.mira, at=MONDAY + HOUR)
    actions.set_waiting(ticket, by=cast.mira, at=MONDAY + 2 * HOUR)
    actions.reply(ticket, "This.", by=cast.mira, channel="desk", at=MONDAY + 5 * HOUR)
    assert not Course.objects.exists()
    actions.resolve(ticket, by=cast.mira, at=MONDAY + 9 * HOUR)
    course = Course.objects.get()
    assert (course.replies, course.owners, course.moves, course.reopened) == (1, 1, 0, 0)
    actions.reopen(ticket, by=cast.mira, at=MONDAY + 20 * HOUR)
    actions.move(ticket, cast.tech, by=cast.sue, at=MONDAY + 21 * HOUR)
    actions.assign(ticket, cast.gus, by=cast.gus, at=MONDAY + 21 * HOUR)
    actions.reply(ticket, "And this.", by=cast.gus, channel="desk", at=MONDAY + 22 * HOUR)
    actions.resolve(ticket, by=cast.gus, at=MONDAY + 22 * HOUR)
    live = Course.objects.values().get()
    assert [live[name] for name in ("replies", "owners", "moves", "reopened")] == [2, 2, 1, 1]
    stood = [live[f"in_{status}"] for status in ("new", "open", "waiting", "on_hold")]
    assert sum(stood, timedelta()) == 11 * HOUR
    assert stood[3] == timedelta()
    assert stood[2] >= 3 * HOUR
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tickets_course")
        cursor.execute("SELECT tickets_course_renew(%s)", [[ticket.pk, other.pk]])
    assert list(Course.objects.values()) == [live]
