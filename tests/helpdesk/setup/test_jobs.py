"""Long work on the pages of setup: how far it is, what came of it, who may stop it."""

import pytest

from sla import actions as sla_actions
from tests.helpdesk.setup.conftest import Browser
from tickets import actions, jobs
from tickets.models import Job


@pytest.fixture
def policy(cast):
    return sla_actions.install_defaults()[1]


@pytest.fixture
def job(cast, policy):
    return sla_actions.recompute_open(cast.sue, policy=policy)


@pytest.fixture
def sue(cast):
    return Browser(cast.sue)


def html(answer):
    return " ".join(answer.content.decode().split())


def test_a_page_without_work_says_what_will_stand_there(sue):
    assert "Nothing was asked for yet" in html(sue.get("/setup/jobs/"))


def test_work_that_waits_says_so_and_asks_again_by_itself(sue, job):
    page = html(sue.get(f"/setup/jobs/{job.pk}/"))
    assert "<h1>New rules for open tickets: Standard support</h1>" in page
    assert "Waits for a worker" in page
    assert 'hx-trigger="every 2s"' in page
    assert f'<noscript><a class="link" href="/setup/jobs/{job.pk}/">' in page


def test_work_that_runs_shows_how_far_it_is(sue, job):
    Job.objects.update(state="running", done=1200, total=5000)
    page = html(sue.get(f"/setup/jobs/{job.pk}/"))
    assert 'max="100" value="24"' in page
    assert "1,200 of 5,000 tickets looked at" in page
    assert "Running 24 %" in html(sue.get("/setup/jobs/"))


def test_finished_work_shows_its_result_and_asks_no_more(sue, job, open_ticket):
    open_ticket()
    jobs.run(job.pk)
    page = html(sue.get(f"/setup/jobs/{job.pk}/"))
    assert "hx-trigger" not in page
    assert "0 due times changed. New rules hold for 0 of 1 open tickets" in page
    answer = sue.client.get(f"/setup/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert "Done" in answer.headers["HX-Trigger"]


def test_work_is_cancelled_and_taken_up_again(sue, job, cast):
    path = f"/setup/jobs/{job.pk}/"
    assert sue.send(f"{path}cancel/", page=path).status_code == 303
    job.refresh_from_db()
    assert job.state == "cancelled"
    page = html(sue.get(path))
    assert "What was done before stays done" in page
    assert sue.send(f"{path}again/", page=path).status_code == 303
    job.refresh_from_db()
    assert job.state == "waiting"


def test_failed_work_tells_its_fault(sue, job):
    Job.objects.update(state="failed", fault="KeyError: 7")
    page = html(sue.get(f"/setup/jobs/{job.pk}/"))
    assert "KeyError: 7" in page
    assert "Take it up again" in page


def test_administrators_see_all_work_supervisors_their_own(root, sue, mira, job, cast, policy):
    others = sla_actions.recompute_open(cast.root, policy=policy)
    assert html(root.get("/setup/jobs/")).count("New rules for open tickets") == 2
    assert html(sue.get("/setup/jobs/")).count("New rules for open tickets") == 1
    assert sue.get(f"/setup/jobs/{others.pk}/").status_code == 404
    assert mira.get("/setup/jobs/").status_code == 404


def test_work_of_a_kind_that_is_not_known_here_has_a_name_too(root, settings):
    settings.JOB_KINDS = {"other.thing": "tests.tickets.test_jobs.count_slice"}
    actions.ask_job("other.thing", by=None)
    assert "Other work" in html(root.get("/setup/jobs/"))


def test_the_list_asks_as_often_for_many_as_for_few(root, policy, cast, django_assert_num_queries):
    sla_actions.recompute_open(cast.sue, policy=policy)
    root.get("/setup/jobs/")
    with django_assert_num_queries(5):
        root.get("/setup/jobs/")
    for _number in range(5):
        sla_actions.recompute_open(cast.sue, policy=policy)
    with django_assert_num_queries(5):
        root.get("/setup/jobs/")
