"""A real log of incidents goes in, once, at its own instants, and its totals are those of the file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from helpdesk.models import Delivery
from sla import clockwork
from sla.actions import install_defaults
from sla.models import Clock
from tests.helpdesk.imports.incidents import LOG, Rows, instant, seconds_of, some, totals
from tests.helpdesk.imports.reported import YEARS, as_reported, differing_percentiles
from tickets.models import Event, Origin, Ticket, User


@pytest.fixture(scope="module")
def found() -> dict[str, Rows]:
    """Some incidents of each priority, of one so many that a report gives medians, and some reopened ones."""
    if not LOG.exists():
        pytest.skip("the log of incidents is not here (../shared/corpora/tickets/uci_incident_event_log)")
    return some({"1": 3, "2": 3, "3": 10, "4": 3, "reopened": 4})


@pytest.fixture
def file(found: dict[str, Rows], tmp_path: Path) -> Path:
    return written(tmp_path / "log.csv", found)


def written(path: Path, found: dict[str, Rows]) -> Path:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(next(iter(found.values()))[0]))
        writer.writeheader()
        for rows in found.values():
            writer.writerows(rows)
    return path


def imported(*arguments: object) -> str:
    said = io.StringIO()
    call_command("import_events", *map(str, arguments), stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_the_reports_say_of_a_real_log_what_is_counted_from_its_file(cast, client, found, file):
    install_defaults(at=datetime(2016, 1, 1, tzinfo=UTC))
    assert f"{len(found)} tickets imported, 0 were here before, 0 refused." in imported(file)
    expected = totals(found.values())
    assert (expected.tickets, expected.reopened, len(expected.took)) == (23, 4, 4)
    client.force_login(cast.sue)
    page = " ".join(
        re.sub("<[^>]+>", " ", client.get(f"/reports/workload/?{YEARS}").content.decode()).split()
    )
    assert f"{expected.tickets} tickets came, " in page
    assert as_reported(cast.sue) == expected
    assert differing_percentiles(cast.sue, expected) == []
    # Ticket by ticket, in the file that the report exports.
    lines = client.get(f"/reports/tickets.csv?report=work&{YEARS}").streaming_content
    took = {
        line["subject"]: float(line["seconds"])
        for line in csv.DictReader(io.StringIO(b"".join(lines).decode()))
    }
    assert took == {f"Incident {key}": seconds_of(rows) for key, rows in found.items()}
    # The clocks are what the events say, and what is long past is told to nobody.
    tickets = list(Ticket.objects.values_list("pk", flat=True))
    assert Clock.objects.count() >= 2 * len(found)
    assert [str(each) for each in clockwork.differences(tickets)] == []
    assert not Delivery.objects.exclude(state=Delivery.State.SUPPRESSED).exists()
    # Once more: nothing is made twice.
    before = (Ticket.objects.count(), Event.objects.count(), User.objects.count(), Origin.objects.count())
    assert f"0 tickets imported, {len(found)} were here before" in imported(file)
    assert before == (
        Ticket.objects.count(), Event.objects.count(), User.objects.count(), Origin.objects.count(),
    )  # fmt: skip


@pytest.mark.django_db
def test_an_import_that_was_cut_short_goes_on_where_it_ended(found, file):
    assert "3 tickets imported" in imported(file, "--limit", 3)
    assert "2 tickets imported, 3 were here before" in imported(file, "--limit", 2)
    assert Ticket.objects.count() == 5
    ticket = Ticket.objects.order_by("pk")[0]
    assert ticket.opened_at == instant(next(iter(found.values()))[0]["opened_at"])
    assert ticket.events.get(seq=1).kind == "ticket.opened"


@pytest.mark.django_db
def test_what_cannot_be_read_is_told_by_its_line_and_the_rest_goes_in(found, tmp_path):
    keys = list(found)[:3]
    some = {key: [dict(row) for row in found[key]] for key in keys}
    some[keys[1]][1]["sys_updated_at"] = "yesterday"
    with pytest.raises(CommandError, match=f"incident {keys[1]}: “yesterday” is no instant") as refused:
        imported(written(tmp_path / "log.csv", some))
    assert f"line {len(some[keys[0]]) + 2}" in str(refused.value)
    assert set(Origin.objects.filter(kind="ticket").values_list("key", flat=True)) == {keys[0], keys[2]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], "There is no file"),
        ([__file__], "lacks these columns: assigned_to"),
        ([__file__, "--time-zone", "Mars/Olympus"], "is no time zone"),
    ],
)
def test_what_is_no_log_is_refused_in_a_sentence(arguments, words):
    with pytest.raises(CommandError, match=words):
        imported(*arguments)
