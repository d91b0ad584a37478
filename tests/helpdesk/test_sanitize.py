"""Foreign HTML, made harmless and still readable."""

import json
import re
from html.parser import HTMLParser

import pytest
from selectolax.lexbor import LexborHTMLParser

from helpdesk import sanitize
from helpdesk.mail.html_text import to_text
from helpdesk.sanitize import for_display, sanitized
from tests.helpdesk.mail import agreement

ATTACKS = agreement.CORPORA / "attacks" / "html_sanitizer" / "cases.json"
LINES = agreement.CORPORA / "attacks" / "payload_lines" / "cases.json"
ACTIVE = {
    "script", "iframe", "object", "embed", "link", "meta", "base", "form", "svg", "math", "style", "input",
    "button", "textarea", "select", "frame", "frameset", "applet", "template", "noscript", "video", "audio",
}  # fmt: skip


def dangers(page: str) -> list[str]:
    """What of a page could act or fetch, as an HTML5 parser sees it."""
    found = []
    for node in LexborHTMLParser(page).css("*"):
        if node.tag in ACTIVE:
            found.append(node.tag)
        for name, value in node.attributes.items():
            value = value or ""
            if name.startswith("on") or name in (
                "src",
                "srcset",
                "background",
                "poster",
                "formaction",
                "action",
            ):
                found.append(f"{name}={value}")
            if name == "href" and not re.match(r"(?i)(https?|mailto|tel):", value):
                found.append(f"href={value}")
            if name == "style" and re.search(r"(?i)url|expression|javascript|position|@|\\", value):
                found.append(f"style={value}")
    return found


@pytest.mark.skipif(not ATTACKS.is_file(), reason="the attack corpora are not beside this checkout")
def test_no_attack_of_the_corpus_survives():
    cases = [*json.loads(ATTACKS.read_text()), *json.loads(LINES.read_text())]
    alive = {case["id"]: dangers(sanitized(case["payload"])) for case in cases}
    assert {name: found for name, found in alive.items() if found} == {}
    shown = {case["id"]: for_display(sanitized(case["payload"]), {}) for case in cases}
    assert {name: dangers(page) for name, page in shown.items() if dangers(page)} == {}


def test_sanitising_twice_changes_nothing():
    page = '<p style="color:red">Hi <img src="https://x.example/a.png" alt="a"><a href="https://x.example">x</a></p>'
    assert sanitized(sanitized(page).replace("data-remote", "src")) == sanitized(page)


def test_the_words_of_a_mail_stay():
    page = "<h1>Title</h1><p>One <b>two</b></p><table><tr><td>3</td></tr></table><form>four<input></form>"
    text = " ".join(to_text(sanitized(page)).split())
    assert text == "Title One two 3 four"


@pytest.mark.parametrize(
    ("declarations", "kept"),
    [
        ("color: red; position: fixed; top: 0", "color:red"),
        ("background-color: rgb(1, 2, 3)", "background-color:rgb(1, 2, 3)"),
        ("background: url(https://x.example)", ""),
        ("color: expression(alert(1))", ""),
        ("width: 100px; behavior: url(x)", "width:100px"),
        ("margin-left: -2000px; margin-top: 2px", "margin-top:2px"),
        ("color: \\72 ed", ""),
        ("font-family: 'Arial'; display: none", "font-family:'Arial'"),
    ],
)
def test_only_declarations_that_dress_words_stay(declarations, kept):
    assert sanitize.style(declarations) == kept


def test_no_image_loads_by_itself():
    page = sanitized(
        '<img src="https://x.example/a.png" srcset="https://x.example/b.png 2x"><img src="cid:one@x">'
        '<img src="https://track.example/p.gif" width="1" height="1"><img src="data:image/png;base64,AAAA">'
        '<img src="data:image/svg+xml;base64,AAAA"><table background="https://x.example/c.png"></table>'
    )
    assert dangers(page) == []
    assert 'data-remote="https://x.example/a.png"' in page
    assert 'data-cid="one@x"' in page
    assert "track.example" not in page
    assert "svg" not in page
    assert sanitize.has_remote_images(page)


def test_images_come_back_where_they_stood_after_consent():
    stored = sanitized('<img src="https://x.example/a.png"><img src="cid:one@x"><img src="cid:gone@x">')
    hidden = for_display(stored, {"one@x": "/files/7/"})
    assert re.findall(r' src="([^"]*)"', hidden) == ["/files/7/"]
    assert sanitize.remote_images(stored) == ["https://x.example/a.png"]
    got = {"https://x.example/a.png": "data:image/png;base64,AAAA"}
    shown = for_display(stored, {"one@x": "/files/7/"}, got)
    assert re.findall(r' src="([^"]*)"', shown) == ["data:image/png;base64,AAAA", "/files/7/"]


def test_stored_html_cannot_smuggle_a_source_into_the_display():
    assert "src=" not in for_display(
        '<img src="https://x.example/a.png"><img data-cid="../x" onerror=a()>', {}
    )


def test_what_nests_too_deep_for_any_reader_is_left_out_and_its_words_kept():
    page = "<div>" * 100_000 + "words"
    assert sanitized(page) == ""
    assert to_text(page) == "words"


def test_a_page_without_words_gives_none():
    assert to_text("<p></p><div> </div>") == to_text("") == ""


def test_html_becomes_lines():
    page = (
        "<p>Dear team,</p><div>first<br>second</div><ul><li>one<li>two</ul>"
        '<a href="https://x.example/a">here</a><blockquote type="cite"><p>old</p></blockquote>'
    )
    assert to_text(page).splitlines() == [
        "Dear team,", "", "first", "second", "- one", "- two", "here <https://x.example/a>", "", "> old",
    ]  # fmt: skip


def test_an_html5_reader_and_a_simple_one_agree_that_nothing_acts():
    class Simple(HTMLParser):
        tags: list[str] = []

        def handle_starttag(self, tag, attrs):
            Simple.tags.append(tag)

    Simple().feed(sanitized("<svg><p><style><!--</style><img src=x onerror=alert(1)>--></style>"))
    assert not ACTIVE & set(Simple.tags)
