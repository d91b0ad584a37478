"""Long work: in slices, taken up again after a killed worker, stopped between slices, never done twice."""

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from tickets import actions, jobs, tasks
from tickets.actions import NotAllowed
from tickets.models import Event, Job, JobState, Organization

SIGNS = []
"""What a test wants to happen in a slice, by a function."""


def count_slice(job):
    """A kind of work for tests: adds one organisation a slice."""
    job.total, job.cursor = job.arguments["to"], (job.cursor or 0) + 1
    Organization.objects.create(name=f"Number {job.cursor}")
    for sign in SIGNS:
        sign(job)
    job.done = job.cursor
    return {"counted": job.done} if job.done == job.total else None


@pytest.fixture(autouse=True)
def _kinds(settings):
    settings.JOB_KINDS = {"test.count": f"{__name__}.count_slice"}
    yield
    SIGNS.clear()


@pytest.fixture
def job(cast):
    return actions.ask_job("test.count", by=cast.root, arguments={"to": 4})


def kinds_of_events(job):
    events = Event.objects.filter(subject_id=job.pk, kind__startswith="job.").order_by("pk")
    return list(events.values_list("kind", flat=True))


def counted():
    return Organization.objects.filter(name__startswith="Number").count()


def test_a_job_is_done_slice_by_slice_and_says_how_far_it_is(job):
    seen = []
    SIGNS.append(lambda row: seen.append((row.state, row.percent)))
    assert jobs.run(job.pk) is False
    job.refresh_from_db()
    assert seen == [("running", 0), ("running", 25), ("running", 50), ("running", 75)]
    assert (job.state, job.done, job.percent, job.result) == ("done", 4, 100, {"counted": 4})
    assert job.started_at <= job.finished_at
    assert kinds_of_events(job) == ["job.asked", "job.done"]
    assert jobs.run(job.pk) is False
    assert counted() == 4


def test_after_its_turn_a_job_is_handed_on(job, monkeypatch):
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    turns = 0
    while jobs.run(job.pk):
        turns += 1
    job.refresh_from_db()
    assert (turns, job.state) == (3, "done")


def test_while_somebody_works_on_a_job_nobody_else_does(job):
    SIGNS.append(lambda row: row.cursor == 1 and outcomes.append(jobs.run(job.pk)))
    outcomes = []
    jobs.run(job.pk)
    assert outcomes == [False]
    assert counted() == 4


def test_a_job_is_cancelled_between_two_slices_and_what_it_did_stays(job, cast, monkeypatch):
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    assert jobs.run(job.pk)
    actions.cancel_job(job, by=cast.root)
    assert jobs.run(job.pk) is False
    job.refresh_from_db()
    assert (job.state, job.done, job.result) == ("cancelled", 1, None)
    assert kinds_of_events(job) == ["job.asked", "job.cancelled"]
    actions.cancel_job(job, by=cast.root)
    assert len(kinds_of_events(job)) == 2


def test_a_cancelled_job_goes_on_where_it_stopped(job, cast, monkeypatch):
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    jobs.run(job.pk)
    actions.cancel_job(job, by=cast.root)
    actions.retry_job(job, by=cast.root)
    while jobs.run(job.pk):
        pass
    job.refresh_from_db()
    assert (job.state, counted()) == ("done", 4)


def _break_at(number, error):
    def sign(row):
        if row.cursor == number:
            raise error

    return sign


def test_a_job_that_fails_says_why_and_can_be_tried_again(job, cast):
    SIGNS.append(_break_at(3, KeyError("calendar")))
    assert jobs.run(job.pk) is False
    job.refresh_from_db()
    assert (job.state, job.done, job.fault) == ("failed", 2, "KeyError: 'calendar'")
    SIGNS.clear()
    actions.retry_job(job, by=cast.root)
    assert jobs.run(job.pk) is False
    job.refresh_from_db()
    assert (job.state, job.fault, job.done) == ("done", "", 4)
    assert kinds_of_events(job) == ["job.asked", "job.failed", "job.retried", "job.done"]


def test_a_fault_in_words_is_told_in_these_words(job):
    SIGNS.append(_break_at(1, ValueError("This calendar is never open.")))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.fault == "This calendar is never open."


@pytest.mark.tampers
def test_a_job_that_is_cut_off_at_one_place_again_and_again_is_given_up(job):
    SIGNS.append(_break_at(2, OperationalError("the connection is gone")))
    for _again in range(jobs.TRIES + 1):
        assert jobs.run(job.pk) is False
        job.refresh_from_db()
        assert job.state == JobState.RUNNING
        assert jobs.run(job.pk) is False  # the lease still holds
        Job.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
        assert jobs.left_behind() == [job.pk]
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("failed", 1)
    assert job.fault.startswith("Cut off 5 times at the same place.")


@pytest.mark.tampers
def test_a_job_whose_hand_over_was_lost_is_found_by_the_sweep(job):
    assert jobs.left_behind() == []
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert tasks.sweep_jobs() == 1
    tasks.run_job(job.pk)
    assert tasks.sweep_jobs() == 0


@pytest.mark.tampers
def test_finished_jobs_are_kept_for_half_a_year(job):
    jobs.run(job.pk)
    Job.objects.update(finished_at=timezone.now() - timedelta(days=179))
    jobs.left_behind()
    assert Job.objects.exists()
    Job.objects.update(finished_at=timezone.now() - timedelta(days=181))
    jobs.left_behind()
    assert not Job.objects.exists()


def test_a_job_is_cancelled_by_administrators_and_by_who_asked(cast):
    job = actions.ask_job("test.count", by=cast.sue, arguments={"to": 1})
    with pytest.raises(NotAllowed):
        actions.cancel_job(job, by=cast.mira)
    assert actions.cancel_job(job, by=cast.sue).state == JobState.CANCELLED


def test_an_unknown_kind_is_refused(cast):
    with pytest.raises(ValueError, match="unknown kind"):
        actions.ask_job("test.nothing", by=None)


def _run_in_a_thread(pk):
    try:
        return jobs.run(pk)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_slice_that_takes_longer_than_its_lease_is_left_to_who_does_it(cast, monkeypatch):
    job = actions.ask_job("test.count", by=None, arguments={"to": 4})
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=-1))  # every lease has run out already
    outcomes = []
    with ThreadPoolExecutor(1) as pool:
        SIGNS.append(lambda row: outcomes.append(pool.submit(_run_in_a_thread, row.pk).result()))
        jobs.run(job.pk)
    assert outcomes == [False] * 4
    assert counted() == 4


@pytest.mark.tampers
def test_who_lost_the_lease_does_no_more_slices(job, monkeypatch):
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    jobs.run(job.pk)
    job.refresh_from_db()
    jobs.run(job.pk)  # somebody else's claim
    assert jobs._do_slice(job.pk, job.claim) is False
    assert counted() == 2


def _work_until_killed(pk, pipe):
    connections.close_all()
    SIGNS.append(lambda row: os.write(pipe, b"."))
    jobs.run(pk)


@pytest.mark.tampers
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_at_most_one_slice_and_nothing_is_done_twice(cast):
    job = actions.ask_job("test.count", by=None, arguments={"to": 100_000})
    ours, theirs = os.pipe()
    connections.close_all()
    child = multiprocessing.get_context("fork").Process(target=_work_until_killed, args=(job.pk, theirs))
    child.start()
    for _slice in range(5):
        os.read(ours, 1)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    job.refresh_from_db()
    assert (job.state, job.done) == ("running", counted())
    assert job.done >= 4
    Job.objects.update(claimed_until=timezone.now(), arguments={"to": job.done + 3})
    assert jobs.left_behind() == [job.pk]
    jobs.run(job.pk)
    done = job.done + 3
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"counted": done})
    assert counted() == done
    assert connection.is_usable()
