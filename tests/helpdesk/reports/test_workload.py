"""What came, what was settled and how: every number can be counted by hand, and opens its rows."""

from datetime import timedelta

from helpdesk.reports.metrics import DEFINITIONS
from tests.helpdesk.reports.conftest import MONDAY, NOVEMBER
from tests.helpdesk.reports.test_reports import FIGURE, count_of, page_of, text_of
from tickets import actions
from tickets.models import Event

HOUR = timedelta(hours=1)


def test_how_tickets_were_settled_is_counted_from_their_events(supervisor, cast, story):
    plain = story(answered=60)
    again = story(answered=60)
    actions.reopen(again, by=cast.mira, at=again.opened_at + 2 * HOUR)
    actions.resolve(again, by=cast.mira, at=again.opened_at + 3 * HOUR)
    handed = story(answered=60, resolved=False)
    actions.move(handed, cast.tech, by=cast.sue, at=handed.opened_at + 2 * HOUR)
    actions.assign(handed, cast.gus, by=cast.gus, at=handed.opened_at + 2 * HOUR)
    actions.reply(handed, "And this.", by=cast.gus, channel="desk", at=handed.opened_at + 3 * HOUR)
    actions.resolve(handed, by=cast.gus, at=handed.opened_at + 4 * HOUR)
    left = story(answered=None)
    page = page_of(supervisor, "workload")
    words = text_of(page)
    assert "4 tickets came, 4 resolutions. 1 is not settled, the oldest for" in words
    assert "Settled by one answer 1 too few for a share 1 of 3" in words
    assert "Reopened on the way 1 too few for a share 1 of 3" in words
    assert "Handed over to somebody else or another team 1 too few for a share 1 of 3" in words
    opened = {
        text_of(name): count_of(supervisor, path) for path, name in FIGURE.findall(page) if name.strip()
    }
    assert opened["n = 3"] == 3
    assert opened["n = 1"] == 1
    one_touch = supervisor.get(f"/reports/tickets/?report=work&slice=one-touch&{NOVEMBER}").content.decode()
    assert f"#{plain.pk}" in one_touch
    assert f"#{again.pk}" not in one_touch
    assert f"#{left.pk}" not in one_touch


def test_time_is_told_by_status_until_the_last_resolution(supervisor, cast, open_ticket):
    ticket = open_ticket(at=MONDAY)
    actions.set_open(ticket, by=cast.mira, at=MONDAY + HOUR)
    actions.set_waiting(ticket, by=cast.mira, at=MONDAY + 2 * HOUR)
    actions.resolve(ticket, by=cast.mira, at=MONDAY + 4 * HOUR)
    words = text_of(page_of(supervisor, "workload"))
    assert "New 1 h 25%" in words
    assert "Open 1 h 25%" in words
    assert "Waiting 2 h 50%" in words
    assert "All 1 too few for a median" in words
    assert Event.objects.filter(ticket=ticket, kind="ticket.resolved").count() == 1


def test_without_any_ticket_it_says_so(supervisor):
    assert "No tickets were opened or settled in this period." in text_of(page_of(supervisor, "workload"))
    assert DEFINITIONS["work"].is_calendar
