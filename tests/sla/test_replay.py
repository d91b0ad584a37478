"""Ticket timelines of other products, replayed through the product's own fold."""

import json
from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sla.replay import replay
from tests.sla.corpora import cases

TIMELINES = cases("sla_timeline")
# What the older Zammad says of its update target follows another rule (after every contact, from the last
# contact); first response and resolution of it must agree.
OTHER_RULE = {"update_escalation_at", "update_in_min", "update_diff_in_min", "escalation_at"}


def by(semantics):
    return [case for case in TIMELINES if case["semantics"] == semantics]


def names(case):
    """Case ids for the test report."""
    return case["id"]


@pytest.mark.parametrize("case", by("zammad-develop") + by("frappe"), ids=names)
def test_a_timeline_of_zammad_or_frappe_reads_as_its_source_says(case):
    answer = replay(case)
    assert {name: answer["result"][name] for name in case["expected"]} == case["expected"]


@pytest.mark.parametrize("case", by("zammad-2020"), ids=names)
def test_first_response_and_resolution_of_older_zammad_agree(case):
    result = replay(case)["result"]
    wanted = {name: value for name, value in case["expected"].items() if name not in OTHER_RULE}
    assert {name: result[name] for name in wanted} == wanted


@pytest.mark.parametrize("case", by("chatwoot"), ids=names)
def test_chatwoot_met_or_missed_agrees(case):
    result, expected = replay(case)["result"], case["expected"]
    assert result["status"] == expected["status"]
    assert result["missed"] == expected.get("missed", result["missed"])
    assert set(expected.get("missed_includes", [])) <= set(result["missed"])


@pytest.mark.skipif(not TIMELINES, reason="../shared/corpora/sla_timeline is absent")
def test_every_case_is_answered_and_none_raises():
    answers = [replay(case) for case in TIMELINES + cases("sla_calendar")]
    assert [answer["id"] for answer in answers] == [case["id"] for case in TIMELINES + cases("sla_calendar")]
    failed = Counter(answer["error"].split(":")[0] for answer in answers if "error" in answer)
    assert failed == {"CalendarError": 2}


def test_the_command_answers_a_line_for_each_case_in_order(tmp_path):
    office = {"timezone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}
    given = [
        {
            "id": "due",
            "calendar": office,
            "op": "add_business_minutes",
            "args": {"start": "2026-11-23T16:30:00Z", "minutes": 60.5},
        },
        {"id": "broken", "calendar": {"timezone": "UTC", "hours": {}}, "op": "is_open_at", "args": {}},
        {
            "id": "life",
            "semantics": "frappe",
            "calendar": office,
            "policies": [{"first_response_min": 60, "update_min": None, "resolution_min": 120}],
            "timeline": [
                {"at": "2026-11-23T09:00:00Z", "what": "ticket_created", "state": "open"},
                {"at": "2026-11-23T11:00:00Z", "what": "agent_message"},
            ],
            "expected": {},
        },
        "no case at all",
    ]
    path, out = tmp_path / "cases.json", StringIO()
    path.write_text(json.dumps(given))
    call_command("replay_sla", str(path), stdout=out)
    due, broken, life, nonsense = (json.loads(line) for line in out.getvalue().splitlines())
    assert due == {"id": "due", "result": "2026-11-30T09:30:30Z"}
    assert "never open" in broken["error"]
    assert life["result"]["status"] == "failed"
    first = life["ours"]["first_response"]
    assert (first["state"], first["breached_at"]) == ("fulfilled", "2026-11-23T10:00:00Z")
    assert (first["elapsed_working_min"], life["ours"]["next_response"]["state"]) == (120, "inactive")
    assert nonsense["error"]


def test_the_command_says_when_its_file_is_no_list(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text("{}")
    with pytest.raises(CommandError, match="no list of cases"):
        call_command("replay_sla", str(path))
