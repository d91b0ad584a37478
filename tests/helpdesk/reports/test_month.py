"""A month whose every figure can be counted by hand: each opens exactly its rows, whoever asks for it."""

import csv
import html
import io
import re
from collections import Counter
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.reports.changes import SUBJECTS, change_of
from helpdesk.reports.digests import PARTS, digest
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import read
from helpdesk.reports.heat import heat_map
from helpdesk.reports.metrics import DEFINITIONS, named, promised
from helpdesk.reports.periods import weeks
from helpdesk.reports.views import tickets as list_view
from tests.helpdesk.api.conftest import Caller
from tests.helpdesk.reports.conftest import NOVEMBER, OCTOBER
from tests.helpdesk.reports.test_reports import FIGURE, count_of, page_of, text_of
from tickets.models import Organization, Tag, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db, month):
    return month.cast


def test_an_agent_sees_own_numbers_and_no_others(client, cast, month):
    client.force_login(cast.gus)
    assert client.get(reverse("reports:index")).url == reverse("reports:mine")
    page = page_of(client, "mine")
    assert "4 of 4 tickets have an answer" in text_of(page)
    assert "Rated 3" in page
    assert "Rated 2" not in page
    others = client.get(f"{reverse('reports:tickets')}?report=first-response&agent={cast.mira.pk}&{NOVEMBER}")
    assert "4 rows" in text_of(others.content.decode())
    export = client.get(f"{reverse('reports:export')}?report=feedback&agent={cast.mira.pk}&{NOVEMBER}")
    assert "Rated 2" not in b"".join(export.streaming_content).decode()


def test_ux38_who_still_waits_changes_the_number_and_the_curve(supervisor, month, story):
    before = page_of(supervisor, "first-response", NOVEMBER + "&basis=calendar")
    assert "n = 18 , of which 2 still wait , counted." in text_of(before)
    assert "Half got an answer within 1 h 30 min" in text_of(before)
    story(answered=None)
    after = page_of(supervisor, "first-response", NOVEMBER + "&basis=calendar")
    assert "n = 19 , of which 3 still wait , counted." in text_of(after)
    curves = [re.findall(r'class="curve viz-\d" d="([^"]+)"', page) for page in (before, after)]
    assert curves[0] != curves[1]


def test_by_answered_date_nobody_waits(supervisor, month):
    page = text_of(page_of(supervisor, "first-response", NOVEMBER + "&by=answered"))
    assert "n = 16 ." in page
    assert "of which" not in page


def test_ux38_few_tickets_give_counts_and_no_share(supervisor, cast, month):
    page = text_of(page_of(supervisor, "first-response", f"{NOVEMBER}&team={cast.tech.pk}"))
    assert "4 of 4 tickets have an answer. Too few for a median." in page
    assert "%" not in page.split("By team")[0].split("Share of tickets")[0]


@pytest.mark.parametrize(
    ("pages", "query"),
    [
        (("first-response", "sla", "feedback", "workload"), NOVEMBER),
        (("first-response", "feedback"), NOVEMBER + "&basis=calendar&split=agent&by=answered"),
        (("recommendation", "effort"), OCTOBER),
    ],
)
def test_ux36_every_number_opens_exactly_so_many_rows(supervisor, month, pages, query):
    counted: dict[str, int] = {}
    for name in pages:
        checked = 0
        for path, words in FIGURE.findall(page_of(supervisor, name, query)):
            number = re.match(r"(?:n = |Show all )?([\d,]+)\b", text_of(words))
            if number and not re.search(r"%| of | h$|^\d\.\d", text_of(words)):
                if path not in counted:
                    counted[path] = count_of(supervisor, path)
                assert counted[path] == int(number[1].replace(",", "")), (path, words)
                checked += 1
        assert checked >= 4


def test_the_promises_of_several_metrics_in_one_question_are_those_of_each(month):
    asked = read(dict(parse_qsl(NOVEMBER)), timezone.now())
    keys = ("first-response", "next-response", "resolution")
    together = promised(keys).relation(asked).sums(("metric", "priority"))["metric", "priority"]
    assert together == {
        (named(key), priority): counts
        for key in keys
        for (priority,), counts in DEFINITIONS[key].relation(asked).sums(("priority",))["priority",].items()
    }
    assert {metric for metric, _priority in together} == {"first_response", "resolution"}


def test_ux36_the_overview_opens_its_numbers(supervisor, cast, month):
    page = page_of(supervisor, "index", f"team={cast.billing.pk}")
    needs = re.findall(r'class="need[^"]*"><a href="([^"]+)">.*?need__count">(\d+)', page, re.DOTALL)
    assert len(needs) == 5
    for path, number in needs:
        assert count_of(supervisor, path) == int(number)
    assert [int(number) for _path, number in needs][:3] == [2, 0, 2]


def test_the_heat_map_has_every_row_at_its_hour_of_the_week_on_the_companys_clocks(supervisor, month):
    asked = read(dict(parse_qsl(NOVEMBER + "&by=answered")), timezone.now(), by=("opened", "answered"))
    kathmandu = ZoneInfo("Asia/Kathmandu")
    asked = replace(asked, zone=kathmandu, dates=replace(asked.period, zone=kathmandu))
    definition = DEFINITIONS["first-response"]
    clocks = [row.at.astimezone(asked.zone) for row in definition.relation(asked).rows("value", 99)]
    heat = heat_map(definition, definition.relation(asked), asked)
    found = {
        (day, hour): cell.count for day, line in enumerate(heat.days) for hour, cell in enumerate(line.cells)
    }
    assert Counter(found) == Counter((at.weekday(), at.hour) for at in clocks)
    assert [day.whole.count for day in heat.days] == [
        sum(at.weekday() == day for at in clocks) for day in range(7)
    ]
    assert sum(cell.count for cell in heat.hours) == heat.whole.count == len(clocks)
    page = page_of(supervisor, "first-response", NOVEMBER)
    shown = page.partition('id="hours"')[2].partition("</section>")[0]
    assert 'title="Monday, 09:00–10:00: 18 tickets, ' in shown
    [path] = {
        path for path, words in FIGURE.findall(shown) if "weekday=1&amp;hour=9" in path and words == "18"
    }
    assert "UTC, Monday, 09:00–10:00" in text_of(supervisor.get(html.unescape(path)).content.decode())
    narrowed = text_of(page_of(supervisor, "first-response", NOVEMBER + "&weekday=2"))
    assert "No tickets were opened in this period." in narrowed


@pytest.mark.tampers
def test_organisations_and_tags_stand_in_the_breakdown_each_with_its_tickets(
    supervisor, api, month, django_assert_max_num_queries
):
    tickets = list(Ticket.objects.filter(team=month.cast.billing, channel="mail").order_by("pk"))
    Ticket.objects.filter(pk__in=[one.pk for one in tickets[:5]]).update(
        organization=Organization.objects.create(name="Hooli")
    )
    refund, loud = (Tag.objects.create(name=name) for name in ("refund", "loud"))
    for ticket, tag in (*((one, refund) for one in tickets[:3]), (tickets[0], loud)):
        Ticket.tags.through.objects.create(ticket=ticket, tag=tag)
    expected = {
        "organization": [("Hooli", 5), ("None", 13)],
        "tag": [("loud", 1), ("refund", 3), ("None", 15)],
    }
    for split, lines in expected.items():
        with django_assert_max_num_queries(24):
            page = page_of(supervisor, "first-response", f"{NOVEMBER}&split={split}")
        table = page.partition('id="by"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
        rows = [
            re.search(r'"row">(.*?)</th>.*?href="(.*?)">(.*?)</a>', row) for row in table.split("<tr>")[1:]
        ]
        assert [(row[1], int(row[3])) for row in rows if row] == lines
        assert [count_of(supervisor, row[2]) for row in rows if row] == [count for _name, count in lines]
        told = api("first-response", f"{NOVEMBER}&split={split}")
        assert [(group["name"], group["counts"]["all"]) for group in told["groups"]] == lines
        assert told["groups_left_out"] == 0
    narrowed = page_of(supervisor, "first-response", f"{NOVEMBER}&split=tag&tag={refund.pk}")
    assert "Only refund." in text_of(narrowed)
    assert "n = 3 " in text_of(narrowed)
    assert ">loud<" not in narrowed


@pytest.mark.tampers
def test_a_report_is_narrowed_to_an_organisation_or_tag_by_its_name(supervisor, month):
    hooli, other = (Organization.objects.create(name=name) for name in ("Hooli", "Hooli & Sons"))
    tickets = Ticket.objects.filter(team=month.cast.billing, channel="mail").order_by("pk")
    Ticket.objects.filter(pk__in=[one.pk for one in tickets[:5]]).update(organization=hooli)
    here = f"/reports/first-response/?{NOVEMBER}"
    sent = supervisor.get(f"{here}&organization=&organization_named=hooli&tag_named=+")
    assert parse_qs(urlsplit(sent["Location"]).query)["organization"] == [str(hooli.pk)]
    page = supervisor.get(sent["Location"]).content.decode()
    assert "n = 5 " in text_of(page)
    field = re.search(r'<input[^>]*name="organization_named"[^>]*>', page)[0]
    assert 'value="Hooli"' in field
    assert '<input type="hidden" name="organization"' not in page
    none = supervisor.get(f"{here}&organization_named=No+organisation")
    assert "organization=none" in none["Location"]

    several = supervisor.get(f"{here}&organization_named=hool").content.decode()
    assert "Several organisations have “hool” in their name." in several
    assert re.findall(r"organization=(\d+)\">(Hooli[^<]*)<", several) == [
        (str(hooli.pk), "Hooli"),
        (str(other.pk), "Hooli &amp; Sons"),
    ]
    unknown = supervisor.get(f"{here}&tag_named=<b>").content.decode()
    assert "No tag has “&lt;b&gt;” in it. All are counted." in unknown
    assert 'value="&lt;b&gt;"' in unknown

    path = "/reports/choices/organization/?organization_named=o"
    offered = supervisor.get(path, headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r'value="([^"]+)"', offered)[:3] == ["No organisation", "Hooli", "Hooli &amp; Sons"]
    assert supervisor.get(path)["Location"] == "/reports/first-response/?organization_named=o"
    supervisor.force_login(month.cast.mira)
    assert "Hooli" not in supervisor.get("/reports/mine/?organization_named=hooli").content.decode()


# --- what changed ---------------------------------------------------------------------------------------


def test_a_week_is_compared_with_the_one_before_where_chance_does_not_explain_it(supervisor, month):
    page = supervisor.get("/reports/").content.decode()
    assert "Nothing changed beyond chance." in page
    before, week = weeks(timezone.now().date(), ZoneInfo("UTC"))[-3:-1]
    refund = Tag.objects.create(name="refund")
    pattern = Ticket.objects.filter(team=month.cast.tech).first()
    for span, count in ((before, 40), (week, 90)):
        copies = [copy(pattern) for _ in range(count)]
        for one in copies:
            one.pk, one.opened_at = None, span.since + timedelta(hours=30)
        Ticket.objects.bulk_create(copies)
        links = [Ticket.tags.through(ticket=one, tag=refund) for one in copies]
        Ticket.tags.through.objects.bulk_create(links)
    said = (
        supervisor.get("/reports/").content.decode().partition('id="changed"')[2].partition("</section>")[0]
    )
    lines = [text_of(line) for line in re.findall(r"<li>(.*?)</li>", said, re.DOTALL)]
    assert len(lines) == 3
    assert "Tag “refund”: more tickets came, 90 after 40. n = 90 , before 40" in lines
    assert "Tech: more tickets came, 9" in " ".join(lines)
    checked = 0
    for path, words in FIGURE.findall(said):
        number = re.search(r"came, (\d+) after", words) or re.fullmatch(r"(\d+)", words)
        assert count_of(supervisor, path) == int(number[1])
        checked += 1
    assert checked == 9


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (((20, 40), (36, 40)), "In all: first responses got better, 90% within target after 50%."),
        (((36, 40), (20, 40)), "In all: first responses got worse, 50% within target after 90%."),
        (((20, 40), (24, 40)), None),
        (((5, 29), (29, 29)), None),
        (((0, 0), (40, 40)), None),
    ],
)
def test_better_and_worse_are_said_only_beyond_chance_and_from_thirty_on(pairs, words):
    subject = next(one for one in SUBJECTS if one.report == "first-response")
    asked = read({}, timezone.now())
    spans = tuple(weeks(timezone.now().date(), asked.zone)[-3:-1])
    change = change_of(subject, "In all", asked, spans, tuple(Share(*pair) for pair in pairs))
    assert (change.sentence if change else None) == words


# --- the three kinds of ratings -------------------------------------------------------------------------


def test_satisfaction_effort_and_recommendation_are_told_apart(supervisor, month):
    effort = page_of(supervisor, "effort", OCTOBER)
    words = text_of(effort)
    assert "70% of those who answered found it easy. 100% answered." in words
    assert "5.1 mean of 1 to 7 (3.6–6.6), n = 10" in words
    assert "5–7 found it easy 7 : 70% (40–89)." in words
    assert "Too slow 2" in words
    assert "Unfriendly 1" in words
    [reason] = [path for path, said in FIGURE.findall(effort) if "reason=" in path and said == "1"]
    assert "Rated 1" in supervisor.get(html.unescape(reason)).content.decode()
    words = text_of(page_of(supervisor, "recommendation", OCTOBER))
    assert "The recommendation score is +40. 91% answered." in words
    assert "+40 interval −13 to +74, n = 10" in words
    assert "0–6 detractors 2 , 7–8 passives 2 , 9–10 promoters 6" in words
    assert "+40%" not in words
    assert "No tickets were resolved in this period." in text_of(page_of(supervisor, "feedback", OCTOBER))


def test_the_file_of_answers_names_the_reasons_that_were_chosen(supervisor, month):
    lines = supervisor.get(f"/reports/tickets.csv?report=effort&{OCTOBER}").streaming_content
    chosen = {row["rating"]: row["reasons"] for row in csv.DictReader(io.StringIO(b"".join(lines).decode()))}
    assert (chosen["1"], chosen["2"], chosen["7"]) == ("Too slow; Unfriendly", "Too slow", "")


def test_comments_are_found_by_their_words(supervisor, month):
    page = page_of(supervisor, "recommendation", OCTOBER + "&q=round+10")
    said = page.partition('id="comments"')[2]
    assert text_of(said).startswith("> Comments 4") or "Comments 4" in text_of(said)
    assert "Round 9" not in said
    [path] = [path for path, words in FIGURE.findall(said) if words == "4"]
    assert count_of(supervisor, path) == 4
    assert "No comment has these words." in page_of(supervisor, "recommendation", OCTOBER + "&q=nothing")


# --- every way to a figure gives the same ---------------------------------------------------------------


filters = st.fixed_dictionaries(
    {},
    optional={
        "team": st.integers(0, 1),
        "agent": st.integers(0, 2),
        "priority": st.integers(1, 4),
        "channel": st.sampled_from(["mail", "portal", "phone"]),
        "organization": st.sampled_from(["none", "1"]),
        "tag": st.sampled_from(["none", "1"]),
        "weekday": st.sampled_from([1, 2]),
        "hour": st.sampled_from([9, 10]),
        "basis": st.sampled_from(["working", "calendar"]),
        "by": st.sampled_from(["opened", "answered", "resolved"]),
        "split": st.sampled_from(["team", "priority", "organization", "tag"]),
    },
)


QUESTIONS = [(report, slice_) for report in DEFINITIONS for slice_ in DEFINITIONS[report].slices]


def query_of(cast, asked: dict) -> str:
    names = {"team": [cast.billing.pk, cast.tech.pk], "agent": [cast.mira.pk, cast.gus.pk, "none"]}
    pairs = [f"{key}={names[key][value] if key in names else value}" for key, value in asked.items()]
    return "&".join(["from=2026-10-01&to=2026-11-30", *pairs])


@pytest.fixture
def api(cast):
    """What a supervisor's program is told of a report."""
    caller = Caller(cast.sue)

    def _api(report: str, query: str) -> dict:
        answer = caller.get(f"reports/{report}/?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return _api


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=filters, question=st.sampled_from(QUESTIONS))
def test_ux37_list_file_and_api_agree_for_any_filters(supervisor, api, cast, month, asked, question):
    query = query_of(cast, asked)
    all_agree(supervisor, api(question[0], query), *question, query)


def test_ux37_list_file_and_api_agree_for_every_report(supervisor, api, month):
    query = "from=2026-10-01&to=2026-11-30"
    for report in DEFINITIONS:
        all_agree(supervisor, api(report, query), report, "all", query)


def all_agree(supervisor: Client, told: dict[str, Any], report: str, slice_: str, query: str) -> None:
    path = f"?report={report}&slice={slice_}&{query}"
    export = supervisor.get(reverse("reports:export") + path)
    lines = list(csv.reader(io.StringIO(b"".join(export.streaming_content).decode())))
    assert count_of(supervisor, reverse("reports:tickets") + path) == len(lines) - 1
    assert told["counts"][slice_] == len(lines) - 1
    if told["groups"] and told["split"] != "tag":
        assert sum(group["counts"][slice_] for group in told["groups"]) == len(lines) - 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=filters, report=st.sampled_from(["first-response", "feedback", "effort"]))
def test_ux37_card_table_and_api_agree_for_any_filters(supervisor, api, cast, month, asked, report):
    if report != "first-response":
        asked.pop("split", None)  # a choice of four on its page
    query = query_of(cast, asked)
    page, told = text_of(page_of(supervisor, report, query)), api(report, query)
    figures = {figure["key"]: figure for figure in told["figures"]}
    if not told["counts"]["all"]:
        assert "in this period" in page
        return
    if report == "first-response":
        assert f"n = {told['counts']['all']} " in page
        shown, column = figures["within_target"], "all"
        said = f"Within target: {round(shown['value'])}%" if shown["value"] else ""
    else:
        shown, column = figures["score"], "delivered"
        value = shown["value"]
        said = "" if value is None else f"{value:.1f} mean" if report == "effort" else f"{round(value)}% said"
        assert f"{shown['n']} answer" in page
    assert said in page
    for group in told["groups"]:
        assert f"{group['name']} {group['counts'][column]} " in page


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=filters, report=st.sampled_from(sorted(PARTS)))
def test_ux37_the_mail_of_a_report_and_the_api_agree_for_any_filters(
    supervisor, api, cast, month, asked, report
):
    on_the_first = datetime(2026, 12, 1, 8, tzinfo=UTC)
    given = dict(parse_qsl(query_of(cast, asked)))
    november = {name: value for name, value in given.items() if name not in ("from", "to")}
    mail = digest(report, november, on_the_first)
    for key, (_name, path, facts, charts) in zip(PARTS[report], mail["parts"], strict=True):
        asks = dict(parse_qsl(path.partition("?")[2]))
        assert (asks.pop("report"), asks.pop("slice")) == (key, "all")
        assert (asks["from"], asks["to"]) == ("2026-11-01", "2026-11-30")
        if report != "index":
            assert dict(parse_qsl(mail["path"].partition("?")[2])) | asks == asks
        told = api(key, urlencode(asks))
        assert facts[0][1] == str(count_of(supervisor, path))
        assert facts[0][1] == str(told["counts"]["all"])
        shown = [figure for figure in told["figures"] if told["counts"]["all"]]
        assert len(facts) == 1 + len(shown)
        for figure, (_words, value) in zip(shown, facts[1:], strict=True):
            if figure["value"] is None:
                assert value in ("–", f"{figure['hits']} of {figure['n']}")
            else:
                assert value.endswith(f", n = {figure['n']}")
                if figure["unit"] == "per cent":
                    assert value.startswith(f"{round(figure['value'])}%")
        for _title, bars in charts[1:]:
            assert len(bars) == len(told["groups"])


def test_the_api_tells_agents_of_themselves_and_refuses_what_makes_no_sense(cast, month):
    agent = Caller(cast.gus)
    told = agent.get(f"reports/first-response/?{NOVEMBER}&agent={cast.mira.pk}").json()
    assert told["counts"]["all"] == 4
    assert [group["name"] for group in told["groups"]] == ["Tech"]
    assert agent.get("reports/nothing/").status_code == 404
    for wrong in ("team=x", "from=2026-11-01", "from=2026-12-01&to=2026-11-01", "smoke=1"):
        assert agent.get(f"reports/feedback/?{wrong}").status_code == 400
    assert Caller(cast.priya).get("reports/feedback/").status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        f"report=recommendation&{OCTOBER}",  # without tickets, planned in the same moment, many rated alike
        f"report=first-response&{NOVEMBER}&basis=calendar",  # two grow older while one reads
        f"report=opened&{NOVEMBER}",
        f"report=feedback&{NOVEMBER}",
    ],
)
def test_page_by_page_a_list_shows_every_row_once_and_in_its_order(supervisor, month, monkeypatch, asked):
    def rows_of(page: str) -> list[str]:
        rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")[:-1]
        return [re.sub(r"\d+ (d|h|min)\b", "", text_of(row)) for row in rows]  # a minute may pass meanwhile

    path = f"{reverse('reports:tickets')}?{asked}"
    whole = rows_of(supervisor.get(path).content.decode())
    assert len(whole) > 9
    monkeypatch.setattr(list_view, "PAGE", 3)
    walked: list[str] = []
    while path:
        page = supervisor.get(path).content.decode()
        walked += rows_of(page)
        assert f"to {len(walked)} of {len(whole)}" in page
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = reverse("reports:tickets") + html.unescape(older[1]) if older else ""
    assert walked == whole
    for nonsense in ("50", "3~now~1~2~3~4", "3~2026-11-01T00:00:00+00:00~nan~1~2026-11-01T00:00:00+00:00~0"):
        page = supervisor.get(
            f"{reverse('reports:tickets')}?{asked}&after={quote(nonsense)}"
        ).content.decode()
        assert rows_of(page) == whole[:3]


# --- cost -----------------------------------------------------------------------------------------------


def test_the_list_costs_the_same_for_many(supervisor, month, django_assert_max_num_queries):
    path = f"{reverse('reports:tickets')}?report=first-response&{NOVEMBER}"
    supervisor.get(path)
    with django_assert_max_num_queries(11):
        supervisor.get(path)
