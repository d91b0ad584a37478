"""A real log of incidents goes in, once, at its own instants, and its totals are those of the file."""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import pytest
from django.core.management import CommandError, call_command

from helpdesk.models import Delivery
from sla import clockwork
from sla.actions import install_defaults
from sla.models import Clock
from tests.helpdesk.mail.agreement import CORPORA
from tickets.models import Event, Origin, Ticket, User

LOG = CORPORA / "tickets" / "uci_incident_event_log" / "uci_incident_event_log.csv.gz"
PRIORITY = {"1": 4, "2": 3, "3": 2, "4": 1}

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def incidents() -> dict[str, Rows]:
    """Some plain incidents of the log and, of those that were reopened, a few."""
    if not LOG.exists():
        pytest.skip("the log of incidents is not here (../shared/corpora)")
    with gzip.open(LOG, "rt", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        header[len(header) - 1 - header[::-1].index("category")] = "subcategory"
        found: defaultdict[str, Rows] = defaultdict(list)
        for fields in reader:
            row = dict(zip(header, fields, strict=True))
            found[row["number"]].append(row)
    reopened = [key for key, rows in found.items() if rows[-1]["reopen_count"] != "0"][:10]
    return {key: found[key] for key in [*list(found)[:30], *reopened]}


@pytest.fixture
def file(incidents: dict[str, Rows], tmp_path: Path) -> Path:
    return written(tmp_path / "log.csv", incidents)


def written(path: Path, incidents: dict[str, Rows]) -> Path:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(next(iter(incidents.values()))[0]))
        writer.writeheader()
        for rows in incidents.values():
            writer.writerows(rows)
    return path


def imported(*arguments: object) -> str:
    said = io.StringIO()
    call_command("import_events", *map(str, arguments), stdout=said)
    return said.getvalue()


def instant(words: str) -> datetime:
    return datetime.strptime(words, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


@pytest.mark.django_db
def test_the_totals_of_a_real_log_are_those_counted_from_the_file(incidents, file):
    install_defaults(at=datetime(2016, 1, 1, tzinfo=UTC))
    assert f"{len(incidents)} tickets imported, 0 were here before, 0 refused." in imported(file)
    expected: defaultdict[int, list[float]] = defaultdict(list)
    for rows in incidents.values():
        if rows[-1]["resolved_at"] != "?":
            took = instant(rows[-1]["resolved_at"]) - instant(rows[0]["opened_at"])
            expected[PRIORITY[rows[-1]["priority"]]].append(took.total_seconds())
    tickets = dict(zip(incidents, Ticket.objects.order_by("pk"), strict=True))
    found: defaultdict[int, list[float]] = defaultdict(list)
    for key, ticket in tickets.items():
        if incidents[key][-1]["resolved_at"] != "?":
            found[ticket.priority].append((ticket.resolved_at - ticket.opened_at).total_seconds())
    assert {p: (len(t), fmean(t)) for p, t in found.items()} == {
        p: (len(t), fmean(t)) for p, t in expected.items()
    }
    again = sum(1 for t in tickets.values() if t.events.filter(kind="ticket.reopened").exists())
    assert again == sum(1 for rows in incidents.values() if int(rows[-1]["reopen_count"]))
    assert {t.status for t in tickets.values()} == {"closed"}
    # The clocks are what the events say, and what is long past is told to nobody.
    assert Clock.objects.count() >= 2 * len(incidents)
    assert [str(each) for each in clockwork.differences([t.pk for t in tickets.values()])] == []
    assert not Delivery.objects.exclude(state=Delivery.State.SUPPRESSED).exists()
    # Once more: nothing is made twice.
    before = (Ticket.objects.count(), Event.objects.count(), User.objects.count(), Origin.objects.count())
    assert f"0 tickets imported, {len(incidents)} were here before" in imported(file)
    assert before == (
        Ticket.objects.count(), Event.objects.count(), User.objects.count(), Origin.objects.count(),
    )  # fmt: skip


@pytest.mark.django_db
def test_an_import_that_was_cut_short_goes_on_where_it_ended(file):
    assert "3 tickets imported" in imported(file, "--limit", 3)
    assert "2 tickets imported, 3 were here before" in imported(file, "--limit", 2)
    assert Ticket.objects.count() == 5
    ticket = Ticket.objects.order_by("pk")[0]
    assert ticket.opened_at == datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    assert ticket.events.get(seq=1).kind == "ticket.opened"


@pytest.mark.django_db
def test_what_cannot_be_read_is_told_by_its_line_and_the_rest_goes_in(incidents, tmp_path):
    keys = list(incidents)[:3]
    some = {key: [dict(row) for row in incidents[key]] for key in keys}
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
