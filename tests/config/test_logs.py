"""Lines of the log tell no secrets and cannot be forged."""

import logging

import pytest

from config.logs import UtcFormatter


def line(message: str, *args: object) -> str:
    return UtcFormatter("%(message)s").format(logging.makeLogRecord({"msg": message, "args": args}))


@pytest.mark.parametrize(
    "path",
    [
        "/g/SECRET/",
        "/confirm/SECRET/",
        "/survey/SECRET/",
        "/accounts/first/SECRET/",
        "/accounts/join/7/SECRET/",
        "/accounts/password/reset/key/SECRET/",
        "/accounts/login/code/confirm/?code=SECRET",
        "/x/?a=b&code=SECRET",
    ],
)
def test_a_link_that_is_a_key_is_masked(path):
    said = line("Not Found: %s", path)
    assert "SECRET" not in said
    assert "…" in said


@pytest.mark.parametrize("path", ["/tickets/42/", "/confirm/", "/accounts/join/", "/desk/?q=decode"])
def test_other_paths_stay_readable(path):
    assert line("Not Found: %s", path) == f"Not Found: {path}"


def test_a_line_break_in_what_people_send_starts_no_line():
    assert "\n" not in line("Not Found: %s", "/x\n2026-01-01 INFO forged")
