"""Commands in several processes: the same answer as in one, and a killed worker is told."""

import os
import signal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sla import parallel
from sla.management.commands import rebuild_clocks
from sla.models import Clock, Measurement, TicketDue
from tests.sla.test_rebuild import all_rows, lived, measure_all, run

__all__ = ["lived", "measure_all"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(rebuild_clocks, "BATCH", 2)


def test_two_workers_rebuild_what_one_does(lived):
    before = all_rows()
    for model in (Measurement, Clock, TicketDue):
        model.objects.all().delete()
    assert "clocks of 5 tickets rebuilt" in run("--jobs", "2")
    assert all_rows() == before
    assert "agree with their events" in run("--verify", "--jobs", "2")


def test_two_workers_find_every_difference_and_change_nothing(lived):
    Clock.objects.filter(metric="resolution").update(due_at=None)
    altered = all_rows()
    out = StringIO()
    with pytest.raises(CommandError, match="differences in 5 tickets"):
        call_command("rebuild_clocks", "--verify", "--jobs", "2", stdout=out)
    assert {f"#{ticket.pk} clock resolution 1: due_at" in out.getvalue() for ticket in lived} == {True, False}
    assert all_rows() == altered
    run("--jobs", "2")
    assert "agree" in run("--verify")


def _die(pks):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_ends_the_command_with_a_sentence(lived, monkeypatch):
    monkeypatch.setattr(rebuild_clocks, "rebuild_batch", _die)
    with pytest.raises(CommandError, match="run the command again"):
        run("--jobs", "2")
    monkeypatch.undo()
    assert "agree" in run("--verify")


class Terminal(StringIO):
    def isatty(self):
        return True


def test_the_bar_shows_how_far_it_is():
    stream = Terminal()
    bar = parallel.Bar(stream, 400)
    bar.advance(100)
    assert "[######··················] 100 of 400" in stream.getvalue()
    bar.advance(300)
    bar.end()
    assert stream.getvalue().endswith("[########################] 400 of 400\033[K\n")


def test_the_bar_is_silent_where_nobody_watches():
    stream = StringIO()
    bar = parallel.Bar(stream, 400)
    bar.advance(100)
    bar.end()
    assert stream.getvalue() == ""
