"""The screens of recovery cases: from a low score to a recovered customer, and figures that agree."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback import actions as feedback
from feedback.models import Recovery, Survey
from helpdesk.models import Notification
from helpdesk.reports.filters import read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.needs import needs_now
from sla.actions import install_defaults
from sla.tasks import sweep
from tests.cast import PersonFactory
from tests.helpdesk.api.conftest import Caller
from tests.helpdesk.reports.conftest import measure_all
from tickets import actions


@pytest.fixture
def scored(cast, open_ticket):
    """Somebody rates what Mira did for them; the case, if there is one."""
    install_defaults(at=timezone.now() - timedelta(days=30))
    feedback.install_standard_survey()

    def _scored(score: int, comment: str = "", *, ago: timedelta = timedelta(hours=1)) -> Survey:
        at = timezone.now() - ago
        ticket = open_ticket(requester=PersonFactory(proven_at=at), at=at - timedelta(days=4))
        actions.assign(ticket, cast.mira, by=cast.mira, at=at - timedelta(days=4))
        actions.resolve(ticket, by=cast.mira, at=at - timedelta(days=3))
        survey = ticket.surveys.get()
        survey.send_at = at
        survey.save(update_fields=["send_at"])
        survey = feedback.invite(survey, at=at)
        return feedback.answer(survey, score=score, comment=comment, at=at)

    return _scored


def cases_on(page) -> set[str]:
    return set(re.findall(r"/reports/cases/(\d+)/", page.content.decode()))


def rows_of(client, report: str, slice_: str = "all") -> int:
    page = client.get(f"/reports/tickets/?report={report}&slice={slice_}").content.decode()
    return int(re.search(r"<strong>(\d+) rows?</strong>", page)[1])


def test_from_a_low_score_to_a_recovered_customer(supervisor, cast, scored):
    survey = scored(1, "It took two weeks.")
    case = survey.recovery
    assert Notification.objects.filter(person=cast.sue, kind="case.assigned", ticket=case.ticket).exists()
    alerts = supervisor.get("/desk/notifications/").content.decode()
    assert f'<a href="/reports/cases/{case.pk}/">A recovery case is yours</a>' in alerts
    page = supervisor.get("/reports/cases/").content.decode()
    assert "It took two weeks." in page
    assert f"/reports/cases/{case.pk}/" in page
    here = f"/reports/cases/{case.pk}/"
    for owner in (None, cast.sue):
        feedback.assign_case(case, owner, by=cast.sue)
    assert "Record outcome" in supervisor.get(here).content.decode()

    empty = supervisor.post(f"{here}answer/", {"once": "a" * 24, "text": " "})
    assert (empty.status_code, "Write something first." in empty.content.decode()) == (422, True)
    noted = {"once": "n" * 24, "text": "Call them first.", "as": "note"}
    supervisor.post(f"{here}answer/", noted)
    case.refresh_from_db()
    assert case.contacted_at is None
    said = {"once": "b" * 24, "text": "We are sorry. It is with you tomorrow."}
    for _twice in range(2):
        assert supervisor.post(f"{here}answer/", said).status_code == 302
    assert case.ticket.messages.filter(public=True, author=cast.sue).count() == 1
    case.refresh_from_db()
    assert (case.how, case.contacted_by) == ("reply", cast.sue)

    missing = supervisor.post(f"{here}outcome/", {"outcome-outcome": "recovered"})
    assert (missing.status_code, "Choose what went wrong." in missing.content.decode()) == (422, True)
    given = {
        "outcome-outcome": "recovered",
        "outcome-root_cause": "wait",
        "outcome-action_taken": "Sent anew",
    }
    assert supervisor.post(f"{here}outcome/", given).status_code == 302
    assert supervisor.post(f"{here}ask-again/").status_code == 302
    again = Survey.objects.get(after_case=case)
    feedback.answer(feedback.invite(again, at=again.send_at), score=5, at=again.send_at)
    measure_all()
    closed = supervisor.get("/reports/cases/?show=closed").content.decode()
    assert "Recovered" in closed
    assert "5 of 5" in supervisor.get(here).content.decode()
    assert "Sent anew" in supervisor.get(here).content.decode()
    history = supervisor.get(f"/desk/tickets/{case.ticket_id}/").content.decode()
    for words in (
        "Sue left the recovery case without an owner",
        f"Sue gave the recovery case to {cast.sue}",
        "Sue had the customer asked once more",
    ):
        assert words in history


def test_the_rated_agent_and_other_agents_find_no_case(client, cast, scored):
    here = f"/reports/cases/{scored(2, 'Too rude').recovery.pk}/"
    for person in (cast.mira, cast.gus):
        client.force_login(person)
        assert client.get(here).status_code == 404
        assert client.post(f"{here}contact/", {"how": "phone"}).status_code == 404
        assert "Too rude" not in client.get("/reports/cases/").content.decode()


def test_list_needs_figures_and_click_through_agree(supervisor, cast, scored, django_assert_max_num_queries):
    late = [scored(1, ago=timedelta(days=9 + n)).recovery for n in range(2)]
    scored(2)
    met = scored(1, ago=timedelta(days=8)).recovery
    feedback.close_case(
        met, "recovered", by=cast.sue, root_cause="wait", how="phone", at=met.opened_at + timedelta(minutes=1)
    )
    scored(1, ago=timedelta(days=2))
    Recovery.objects.filter(pk__in=[late[0].pk]).update(owner=None)
    fell_away = scored(2)
    feedback.answer(fell_away, score=5)
    sweep()
    filters = read({}, timezone.now())
    need = next(one for one in needs_now(cast.sue, filters) if one.key == "overdue-cases")
    assert need.count == len(cases_on(supervisor.get(need.opens))) >= 2
    opened = DEFINITIONS["cases"].relation(filters).rows("ticket", 9)
    assert len(opened) == 5
    with django_assert_max_num_queries(20):
        page = supervisor.get("/reports/cases/")
    assert len(cases_on(page)) == 4
    assert rows_of(supervisor, "cases") == 5
    assert rows_of(supervisor, "cases", "loop-closed") == 1
    export = supervisor.get(f"{reverse('reports:export')}?report=cases&slice=loop-closed")
    [line] = csv.DictReader(io.StringIO(b"".join(export.streaming_content).decode()))
    columns = ("ticket", "contacted", "verdict", "closed", "recovered", "outcome", "cause")
    told = [line[column] for column in columns]
    assert told == [met.ticket.reference, "1", "met", "1", "", "recovered", "Took too long"]
    told = Caller(cast.sue).get("reports/cases/?split=cause").json()
    assert [(group["value"], group["counts"]["all"]) for group in told["groups"]] == [("wait", 1), (None, 4)]
    causes = page.content.decode().partition('id="causes"')[2].partition("</section>")[0]
    lines = re.findall(r'"row">([^<]+)</th>.*?href="([^"]+)">(\d+)</a>', causes)
    assert [(name, int(count)) for name, _path, count in lines] == [("Took too long", 1), ("None", 4)]
    for name, path, count in lines:
        behind = supervisor.get(html.unescape(path)).content.decode()
        assert f"<strong>{count} row" in behind
        assert f", {name}" in behind
    assert '<strong class="nowrap">1 of 5</strong>' in page.content.decode()
    assert f">Overdue {need.count}</a>" in page.content.decode()
    narrowed = read({"agent": "none"}, timezone.now())
    need = next(one for one in needs_now(cast.sue, narrowed) if one.key == "overdue-cases")
    assert need.count == 1
    assert "<strong>1 row</strong>" in supervisor.get(need.opens).content.decode()


def test_a_supervisor_flags_a_comment(supervisor, cast, scored):
    survey = scored(4, "But your form is awful.")
    feedback_page = supervisor.get("/reports/feedback/?by=answered").content.decode()
    assert f'action="/reports/cases/open/{survey.pk}/"' in feedback_page
    answer = supervisor.post(f"/reports/cases/open/{survey.pk}/")
    assert answer.url == f"/reports/cases/{survey.recovery.pk}/"
    assert "But your form is awful." in supervisor.get(answer.url).content.decode()
    feedback_page = supervisor.get("/reports/feedback/?by=answered").content.decode()
    assert f'href="/reports/cases/{survey.recovery.pk}/"' in feedback_page
    assert "/reports/cases/open/" not in feedback_page
