"""A reader's choice of theme, row height and keys is kept in the browser and stands on <html>."""

import pytest

from helpdesk.context import Look


def test_a_choice_is_kept_and_stands_on_the_page(client, db):
    answer = client.post("/look/", {"theme": "dark", "next": "/new/"})
    assert answer["Location"] == "/new/"
    cookie = answer.cookies["look"]
    assert cookie.value == "dark.comfortable"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    client.post("/look/", {"density": "compact"})
    client.post("/look/", {"keys": "off"})
    page = client.get("/accounts/login/").content.decode()
    assert 'data-theme="dark" data-density="compact"' in page
    assert 'data-keys="off"' in page


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_sent_elsewhere(client, db, target):
    assert client.post("/look/", {"theme": "light", "next": target})["Location"] == "/"


def test_unknown_words_change_nothing(client, db):
    answer = client.post("/look/", {"theme": "<script>", "density": "huge", "keys": "maybe"})
    assert answer.cookies["look"].value == "system.comfortable"


def test_a_garbled_cookie_is_the_default(client, db):
    client.cookies["look"] = "x" * 500 + ".exact"
    assert client.get("/accounts/login/").status_code == 200
    assert Look().words() == "system.comfortable"


def test_a_choice_is_made_by_posting_only(client, db):
    assert client.get("/look/?theme=dark").status_code == 405
